import type { Row } from "../../core/query/query.ts";
import { closeTables, detailTable, type ReportDocument } from "../../core/reports/document.ts";
import type { ExportFormat } from "../../core/reports/formats.ts";
import type { Manifest } from "../../core/reports/manifest.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { Renderer, RenderOptions } from "../../ports/renderer.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import { enqueueJob, KEEP_DAYS, makeJob } from "../jobs/jobs.ts";
import type { TenantContext } from "../services.ts";
import { type ExportInput, type ExportRecipe, renderAndClose } from "./perform.ts";

/** Detail rows up to which an export is answered at once; more become a job. */
export const STREAM_ROWS = 10_000;

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
 * @param recipe how the document was built, for the job, which builds it again
 * @param delivery `job` starts a job for a small one, too
 */
export async function startExport(
  context: TenantContext,
  document: ReportDocument,
  recipe: ExportRecipe,
  format: ExportFormat,
  options: RenderOptions = {},
  delivery: "auto" | "job" = "auto",
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

/** Has the file written by a job, which builds the document again from the recipe. */
async function startJob(
  context: TenantContext,
  document: ReportDocument,
  renderer: Renderer,
  options: RenderOptions,
  recipe: ExportRecipe,
): Promise<ExportJob> {
  const { services, tenant, principal } = context;
  const now = services.clock.now();
  const exported: ExportJob = {
    id: services.ids.next(),
    title: document.title,
    format: renderer.format,
    fileName: exportFileName(document, renderer.extension),
    status: "pending",
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
  await closeTables(document.sections);
  await recordsOf(context, EXPORTS).create(exported);
  const input: ExportInput = { principal, recipe, options };
  const job = makeJob(
    services,
    {
      kind: "export",
      tenant: tenant.id,
      title: exported.fileName,
      input,
      requestedBy: principal.subject,
    },
    exported.id,
  );
  await enqueueJob(services, job);
  return exported;
}
