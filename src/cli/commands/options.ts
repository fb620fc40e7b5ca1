import type { Command } from "commander";
import { parseFilter } from "../../contract/filter-text.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { invalid } from "../../core/errors/errors.ts";
import type { FilterOp } from "../../core/query/query.ts";
import { checkDate } from "../../core/time/dates.ts";
import { parsePreset, type RangeRequest } from "../../core/time/ranges.ts";

export interface CommonOptions {
  data?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Options that every command on the store has. */
export function common(command: Command): Command {
  return command
    .option(
      "--data <dir>",
      "data folder, or aws:ENV for a deployed environment (default .securebase, or SECUREBASE_DATA)",
    )
    .option("--json", "machine-readable output on stdout")
    .option("--quiet", "no progress on stderr");
}

/** Commander's collector of repeatable options. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export interface RangeOptions {
  range?: string;
  from?: string;
  to?: string;
}

export function rangeOptions(command: Command): Command {
  return command
    .option("--range <preset>", "7d, 30d, 90d, 12m, mtd or last-month")
    .option("--from <date>", "first day, YYYY-MM-DD, in the tenant's time zone")
    .option("--to <date>", "end date, not included, YYYY-MM-DD");
}

/**
 * The range a user gave; undefined when none.
 * @throws DomainError `range.ambiguous`, `range.incomplete`, `range.unknown-preset`, `date.invalid`
 */
export function rangeOf(options: RangeOptions): RangeRequest | undefined {
  const { range, from, to } = options;
  if (range !== undefined) {
    if (from === undefined && to === undefined) return { preset: parsePreset(range) };
    throw invalid("range.ambiguous", "Both --range and --from/--to are given", {
      field: "range",
      fix: "Give either --range 30d or --from … --to ….",
    });
  }
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) {
    throw invalid(
      "range.incomplete",
      `--${from === undefined ? "to" : "from"} is given without ${from === undefined ? "--from" : "--to"}`,
      {
        field: from === undefined ? "from" : "to",
        fix: "Give both --from and --to; --to is the day after the last one.",
      },
    );
  }
  checkDate(from, "--from");
  checkDate(to, "--to");
  return { from, to };
}

/** Splits `a,b` and repeated options into one list. */
export function listOf(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",").map((part) => part.trim())).filter((part) => part !== "");
}

/** Filters as the API takes them. @throws DomainError `query.invalid-filter` that explains the notation */
export function filtersOf(texts: readonly string[]): {
  field: string;
  op: FilterOp;
  value: string | null | (string | null)[];
}[] {
  return texts.map((text) => {
    const { field, op, value } = parseFilter(text, "--where");
    return { field, op, value: typeof value === "string" || value === null ? value : [...value] };
  });
}

/** @throws DomainError `cli.not-a-number` */
export function wholeNumber(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid("cli.not-a-number", `--${option} "${shorten(text)}" is not a whole number`, {
    field: option,
    fix: "Give a whole number, for example 10.",
  });
}
