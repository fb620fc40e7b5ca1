import type { CalendarDate } from "../time/dates.ts";

/** A text column, each distinct value once: row r holds `values[codes[r]]`. */
export interface TextColumn {
  values: readonly (string | null)[];
  codes: ArrayLike<number>;
}

/**
 * A decimal column. `numbers` are whole and count units of 10^-scale, NaN where there is no value; each is within
 * ±2^53, so that it is exact. A column that does not fit holds bigints scaled by 10^18 instead.
 */
export type DecimalColumn =
  | { kind: "numbers"; scale: number; numbers: Float64Array }
  | { kind: "wide"; values: readonly (bigint | null)[] };

/** Facts of one day, column by column. Columns are decoded when they are asked for. */
export interface FactBlock {
  day: CalendarDate;
  /** The source of the partition the facts belong to. */
  source: string;
  /** The period of that partition: a bill's month, or a snapshot's day. */
  period: string;
  rows: number;
  text(column: string): TextColumn;
  decimals(column: string): DecimalColumn;
}

/** That a source was loaded for a day, with facts or (an emptied snapshot) without. */
export interface LoadedDay {
  source: string;
  day: CalendarDate;
  /** The period it was loaded in; not given where only the day matters. */
  period?: string;
}
