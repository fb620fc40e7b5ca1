import type { DatasetId } from "../metrics/datasets.ts";
import type { Comparison, DayRange, RangeRequest } from "../time/ranges.ts";

/**
 * What a filter does. Dimensions take all but `greater`, `less` and `between`, which days and measures take.
 * `equals`, `not` and `in` compare exactly; `contains`, `starts` and `ends` ignore case. A null value asks for facts
 * that have none. `not` also takes a list (none of these). `between` includes both ends.
 */
export const FILTER_OPS = [
  "equals",
  "not",
  "in",
  "contains",
  "starts",
  "ends",
  "greater",
  "less",
  "between",
] as const;
export type FilterOp = (typeof FILTER_OPS)[number];

export interface QueryFilter {
  /**
   * A dimension (facts are filtered) or a measure (groups are filtered, after adding up). A measure with `equals` or
   * `not` and null filters facts too: those without the measure, or with it.
   */
  field: string;
  op: FilterOp;
  value: string | null | readonly (string | null)[];
}

export interface QuerySort {
  /** A column of the result: a grouped dimension, a measure, or with `compare` also `MEASURE.change`. */
  by: string;
  order: "asc" | "desc";
}

/** A question to one tenant's facts, as a user writes it; `planQuery` checks it. */
export interface AnalyticsQuery {
  dataset: DatasetId;
  range: RangeRequest;
  groupBy?: readonly string[];
  measures?: readonly string[];
  filters?: readonly QueryFilter[];
  /** Default: time ascending where grouped by time, else the first measure descending. */
  sort?: readonly QuerySort[];
  /** Rows to show; the rest is added up into one "others" row. */
  limit?: number | undefined;
  compare?: Comparison | undefined;
}

/** A value of a result: canonical decimal strings for numbers, `YYYY-MM-DD` for dates, null where nothing is known. */
export type Cell = string | null;
export type Row = readonly Cell[];

export type ColumnType = "string" | "date" | "instant" | "money" | "quantity" | "integer" | "percent";

export interface Column {
  /** `service`, `tag:env`, `billed_cost`, `billed_cost.previous`, `billed_cost.change`, `billed_cost.change_percent` */
  id: string;
  label: string;
  role: "dimension" | "measure";
  type: ColumnType;
  /** ISO 4217 code or unit, when all rows share it. */
  unit?: string;
  /** For time dimensions, the bucket whose first day the cell is. */
  grain?: "day" | "week" | "month";
  /** Whether a total of the column's rows means anything. */
  additive: boolean;
  /** The cells are long ids that repeat; on paper their beginning is enough to distinguish them. */
  repeatedIds?: true;
}

/** The others row: what `limit` left out, added up. */
export interface OthersRow {
  groups: number;
  cells: Row;
}

/** One total row; several when the result is grouped by currency or unit, since those are never added. */
export interface TotalRow {
  /** The currency or unit this total is in; null when the columns carry no unit. */
  unit: string | null;
  /** One cell a column; null in dimensions, and in measures that have no total in this unit. */
  cells: Row;
}

export interface Completeness {
  /** Rows in this answer, the others row not counted. */
  rows: number;
  /** Rows there are in all. */
  rowsTotal: number;
  /** True when every row is here. */
  complete: boolean;
  /** What a reader must know: rows folded into others, facts without a value. */
  notes: readonly string[];
}

export interface ResultRange extends DayRange {
  zone: string;
}

/** All of a result but its rows, known before the first row is read. */
export interface ResultHead {
  dataset: DatasetId;
  range: ResultRange;
  /** `covered`: how many of its days lie between the first and last with data, where that is not all and matters. */
  compare?: DayRange & { kind: Comparison; covered?: number };
  columns: readonly Column[];
  totals: readonly TotalRow[];
  others: OthersRow | null;
  completeness: Completeness;
  /** When the newest load behind the answer was made (RFC 3339, UTC); null when there is none. */
  dataAsOf: string | null;
}

export interface QueryResult extends ResultHead {
  rows: readonly Row[];
}
