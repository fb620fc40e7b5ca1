import { shorten } from "../../../core/errors/bounded.ts";
import { DomainError } from "../../../core/errors/errors.ts";
import type { FactColumn, FactType } from "../../../core/metrics/datasets.ts";
import { tryParseDecimal } from "../../../core/money/decimal.ts";
import { tryParseDate } from "../../../core/time/dates.ts";
import type { LoadedFact } from "../../../ports/load.ts";

/**
 * A fact that is no fact would make later questions fail, so it ends the load.
 * @throws DomainError `import.invalid-fact`
 */
export function checkFact(
  fact: { day: string | null; values: LoadedFact["values"] },
  columns: readonly FactColumn[],
): void {
  if (fact.day !== null && tryParseDate(fact.day) === undefined)
    throw invalidFact("day", fact.day, "a calendar date");
  for (const { name, type } of columns) {
    const value = fact.values[name] ?? null;
    if (value === null || type === "string") continue;
    const wanted = WANTED[type];
    if (!wanted.test(value)) throw invalidFact(name, value, wanted.what);
  }
}

const WANTED: Readonly<
  Record<Exclude<FactType, "string">, { what: string; test: (text: string) => boolean }>
> = {
  decimal: {
    what: "an exact decimal of at most 38 digits",
    test: (text) => tryParseDecimal(text) !== undefined,
  },
  instant: { what: "an RFC 3339 instant", test: (text) => !Number.isNaN(Date.parse(text)) },
  tags: { what: "a JSON object", test: isJsonObject },
};

function isJsonObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

function invalidFact(field: string, text: string, wanted: string): DomainError {
  return new DomainError(
    "import.invalid-fact",
    "unprocessable",
    `${field} "${shorten(text)}" is not ${wanted}`,
    { field, fix: "Correct the value at its source." },
  );
}
