import type { Principal } from "../../core/access/access.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Row } from "../../core/query/query.ts";
import { closeTables, detailTable, type ReportDocument } from "../../core/reports/document.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import type { ExportFormat } from "../../core/reports/formats.ts";
import type { Manifest } from "../../core/reports/manifest.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { Renderer, RenderOptions } from "../../ports/renderer.ts";
import type { DocumentOptions } from "../reports/build-document.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import { type Page, pageOf } from "../reports/reports.ts";
import type { TenantContext } from "../services.ts";

/** Detail rows up to which an export is answered at once; more become a job. */
export const STREAM_ROWS = 10_000;
/** Days a finished export is kept. */
export const KEEP_DAYS = 90;

export interface ExportStream {
  kind: "stream";
  fileName: string;
  mediaType: string;
  manifest: Manifest;
  body: AsyncIterable<Uint8Array>;
}

export type StartedExport = ExportStream | { kind: "job"; job: ExportJob };

/** `cost-analysis_acme_2024-09-01_2024-10-01.pdf`; letters, digits, dots, hyphens and underscores only. */
export function exportFileName(document: ReportDocument, extension: string): string {
  const slug = (text: string): string =>
    text
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      // File systems take names of 255 bytes.
      .slice(0, 100)
      .replace(/^-|-$/g, "") || "report";
  return `${slug(document.title)}_${slug(document.tenant.id)}_${document.range.from}_${document.range.to}.${extension}`;
}

/**
 * Exports a document: a small one is returned as a stream together with its complete manifest, a larger one is written
 * to the store by a job.
 * @param delivery `job` starts a job for a small one, too
 * @param recipe how the document was built, for job runners that build it again in another process
 */
export async function startExport(
  context: TenantContext,
  document: ReportDocument,
  format: ExportFormat,
  options: RenderOptions = {},
  delivery: "auto" | "job" = "auto",
  recipe?: ExportRecipe,
): Promise<StartedExport> {
  const renderer = await context.services.renderers(format, options);
  const detail = detailTable(document);
  if (delivery === "job" || detail.table.head.completeness.rows > STREAM_ROWS) {
    return { kind: "job", job: await startJob(context, document, renderer, options, recipe) };
  }
  const { document: held, manifest } = await holdRows(document).catch(async (error: unknown) => {
    await closeTables(document.sections);
    throw error;
  });
  return {
    kind: "stream",
    fileName: exportFileName(document, renderer.extension),
    mediaType: renderer.mediaType,
    manifest,
    body: renderAndClose(renderer, held, options),
  };
}

/** Renders, and closes the document's row streams in any case: the reader may stop before the last table. */
async function* renderAndClose(
  renderer: Renderer,
  document: ReportDocument,
  options: RenderOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* renderer.render(document, options);
  } finally {
    await closeTables(document.sections);
  }
}

/** Reads the detail rows into memory, so that the manifest is known before the first byte goes out. */
async function holdRows(document: ReportDocument): Promise<{ document: ReportDocument; manifest: Manifest }> {
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

async function startJob(
  context: TenantContext,
  document: ReportDocument,
  renderer: Renderer,
  options: RenderOptions,
  recipe?: ExportRecipe,
): Promise<ExportJob> {
  const { services, tenant, principal } = context;
  const now = services.clock.now();
  const job: ExportJob = {
    id: services.ids.next(),
    title: document.title,
    format: renderer.format,
    fileName: exportFileName(document, renderer.extension),
    status: "running",
    rowsWritten: 0,
    rowsTotal: detailTable(document).table.head.completeness.rows,
    bytes: null,
    manifest: null,
    error: null,
    requestedBy: principal.subject,
    createdAt: now.toISOString(),
    finishedAt: null,
    expiresAt: new Date(now.getTime() + KEEP_DAYS * 86_400_000).toISOString(),
  };
  await recordsOf(context, EXPORTS).create(job);
  const data: ExportWork | undefined = recipe && { principal, job, recipe, options };
  await services.jobs.start(
    job.id,
    (signal) => runJob(context, job, document, renderer, options, signal),
    data && { kind: "export", tenant: tenant.id, data },
  );
  return job;
}

/** How a document was built. */
export interface ExportRecipe {
  definition: ReportDefinition;
  options: DocumentOptions;
}

/** A job as data, for `resumeExport` in another process. */
export interface ExportWork {
  principal: Principal;
  job: ExportJob;
  recipe: ExportRecipe;
  options: RenderOptions;
}

/** Writes the file and records how it went; a failure is on the job's record, with its reason. */
export async function runJob(
  context: TenantContext,
  job: ExportJob,
  document: ReportDocument,
  renderer: Renderer,
  options: RenderOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, exportFiles } = context.services;
  const record = (change: Partial<ExportJob>): Promise<void> => changeOpenJob(context, job.id, change);
  try {
    const counted = countRows(document, signal, (rowsWritten) => record({ rowsWritten }));
    const content = renderAndClose(renderer, counted, options);
    const bytes = await exportFiles.forTenant(context.tenant.id).write(job.id, content);
    const manifest = document.manifest();
    const { rowsWritten } = manifest;
    const finishedAt = clock.now().toISOString();
    await record({ status: "done", rowsWritten, rowsTotal: rowsWritten, bytes, manifest, finishedAt });
  } catch (error) {
    await recordFailure(context, job.id, error);
  }
}

/** Puts a failure and its reason on the job's record, unless the job has ended already. */
export async function recordFailure(context: TenantContext, id: string, error: unknown): Promise<void> {
  await changeOpenJob(context, id, {
    status: "failed",
    error: {
      code: error instanceof DomainError ? error.code : "export.failed",
      message: error instanceof Error ? error.message : String(error),
    },
    finishedAt: context.services.clock.now().toISOString(),
  });
}

async function changeOpenJob(context: TenantContext, id: string, change: Partial<ExportJob>): Promise<void> {
  await recordsOf(context, EXPORTS).change(id, (job) => (isOpen(job) ? { ...job, ...change } : undefined));
}

const PROGRESS_EVERY_ROWS = 50_000;

/** Counts the detail rows as they pass, for the progress, and stops when the signal is aborted. */
function countRows(
  document: ReportDocument,
  signal: AbortSignal,
  onProgress: (rows: number) => Promise<void>,
): ReportDocument {
  const detail = detailTable(document);
  const table = {
    ...detail.table,
    async *batches() {
      let rows = 0;
      let reported = 0;
      for await (const batch of detail.table.batches()) {
        signal.throwIfAborted();
        yield batch;
        rows += batch.length;
        if (rows - reported < PROGRESS_EVERY_ROWS) continue;
        reported = rows;
        await onProgress(rows);
      }
    },
  };
  return {
    ...document,
    sections: document.sections.map((section) => (section === detail ? { ...detail, table } : section)),
  };
}

/** @throws DomainError `export.not-found` */
export async function getExport(context: TenantContext, id: string): Promise<ExportJob> {
  const { record } = await recordsOf(context, EXPORTS).get(id);
  return withLiveness(context, record);
}

export async function listExports(context: TenantContext, page: Page): Promise<ExportJob[]> {
  const jobs = await recordsOf(context, EXPORTS).list(pageOf(page));
  return Promise.all(jobs.map(({ record }) => withLiveness(context, record)));
}

/** Whether a job has yet to end. */
export const isOpen = ({ status }: ExportJob): boolean => status === "running" || status === "pending";

/** A job whose process died never ends: it is shown as interrupted. */
async function withLiveness(context: TenantContext, job: ExportJob): Promise<ExportJob> {
  if (!isOpen(job) || context.services.jobs.isAlive(job.id)) return job;
  // It may have ended between the two checks: a job's end is recorded before the runner forgets it.
  const now = (await recordsOf(context, EXPORTS).find(job.id))?.record ?? job;
  if (!isOpen(now)) return now;
  const error = { code: "export.interrupted", message: "The service stopped while it wrote this export." };
  return { ...job, status: "failed", error };
}

/** @throws DomainError `export.not-found`, `export.not-ready`, `export.failed` */
export async function readExport(
  context: TenantContext,
  id: string,
): Promise<{ job: ExportJob; mediaType: string; body: AsyncIterable<Uint8Array> }> {
  const job = await getExport(context, id);
  if (job.status === "failed") {
    throw new DomainError(
      "export.failed",
      "conflict",
      `The export failed: ${job.error?.message ?? "unknown reason"}`,
      {
        fix: "Start the export again.",
      },
    );
  }
  if (job.status !== "done") {
    throw new DomainError("export.not-ready", "conflict", "The export is still being written", {
      fix: "Ask again in a moment; GET the export to see its progress.",
      retryAfter: 2,
    });
  }
  const { mediaType } = await context.services.renderers(job.format, {
    lines: job.fileName.endsWith(".ndjson"),
  });
  return { job, mediaType, body: await context.services.exportFiles.forTenant(context.tenant.id).read(id) };
}
