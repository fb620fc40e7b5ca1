import { DomainError } from "../../core/errors/errors.ts";
import { Turns } from "../../core/limits/turns.ts";
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
import { checkQuestions, sourcesOf } from "../../core/reports/questions.ts";
import { type DayRange, type RangeRequest, resolveRange } from "../../core/time/ranges.ts";
import { drainStream, openQuery, runQuery } from "../analytics/run-query.ts";
import { partOf } from "../parts.ts";
import type { TenantContext } from "../services.ts";
import { openComputation } from "./computations.ts";
import { chartAnswer } from "./chart-answer.ts";
import { type HeldRows, holder } from "./held-rows.ts";
import { kpiOf } from "./kpi.ts";

export interface DocumentOptions {
  /** Instead of the definition's own range. */
  range?: RangeRequest;
  /** Added to every query of the report. */
  filters?: readonly QueryFilter[];
}

/** Parts of one report that are computed side by side. */
const AT_ONCE = 4;

/**
 * Runs all queries of a report, a few at a time. Charts and cards are answered at once, tables are opened as streams:
 * the caller renders the document, or calls `closeTables`. A chart, card or side table that cannot be computed is
 * replaced by its problem, and the manifest says that the report is incomplete.
 * @param held for who does not read the tables right away, or not whole: their first rows are in memory instead
 * @throws DomainError `report.too-many-questions`; as `openQuery`, where a query of the report is invalid or its detail
 *   table cannot be computed
 */
export async function buildDocument(
  context: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions = {},
  held?: HeldRows,
): Promise<ReportDocument> {
  checkQuestions(definition);
  const { services, tenant } = context;
  const now = services.clock.now();
  const asking = askingOf(context, definition, options, held);
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
 * Checks what can be of a run without running it, for a report that somebody else is going to run. Nothing is read.
 * @returns the range of its document
 * @throws DomainError `report.too-many-questions`; those of `resolveRange` and `planQuery`
 */
export function checkRun(
  context: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions,
): DayRange {
  checkQuestions(definition);
  const { services, tenant } = context;
  const { ask, range } = askingOf(context, definition, options);
  for (const [, { query }] of definition.sections.flatMap(sourcesOf)) {
    if (query !== undefined) planQuery(ask(query), services.clock.now(), tenant.zone);
  }
  return range;
}

function askingOf(
  { services, tenant }: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions,
  held?: HeldRows,
): Asking {
  const range = resolveRange(options.range ?? definition.range, services.clock.now(), tenant.zone);
  const filters = options.filters ?? [];
  return {
    ask: (query) => ({ ...query, range, filters: [...(query.filters ?? []), ...filters] }),
    range,
    filters,
    computed: new Map(),
    turns: new Turns({ atOnce: AT_ONCE, ofOne: AT_ONCE }),
    hold: held === undefined ? (table) => Promise.resolve(table) : holder(held),
  };
}

/** The table that is the report's dataset. @throws Error when there is none, which `checkDefinition` rules out */
export function detailSection(definition: ReportDefinition): Extract<Section, { kind: "table" }> {
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
  /** Handed out to the parts. */
  turns: Turns;
  /** A table as it was opened, or its first rows in memory. */
  hold: (table: TableStream) => Promise<TableStream>;
}

/** Computes a part when it is its turn; all parts of a report are its own. */
function inTurn<T>(context: TenantContext, { turns }: Asking, compute: () => Promise<T>): Promise<T> {
  return turns.run({ owner: context.tenant.id }, compute, context.signal);
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
        inTurn(context, asking, () =>
          query === undefined
            ? whole(context, section, asking)
            : chartAnswer(context, chart, asking.ask(query)),
        ),
      );
      if ("problem" in data) return { kind: "failed", id, title, ...data };
      return { kind, id, title, chart, width, data: data.answer };
    }
    case "table": {
      const { kind, id, detail = false, query, compute } = section;
      const title = section.title || definition.title;
      const open = (): Promise<TableStream> =>
        inTurn(context, asking, async () =>
          asking.hold(
            await (compute === undefined
              ? openQuery(context, asking.ask(needed(query)))
              : openComputation(context, compute, asking)),
          ),
        );
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
  const found = await partOf(context, spec.id, () =>
    inTurn(context, asking, () => answerKpi(context, spec, asking)),
  );
  if ("answer" in found) return found.answer;
  const { id, label, upIs } = spec;
  return { id, label, value: null, type: "quantity", unit: null, upIs, ...found };
}

/** A part's whole answer in memory, as charts and cards need it. */
async function whole(
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
  const result = await whole(context, spec, asking);
  const { query } = spec;
  const narrowed = query !== undefined && (query.filters ?? []).length > 0;
  const unfiltered = narrowed
    ? (): Promise<QueryResult> => whole(context, { ...spec, query: { ...query, filters: [] } }, asking)
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
