import { DomainError } from "../../core/errors/errors.ts";
import type { Column, QueryFilter, QueryResult, ResultRange, Row } from "../../core/query/query.ts";
import type {
  KpiSpec,
  ReportDefinition,
  Section,
  SectionQuery,
  SectionSource,
} from "../../core/reports/definition.ts";
import type { DocumentSection, Kpi, ReportDocument, TableStream } from "../../core/reports/document.ts";
import { datasetHasher, type Manifest, manifestTotals } from "../../core/reports/manifest.ts";
import {
  comparedRange,
  type DayRange,
  describeRange,
  type RangeRequest,
  resolveRange,
} from "../../core/time/ranges.ts";
import { drainStream, openQuery, runQuery } from "../analytics/run-query.ts";
import type { TenantContext } from "../services.ts";
import { openComputation } from "./computations.ts";

export interface DocumentOptions {
  /** Instead of the definition's own range. */
  range?: RangeRequest;
  /** Added to every query of the report. */
  filters?: readonly QueryFilter[];
}

/**
 * Runs all questions of a report. Charts, cards and side tables are answered at once, the detail table is opened as a
 * stream: the caller renders the document, or ends the stream by rendering none of it and calling `discard`.
 * @throws DomainError as `openQuery`; a report is whole or it is an error, never a page with a hole
 */
export async function buildDocument(
  context: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions = {},
): Promise<ReportDocument> {
  const { services, tenant } = context;
  const now = services.clock.now();
  const range = resolveRange(options.range ?? definition.range, now, tenant.zone);
  const filters = options.filters ?? [];
  const asking: Asking = {
    ask: (query) => ({ ...query, range, filters: [...(query.filters ?? []), ...filters] }),
    range,
    filters,
    computed: new Map(),
  };
  const sections = await Promise.all(
    definition.sections.map((section) => answerSection(context, section, asking, definition)),
  );
  const detail = sections.find((section) => section.kind === "table" && section.detail);
  if (detail?.kind !== "table") throw new Error(`report ${definition.title} has no detail table`);
  const question = definition.sections.find((section) => section.kind === "table" && section.detail === true);
  const resultRange: ResultRange = { ...range, zone: tenant.zone };
  const about = {
    title: definition.title,
    tenant: { id: tenant.id, name: tenant.name },
    range: resultRange,
    generatedAt: now.toISOString(),
    dataAsOf: detail.table.head.dataAsOf,
    demo: tenant.demo,
  };
  const recorded = recordManifest(context, detail.table, {
    ...about,
    query: question?.kind === "table" ? questionOf(question, asking) : null,
    generator: `SecureBase Analytics ${services.version}`,
  });
  return {
    ...about,
    description: definition.description,
    branding: tenant.branding,
    language: "en",
    sections: sections.map((section) =>
      section === detail ? { ...detail, table: recorded.table } : section,
    ),
    manifest: recorded.manifest,
  };
}

/** What the parts of one document are asked over. */
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
        items: await Promise.all(section.items.map((item) => answerKpi(context, item, asking))),
      };
    case "chart": {
      const { kind, id, title, chart } = section;
      return { kind, id, title, chart, data: await held(context, section, asking) };
    }
    case "table": {
      const { id, title, query, compute } = section;
      const table =
        compute === undefined
          ? await openQuery(context, asking.ask(needed(query)))
          : await openComputation(context, compute, asking);
      return { kind: "table", id, title: title || definition.title, detail: section.detail === true, table };
    }
  }
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

/** The detail table's question as the manifest tells it. */
function questionOf({ query, compute }: SectionSource, asking: Asking): unknown {
  if (compute === undefined) return asking.ask(needed(query));
  return { ...compute, range: asking.range, filters: asking.filters };
}

async function answerKpi(context: TenantContext, spec: KpiSpec, asking: Asking): Promise<Kpi> {
  const result = await held(context, spec, asking);
  const at = result.columns.findIndex((column) => column.id === spec.measure);
  const column = result.columns[at];
  if (
    column === undefined ||
    column.type === "string" ||
    column.type === "date" ||
    column.type === "instant"
  ) {
    throw new Error(`card ${spec.id} names ${spec.measure}, which is no measure of its answer`);
  }
  const top = result.rows[0];
  const cells = spec.top === true ? top : result.totals[0]?.cells;
  const base: Kpi = {
    id: spec.id,
    label: spec.label,
    value: cells?.[at] ?? null,
    type: column.type,
    unit: column.unit ?? null,
    upIs: spec.upIs,
    ...(spec.top === true && { name: top?.[0] ?? null }),
  };
  const change = cells === undefined ? undefined : kpiChange(result, cells, column);
  return change === undefined ? base : { ...base, change };
}

function kpiChange(result: QueryResult, cells: Row, column: Column): Kpi["change"] {
  if (result.compare === undefined) return undefined;
  const find = (suffix: string): string | null =>
    cells[result.columns.findIndex((c) => c.id === `${column.id}.${suffix}`)] ?? null;
  const absolute = find("change");
  if (absolute === null) return undefined;
  const percent = find("change_percent");
  const { from, to } = comparedRange(result.range, result.compare.kind);
  return { absolute, against: describeRange({ from, to }), ...(percent !== null && { percent }) };
}

/** Hashes and counts the detail table as it is read; the manifest is told when the last row has passed. */
function recordManifest(
  context: TenantContext,
  table: TableStream,
  about: Pick<
    Manifest,
    "title" | "tenant" | "range" | "query" | "generatedAt" | "dataAsOf" | "demo" | "generator"
  >,
): { table: TableStream; manifest: () => Manifest } {
  const { head } = table;
  let rowsWritten = 0;
  let datasetHash: string | undefined;
  return {
    table: {
      head,
      async *batches() {
        const hasher = datasetHasher(context.services.digest(), head.columns);
        for await (const batch of table.batches()) {
          hasher.rows(batch);
          rowsWritten += batch.length;
          yield batch;
        }
        if (rowsWritten !== head.completeness.rows) {
          throw new DomainError(
            "export.incomplete",
            "unavailable",
            `The store gave ${rowsWritten} of ${head.completeness.rows} rows`,
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
      return { ...about, rowsWritten, rowsTotal, complete, notes, totals, datasetHash };
    },
  };
}
