import { DomainError } from "../../core/errors/errors.ts";
import type { QueryFilter, QueryResult, ResultRange } from "../../core/query/query.ts";
import type {
  KpiSpec,
  ReportDefinition,
  Section,
  SectionQuery,
  SectionSource,
} from "../../core/reports/definition.ts";
import {
  closeTables,
  type DocumentSection,
  failuresOf,
  type Kpi,
  type ReportDocument,
  type TableStream,
} from "../../core/reports/document.ts";
import {
  datasetHasher,
  type Manifest,
  manifestTotals,
  type SectionFailure,
} from "../../core/reports/manifest.ts";
import { planQuery } from "../../core/query/plan.ts";
import { type DayRange, type RangeRequest, resolveRange } from "../../core/time/ranges.ts";
import { drainStream, openQuery, runQuery } from "../analytics/run-query.ts";
import { partOf } from "../parts.ts";
import type { TenantContext } from "../services.ts";
import { openComputation } from "./computations.ts";
import { chartAnswer } from "./chart-answer.ts";
import { kpiOf } from "./kpi.ts";

export interface DocumentOptions {
  /** Instead of the definition's own range. */
  range?: RangeRequest;
  /** Added to every query of the report. */
  filters?: readonly QueryFilter[];
}

/**
 * Runs all queries of a report. Charts, cards and side tables are answered at once, the detail table is opened as a
 * stream: the caller renders the document, or calls `closeTables`. A chart, card or side table that cannot be computed
 * is replaced by its problem, and the manifest says that the report is incomplete.
 * @throws DomainError as `openQuery`, where a query of the report is invalid or its detail table cannot be computed
 */
export async function buildDocument(
  context: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions = {},
): Promise<ReportDocument> {
  const { services, tenant } = context;
  const now = services.clock.now();
  const asking = askingOf(context, definition, options);
  const { range } = asking;
  const sections = await allOrNone(
    definition.sections.map((section) => answerSection(context, section, asking, definition)),
  );
  const detail = sections.find((section) => section.kind === "table" && section.detail);
  if (detail?.kind !== "table") throw new Error(`report ${definition.title} has no detail table`);
  const question = detailSection(definition);
  const resultRange: ResultRange = { ...range, zone: tenant.zone };
  const about = {
    title: definition.title,
    tenant: { id: tenant.id, name: tenant.name },
    range: resultRange,
    generatedAt: now.toISOString(),
    dataAsOf: detail.table.head.dataAsOf,
    demo: tenant.demo,
  };
  const recorded = recordManifest(context, detail.table, failuresOf(sections), {
    ...about,
    query: questionOf(question, asking),
    generator: `SecureBase Analytics ${services.version}`,
  });
  return {
    ...about,
    description: definition.description,
    branding: tenant.branding,
    language: "en",
    layout: definition.layout,
    sections: sections.map((section) =>
      section === detail ? { ...detail, table: recorded.table } : section,
    ),
    manifest: recorded.manifest,
  };
}

/**
 * The range of a document that is yet to be built, once its detail table's question is found to be one that can be
 * asked. Nothing is read.
 * @throws DomainError those of `resolveRange` and `planQuery`
 */
export function checkDocument(
  context: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions = {},
): DayRange {
  const { services, tenant } = context;
  const { ask, range } = askingOf(context, definition, options);
  const { query } = detailSection(definition);
  if (query !== undefined) planQuery(ask(query), services.clock.now(), tenant.zone);
  return range;
}

function askingOf(
  { services, tenant }: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions,
): Asking {
  const range = resolveRange(options.range ?? definition.range, services.clock.now(), tenant.zone);
  const filters = options.filters ?? [];
  return {
    ask: (query) => ({ ...query, range, filters: [...(query.filters ?? []), ...filters] }),
    range,
    filters,
    computed: new Map(),
  };
}

function detailSection(definition: ReportDefinition): Extract<Section, { kind: "table" }> {
  const found = definition.sections.find((section) => section.kind === "table" && section.detail === true);
  if (found?.kind === "table") return found;
  throw new Error(`report ${definition.title} has no detail table; checkDefinition rules that out`);
}

/** All sections, or the first that refuses the report, after the tables that did open are closed again. */
async function allOrNone(answers: readonly Promise<DocumentSection>[]): Promise<DocumentSection[]> {
  const settled = await Promise.allSettled(answers);
  const failure = settled.find((answer) => answer.status === "rejected");
  const sections = settled.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  if (failure === undefined) return sections;
  await closeTables(sections);
  throw failure.reason;
}

/** The scope that all parts of one document share. */
interface Asking {
  ask: (query: SectionQuery) => SectionQuery & { range: RangeRequest };
  range: DayRange;
  filters: readonly QueryFilter[];
  /** Computations whose answers several cards and charts share. */
  computed: Map<string, Promise<QueryResult>>;
}

async function answerSection(
  context: TenantContext,
  section: Section,
  asking: Asking,
  definition: ReportDefinition,
): Promise<DocumentSection> {
  switch (section.kind) {
    case "heading":
    case "text":
      return section;
    case "kpis":
      return {
        kind: "kpis",
        items: await Promise.all(section.items.map((item) => kpiOrProblem(context, item, asking))),
      };
    case "chart": {
      const { kind, id, title, chart, query, width } = section;
      const data = await partOf(context, id, () =>
        query === undefined ? held(context, section, asking) : chartAnswer(context, chart, asking.ask(query)),
      );
      if ("problem" in data) return { kind: "failed", id, title, ...data };
      return { kind, id, title, chart, width, data: data.answer };
    }
    case "table": {
      const { kind, id, detail = false, query, compute } = section;
      const title = section.title || definition.title;
      const open = (): Promise<TableStream> =>
        compute === undefined
          ? openQuery(context, asking.ask(needed(query)))
          : openComputation(context, compute, asking);
      // Without its dataset there is nothing to write: a failure there is the report's.
      if (detail) return { kind, id, title, detail, table: await open() };
      const found = await partOf(context, id, open);
      if ("problem" in found) return { kind: "failed", id, title, ...found };
      return { kind, id, title, detail, table: found.answer };
    }
  }
}

/** A card, or one that says why it has no number. */
async function kpiOrProblem(context: TenantContext, spec: KpiSpec, asking: Asking): Promise<Kpi> {
  const found = await partOf(context, spec.id, () => answerKpi(context, spec, asking));
  if ("answer" in found) return found.answer;
  const { id, label, upIs } = spec;
  return { id, label, value: null, type: "quantity", unit: null, upIs, ...found };
}

/** A part's whole answer in memory, as charts and cards need it. */
async function held(
  context: TenantContext,
  { query, compute }: SectionSource,
  asking: Asking,
): Promise<QueryResult> {
  if (compute === undefined) return runQuery(context, asking.ask(needed(query)));
  const key = JSON.stringify(compute);
  let answer = asking.computed.get(key);
  if (answer === undefined) {
    answer = openComputation(context, compute, asking).then(drainStream);
    asking.computed.set(key, answer);
  }
  return answer;
}

function needed(query: SectionQuery | undefined): SectionQuery {
  if (query !== undefined) return query;
  throw new Error("a part of a report has neither query nor computation; checkDefinition rules that out");
}

/** The detail table's query as the manifest records it. */
function questionOf({ query, compute }: SectionSource, asking: Asking): unknown {
  if (compute === undefined) return asking.ask(needed(query));
  return { ...compute, range: asking.range, filters: asking.filters };
}

async function answerKpi(context: TenantContext, spec: KpiSpec, asking: Asking): Promise<Kpi> {
  const result = await held(context, spec, asking);
  const { query } = spec;
  const narrowed = query !== undefined && (query.filters ?? []).length > 0;
  const unfiltered = narrowed
    ? (): Promise<QueryResult> => held(context, { ...spec, query: { ...query, filters: [] } }, asking)
    : undefined;
  return kpiOf(spec, result, unfiltered);
}

/** Hashes and counts the detail table as it is read; the manifest is complete after the last row. */
function recordManifest(
  context: TenantContext,
  table: TableStream,
  failures: readonly SectionFailure[],
  about: Pick<
    Manifest,
    "title" | "tenant" | "range" | "query" | "generatedAt" | "dataAsOf" | "demo" | "generator"
  >,
): { table: TableStream; manifest: () => Manifest } {
  const { head } = table;
  const hasher = datasetHasher(context.services.digest(), head.columns);
  let rowsWritten = 0;
  let datasetHash: string | undefined;
  return {
    table: {
      head,
      close: table.close,
      async *batches() {
        for await (const batch of table.batches()) {
          hasher.rows(batch);
          rowsWritten += batch.length;
          yield batch;
        }
        if (rowsWritten !== head.completeness.rows) {
          throw new DomainError(
            "export.incomplete",
            "unavailable",
            `The store returned ${rowsWritten} of ${head.completeness.rows} rows`,
            { fix: "Try again; if it happens again, check the store with the health endpoint." },
          );
        }
        datasetHash = hasher.finish(head.others);
      },
    },
    manifest() {
      if (datasetHash === undefined) throw new Error("the manifest is complete only after the last row");
      const { rowsTotal, complete, notes } = head.completeness;
      const totals = manifestTotals(head.columns, head.totals);
      const known = { ...about, rowsWritten, rowsTotal, totals, datasetHash };
      if (failures.length === 0) return { ...known, complete, notes };
      const all = [...notes, ...failures.map(({ message }) => message)];
      return { ...known, complete: false, notes: all, failures };
    },
  };
}
