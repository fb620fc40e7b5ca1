import { DomainError } from "../../core/errors/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import { TOO_MANY_GROUPS } from "../../core/query/group-limit.ts";
import type { Row } from "../../core/query/query.ts";
import { detailTable, failuresOf, type ReportDocument, rowsOf } from "../../core/reports/document.ts";
import { type ExportFormat, fileTypeOf } from "../../core/reports/formats.ts";
import type { Manifest } from "../../core/reports/manifest.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { RenderOptions } from "../../ports/renderer.ts";
import { enqueueJob, KEEP_DAYS, makeJob } from "../jobs/jobs.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import { buildDocument, checkRun, detailSection } from "../reports/build-document.ts";
import type { TenantContext } from "../services.ts";
import { type ExportInput, type ExportRecipe, renderAndClose } from "./perform.ts";

/** Rows of all tables up to which an export is answered at once; more become a job. */
export const STREAM_ROWS = 10_000;

/** How long a request may take to find out that an export is small, in milliseconds; a third of what a function has. */
const PATIENCE = 10_000;

export interface ExportStream {
  kind: "stream";
  fileName: string;
  mediaType: string;
  manifest: Manifest;
  body: AsyncIterable<Uint8Array>;
}

export type StartedExport = ExportStream | { kind: "job"; job: ExportJob };

/** `cost-analysis_acme_2024-09-01_2024-10-01.pdf`; letters, digits, dots, hyphens and underscores only. */
export function exportFileName(title: string, tenant: string, range: DayRange, extension: string): string {
  const slug = (text: string): string =>
    text
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      // File systems take names of 255 bytes.
      .slice(0, 100)
      .replace(/^-|-$/g, "") || "report";
  return `${slug(title)}_${slug(tenant)}_${range.from}_${range.to}.${extension}`;
}

/** What to export and how. */
export interface ExportRequest {
  recipe: ExportRecipe;
  format: ExportFormat;
  options: RenderOptions;
  /**
   * `auto` answers with the file where it is small and soon made, and starts a job otherwise; `job` builds nothing
   * here, whatever the size.
   */
  delivery: "auto" | "job";
}

/**
 * Exports a report: as a stream together with its complete manifest, or by a job that writes it to the store, which
 * holds nothing until its turn has come.
 * @throws DomainError as `buildDocument`, and for a job as `checkRun`; what only the job finds out is on its record
 */
export async function startExport(context: TenantContext, request: ExportRequest): Promise<StartedExport> {
  const { recipe, format, options, delivery } = request;
  const { definition, options: run } = recipe;
  const range = checkRun(context, definition, run);
  const { mediaType, extension } = fileTypeOf(format, options.lines);
  const fileName = exportFileName(definition.title, context.tenant.id, range, extension);
  const small = delivery === "job" ? undefined : await buildSmall(context, recipe);
  if (small === undefined) return { kind: "job", job: await startJob(context, request, fileName) };
  const renderer = await context.services.renderers(format, options);
  const { document, manifest } = await hashRows(small);
  return { kind: "stream", fileName, mediaType, manifest, body: renderAndClose(renderer, document, options) };
}

/** The document, or undefined where it is too much for one request: too many rows, too many groups, too long. */
async function buildSmall(context: TenantContext, recipe: ExportRecipe): Promise<ReportDocument | undefined> {
  const { signal } = context;
  const { definition } = recipe;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  const patient = {
    ...context,
    signal: signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]),
  };
  try {
    // Whether there are too many rows is mostly known of the detail table alone.
    if (definition.sections.length > 1) {
      const detail = { ...recipe, definition: { ...definition, sections: [detailSection(definition)] } };
      if (rowsOf((await build(patient, detail, 0)).sections) > STREAM_ROWS) return undefined;
    }
    const document = await build(patient, recipe, STREAM_ROWS);
    const tooMany = failuresOf(document.sections).some(({ code }) => code === TOO_MANY_GROUPS);
    return tooMany || rowsOf(document.sections) > STREAM_ROWS ? undefined : document;
  } catch (error) {
    const tooLong = patience.signal.aborted && signal?.aborted !== true;
    if (tooLong || (error instanceof DomainError && error.code === TOO_MANY_GROUPS)) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A document with so many rows in memory, and nothing open in the store. */
async function build(
  context: TenantContext,
  { definition, options }: ExportRecipe,
  rows: number,
): Promise<ReportDocument> {
  const document = await buildDocument(context, definition, options, { each: rows, all: rows });
  // It is not what the store holds, and a job would write a file for nobody.
  context.signal?.throwIfAborted();
  return document;
}

/** Reads the detail rows, so that the manifest is known before the first byte goes out. */
async function hashRows(document: ReportDocument): Promise<{ document: ReportDocument; manifest: Manifest }> {
  const detail = detailTable(document);
  const batches: (readonly Row[])[] = [];
  for await (const batch of detail.table.batches()) batches.push(batch);
  const manifest = document.manifest();
  const table = {
    head: detail.table.head,
    // eslint-disable-next-line @typescript-eslint/require-await -- the rows are here already
    async *batches() {
      yield* batches;
    },
  };
  const sections = document.sections.map((section) => (section === detail ? { ...detail, table } : section));
  return { document: { ...document, sections, manifest: () => manifest }, manifest };
}

/** Has the file written by a job, which builds the document. */
async function startJob(
  context: TenantContext,
  { recipe, format, options }: ExportRequest,
  fileName: string,
): Promise<ExportJob> {
  const { services, tenant, principal } = context;
  const now = services.clock.now();
  const exported: ExportJob = {
    id: services.ids.next(),
    title: recipe.definition.title,
    format,
    fileName,
    status: "pending",
    rowsWritten: 0,
    rowsTotal: null,
    bytes: null,
    manifest: null,
    error: null,
    requestedBy: principal.subject,
    createdAt: now.toISOString(),
    finishedAt: null,
    expiresAt: new Date(now.getTime() + KEEP_DAYS * 86_400_000).toISOString(),
  };
  const input: ExportInput = { principal, recipe, options };
  const { subject: requestedBy } = principal;
  const about = { kind: "export", tenant: tenant.id, title: fileName, input, requestedBy } as const;
  const job = makeJob(services, about, exported.id);
  await recordsOf(context, EXPORTS).create(exported);
  await enqueueJob(services, job);
  return exported;
}
