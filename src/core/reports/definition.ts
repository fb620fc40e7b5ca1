import type { ChartSpec } from "../charts/spec.ts";
import type { AnalyticsQuery } from "../query/query.ts";
import type { RangeRequest } from "../time/ranges.ts";
import type { ComputeSpec } from "./computations/computation.ts";

/** A query without its range, which the report gives to all its sections. */
export type SectionQuery = Omit<AnalyticsQuery, "range">;

/**
 * Where a part of a report gets its data: a query, or a computation that is more than a query. Exactly one is given,
 * which `checkDefinition` sees to.
 */
export interface SectionSource {
  query?: SectionQuery;
  compute?: ComputeSpec;
}

/** One number on a card: the total of a measure, with its change when the answer compares. */
export interface KpiSpec extends SectionSource {
  id: string;
  label: string;
  /** The measure whose total is shown; a query groups by nothing, or (`top`) by one dimension. */
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
  | ({ kind: "chart"; id: string; title: string; chart: ChartSpec; width?: ChartWidth } & SectionSource)
  | ({
      kind: "table";
      id: string;
      title: string;
      /**
       * The report's dataset: the table that every format carries in full and the dataset hash is made of. A report
       * has exactly one; CSV consists of it.
       */
      detail?: boolean;
    } & SectionSource);

/**
 * Whether a chart has the page's width or may share it with the next. When not given, gauges, doughnuts and ranked bars
 * share it, time series do not.
 */
export type ChartWidth = "full" | "half";

/** A report as it is saved: sections with their questions, no data. */
export interface ReportDefinition {
  title: string;
  description: string;
  /** The range asked for when a run names none. */
  range: RangeRequest;
  sections: readonly Section[];
  /** `full` when not given. */
  layout?: ReportLayout;
}

/**
 * How a report is laid out on paper. `compact` is for one that is to be a single page: its charts share the room that
 * its cards and tables leave, and what it says about itself takes a few lines instead of a page.
 */
export type ReportLayout = "full" | "compact";
