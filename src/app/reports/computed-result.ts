import type { ComputationSpec } from "../../core/reports/computations/computation.ts";
import type { Column, QueryResult, ResultRange, Row, TotalRow } from "../../core/query/query.ts";

export interface ComputedRows {
  range: ResultRange;
  /** The currency or unit of the columns with an amount; null when there is none, or rows have several. */
  unit: string | null;
  rows: readonly Row[];
  /** Cells of the total row, one a column; none when the rows have no meaningful total. */
  total?: Row | undefined;
  notes: readonly string[];
  dataAsOf: string | null;
  /** Better labels than the spec has, by column id. */
  labels?: Readonly<Record<string, string>>;
  /** Rows there are, when these are not all. */
  rowsTotal?: number;
  /** Whether a part could not be computed; a note then says why. */
  failed?: boolean;
}

/** An answer in the shape of a query's from computed rows, with the columns of a computation's spec. */
export function computedResult(spec: ComputationSpec, computed: ComputedRows): QueryResult {
  const { range, unit, rows, total, notes, dataAsOf, labels = {}, rowsTotal = rows.length } = computed;
  const complete = rows.length === rowsTotal && computed.failed !== true;
  const columns = spec.columns.map((column): Column => {
    const label = labels[column.id] ?? column.label;
    const measured = column.type === "money" || column.type === "quantity";
    return { ...column, label, ...(measured && unit !== null && { unit }) };
  });
  const totals: TotalRow[] = total === undefined ? [] : [{ unit, cells: total }];
  return {
    dataset: spec.dataset,
    range,
    columns,
    totals,
    others: null,
    completeness: { rows: rows.length, rowsTotal, complete, notes },
    dataAsOf,
    rows,
  };
}
