import type { ChartSpec } from "../charts/spec.ts";
import type { AnalyticsQuery } from "../query/query.ts";
import type { RangeRequest } from "../time/ranges.ts";

/** A query without its range, which the report gives to all its sections. */
export type SectionQuery = Omit<AnalyticsQuery, "range">;

/** One number on a card: the total of a measure, with its change when the query compares. */
export interface KpiSpec {
  id: string;
  label: string;
  query: SectionQuery;
  /** The measure whose total is shown; the query groups by nothing, or (`top`) by one dimension. */
  measure: string;
  /** Shows the name and value of the first row instead of the total, e.g. the costliest service. */
  top?: boolean;
  /** Whether an increase is good news, bad news or neither; colours the arrow. */
  upIs: "good" | "bad" | "neutral";
}

export type Section =
  | { kind: "heading"; text: string }
  | { kind: "text"; text: string }
  | { kind: "kpis"; items: readonly KpiSpec[] }
  | { kind: "chart"; id: string; title: string; chart: ChartSpec; query: SectionQuery }
  | {
      kind: "table";
      id: string;
      title: string;
      query: SectionQuery;
      /**
       * The report's dataset: the table that every format carries in full and the dataset hash is made of. A report
       * has exactly one; CSV consists of it.
       */
      detail?: boolean;
    };

/** A report as it is saved: sections with their questions, no data. */
export interface ReportDefinition {
  title: string;
  description: string;
  /** The range asked for when a run names none. */
  range: RangeRequest;
  sections: readonly Section[];
}
