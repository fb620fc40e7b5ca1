import { DomainError } from "../../core/errors/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import { TOO_MANY_GROUPS } from "../../core/query/group-limit.ts";
import type { Row } from "../../core/query/query.ts";
import { closeTables, detailTable, failuresOf, type ReportDocument } from "../../core/reports/document.ts";
import { type ExportFormat, fileTypeOf } from "../../core/reports/formats.ts";
import type { Manifest } from "../../core/reports/manifest.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { RenderOptions } from "../../ports/renderer.ts";
import { enqueueJob, KEEP_DAYS, makeJob } from "../jobs/jobs.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import { buildDocument, checkDocument } from "../reports/build-document.ts";
import type { TenantContext } from "../services.ts";
import { type ExportInput, type ExportRecipe, renderAndClose } from "./perform.ts";

/** Detail rows up to which an export is answered at once; more become a job. */
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
 * Exports a report: as a stream together with its complete manifest, or by a job that writes it to the store.
 * @throws DomainError as `buildDocument`; what only the job finds out is on its record
 */
export async function startExport(context: TenantContext, request: ExportRequest): Promise<StartedExport> {
  const { recipe, format, options, delivery } = request;
  const { definition, options: run } = recipe;
  const range = checkDocument(context, definition, run);
  const { mediaType, extension } = fileTypeOf(format, options.lines);
  const fileName = exportFileName(definition.title, context.tenant.id, range, extension);
  const startsJob = async (): Promise<StartedExport> => ({
    kind: "job",
    job: await startJob(context, request, fileName),
  });
  if (delivery === "job") return startsJob();
  const document = await buildSmall(context, recipe);
  if (document === undefined) return startsJob();
  const renderer = await context.services.renderers(format, options);
  const { document: held, manifest } = await holdRows(document).catch(async (error: unknown) => {
    await closeTables(document.sections);
    throw error;
  });
  return { kind: "stream", fileName, mediaType, manifest, body: renderAndClose(renderer, held, options) };
}

/** The document, or undefined where it is too much for one request: too many rows, too many groups, too long. */
async function buildSmall(
  context: TenantContext,
  { definition, options }: ExportRecipe,
): Promise<ReportDocument | undefined> {
  const { signal } = context;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  const either = signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]);
  try {
    const document = await buildDocument({ ...context, signal: either }, definition, options);
    // Its tables have ended with the request, and a job would write a file for nobody.
    signal?.throwIfAborted();
    const rows = detailTable(document).table.head.completeness.rows;
    const tooMany = failuresOf(document.sections).some(({ code }) => code === TOO_MANY_GROUPS);
    if (rows <= STREAM_ROWS && !tooMany) return document;
    await closeTables(document.sections);
    return undefined;
  } catch (error) {
    const tooLong = patience.signal.aborted && signal?.aborted !== true;
    if (tooLong || (error instanceof DomainError && error.code === TOO_MANY_GROUPS)) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
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
