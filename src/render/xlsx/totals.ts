import { DATASETS } from "../../core/metrics/datasets.ts";
import type { Column, ResultHead, TotalRow } from "../../core/query/query.ts";
import { unitColumn } from "../shared/columns.ts";
import { columnName, quotedSheet } from "./xml.ts";

/** Rows of a table on one sheet: `first` to `last`, 1-based, the others row among them. */
export interface Span {
  sheet: string;
  first: number;
  last: number;
}

/**
 * The formula that adds a column up to its total, over all sheets of the table. SUBTOTAL 109 counts what a filter
 * leaves visible. Where the total is no sum of the rows (a gauge over time, a share, rows folded away without a value)
 * there is none, and the total stands as a value.
 */
export function totalFormula(
  head: ResultHead,
  index: number,
  total: TotalRow,
  spans: readonly Span[],
): string | undefined {
  const column = head.columns[index];
  if (column === undefined || !isSum(head, column) || spans.length === 0) return undefined;
  if (head.others !== null && (head.others.cells[index] ?? null) === null) return undefined;
  const letters = columnName(index);
  const own = spans.at(-1)?.sheet;
  const range = ({ sheet, first, last }: Span, of: string): string =>
    `${sheet === own ? "" : `${quotedSheet(sheet)}!`}${of}${first}:${of}${last}`;
  const unitAt = head.totals.length > 1 ? unitColumn(head, column) : undefined;
  if (unitAt === undefined) return `SUBTOTAL(109,${spans.map((span) => range(span, letters)).join(",")})`;
  const { unit } = total;
  if (unit === null || head.others !== null || !/^[\w ./-]+$/.test(unit)) return undefined;
  const unitLetters = columnName(unitAt);
  return spans
    .map((span) => `SUMIFS(${range(span, letters)},${range(span, unitLetters)},"${unit}")`)
    .join("+");
}

function isSum(head: ResultHead, column: Column): boolean {
  if (!column.additive || column.role !== "measure") return false;
  const measure = DATASETS[head.dataset].measures.find(
    (m) => m.id === column.id || column.id.startsWith(`${m.id}.`),
  );
  const byTime = head.columns.some((candidate) => candidate.grain !== undefined);
  return !(measure?.kind === "gauge" && byTime);
}
