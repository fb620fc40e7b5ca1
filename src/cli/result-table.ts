import { changeLabel } from "../core/charts/abbreviate.ts";
import { formatPercent, formatQuantity } from "../core/money/format.ts";
import type { Cell, Column, QueryResult, Row } from "../core/query/query.ts";
import { describeRange } from "../core/time/ranges.ts";
import type { Effects } from "./effects.ts";
import { textTable } from "./output.ts";

export interface ResultTableOptions {
  /** Written where a measure is not known; a dot when not given. */
  unknown?: string;
  /** Decimals of quantities; all there are when not given. */
  places?: number;
  /** Columns left out, by id. */
  without?: readonly string[];
}

/** An answer as a table for a terminal: its rows, what was folded into others, and its totals. */
export function resultTable(result: QueryResult, options: ResultTableOptions = {}): string {
  const { rows, others, totals } = result;
  const left = options.without ?? [];
  const kept = result.columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => !left.includes(column.id));
  const shown = (row: Row): (string | null)[] =>
    kept.map(({ column, i }) => formatCell(column, row[i] ?? null, options));
  const first = kept[0]?.column;
  const labelled = (label: string, row: Row): (string | null)[] =>
    kept.map(({ column, i }, at) => {
      if (at === 0 && column.role === "dimension") return label;
      return column.role === "dimension"
        ? ""
        : formatCell(column, row[i] ?? null, { ...options, unknown: "" });
    });
  // Without a measure in sight a total has nothing to say.
  const measured = kept.some(({ column }) => column.role === "measure");
  const table = [
    ...rows.map(shown),
    ...(others === null ? [] : [labelled(`Others (${others.groups})`, others.cells)]),
    ...(first?.role === "dimension" && measured
      ? totals.map((total) =>
          labelled(`Total${totals.length > 1 ? ` ${total.unit ?? ""}` : ""}`, total.cells),
        )
      : []),
  ];
  const heads = kept.map(({ column }) => ({
    label: column.unit === undefined ? column.label : `${column.label} (${column.unit})`,
    align: column.role === "measure" ? ("right" as const) : ("left" as const),
  }));
  return textTable(heads, table);
}

/** Amounts keep all their digits: whoever asks on a terminal may be reconciling. The heading names the unit. */
function formatCell(column: Column, cell: Cell, options: ResultTableOptions): string | null {
  const isChange = /(?:^|\.)(?:change|change_percent)$/.test(column.id);
  if (cell === null) return column.role === "measure" && !isChange ? (options.unknown ?? null) : null;
  if (column.type === "percent")
    return column.id.endsWith(".change")
      ? changeLabel({ absolute: cell }, { type: "percent", unit: null })
      : formatPercent(cell, isChange);
  if (column.type === "money") return atLeastCents(formatQuantity(cell, options.places ?? 18));
  if (column.type === "date" && column.grain === "month") return cell.slice(0, 7);
  if (column.type === "integer") return formatQuantity(cell, 18);
  if (column.type === "quantity") return formatQuantity(cell, options.places ?? 18);
  return cell;
}

function atLeastCents(amount: string): string {
  const decimals = amount.split(".")[1]?.length ?? 0;
  return decimals >= 2 ? amount : `${amount}${decimals === 0 ? "." : ""}${"0".repeat(2 - decimals)}`;
}

/** An answer as a table on stdout, with what a reader must know on stderr. */
export async function printResult(effects: Effects, result: QueryResult): Promise<void> {
  const { completeness, range } = result;
  await effects.out(resultTable(result));
  effects.err(
    `${describeRange(range)}, ${range.zone}; ${completeness.rows} of ${completeness.rowsTotal} rows\n`,
  );
  for (const note of completeness.notes) effects.err(`note: ${note}\n`);
}
