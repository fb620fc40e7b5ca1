import type { ChartSpec } from "../charts/spec.ts";
import { type Problem, problemText } from "../errors/errors.ts";
import type { QueryResult, ResultHead, ResultRange, Row } from "../query/query.ts";
import type { Branding } from "../tenants/tenant.ts";
import type { ChartWidth, ReportLayout } from "./definition.ts";
import type { Manifest, SectionFailure } from "./manifest.ts";

/** A computed number on a card. Amounts are canonical decimals; renderers format them with `type` and `unit`. */
export interface Kpi {
  id: string;
  label: string;
  /** Null when nothing is known, which is shown as such and never as 0. */
  value: string | null;
  type: "money" | "quantity" | "integer" | "percent";
  unit: string | null;
  /** For a `top` card, the name the value belongs to. */
  name?: string | null;
  change?: {
    absolute: string;
    /** Undefined when there was nothing before. */ percent?: string;
    against: string;
  };
  upIs: "good" | "bad" | "neutral";
  /** Why the number could not be computed; the value is null then. */
  problem?: Problem;
}

/** Rows that are read once, in batches; its head is known at once. */
export interface TableStream {
  head: ResultHead;
  /**
   * The rows, pulled. May be called once.
   * @throws DomainError when the store fails midway: a renderer lets it through, so that no half file looks whole
   */
  batches(): AsyncIterable<readonly Row[]>;
  /** Releases what the rows are read from, even when they were never read. Absent where there is nothing to release. */
  readonly close?: (() => Promise<void>) | undefined;
}

export type DocumentSection =
  | { kind: "heading"; text: string }
  | { kind: "text"; text: string }
  | { kind: "kpis"; items: readonly Kpi[] }
  | {
      kind: "chart";
      id: string;
      title: string;
      chart: ChartSpec;
      width?: ChartWidth | undefined;
      data: QueryResult;
    }
  | { kind: "table"; id: string; title: string; detail: boolean; table: TableStream }
  | FailedSection;

/** Stands in the place of a chart or table that could not be computed. */
export interface FailedSection {
  kind: "failed";
  id: string;
  title: string;
  problem: Problem;
}

/**
 * A report with its answers, ready to render once. Charts and small tables are in memory; the detail table streams.
 */
export interface ReportDocument {
  title: string;
  description: string;
  tenant: { id: string; name: string };
  branding: Branding;
  range: ResultRange;
  /** RFC 3339, UTC. */
  generatedAt: string;
  dataAsOf: string | null;
  demo: boolean;
  /** BCP 47, e.g. `en`. */
  language: string;
  sections: readonly DocumentSection[];
  /** `full` when not given. */
  layout?: ReportLayout | undefined;
  /**
   * The manifest; complete once the detail table has been drained.
   * @throws Error before that: a renderer writes it last
   */
  readonly manifest: () => Manifest;
}

/** The detail table of a document. @throws Error when it has none, which `checkDefinition` rules out */
export function detailTable(document: ReportDocument): Extract<DocumentSection, { kind: "table" }> {
  const found = document.sections.find((section) => section.kind === "table" && section.detail);
  if (found?.kind === "table") return found;
  throw new Error(`document ${document.title} has no detail table`);
}

/** What could not be computed of a document: charts, tables and cards, in their order. */
export function failuresOf(sections: readonly DocumentSection[]): SectionFailure[] {
  return sections.flatMap((section) => {
    if (section.kind === "failed") return [failureOf(section.id, section.title, section.problem)];
    if (section.kind !== "kpis") return [];
    return section.items.flatMap(({ id, label, problem }) =>
      problem === undefined ? [] : [failureOf(id, label, problem)],
    );
  });
}

function failureOf(section: string, title: string, problem: Problem): SectionFailure {
  return { section, title, code: problem.code, message: problemText(title, problem) };
}

/** Rows of all tables of a document, whether they are in it or yet to be read. */
export function rowsOf(sections: readonly DocumentSection[]): number {
  return sections.reduce(
    (sum, section) => sum + (section.kind === "table" ? section.table.head.completeness.rows : 0),
    0,
  );
}

/** Ends all tables of a document, those that nobody read, too. */
export async function closeTables(sections: readonly DocumentSection[]): Promise<void> {
  for (const section of sections) if (section.kind === "table") await section.table.close?.();
}
