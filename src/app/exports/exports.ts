import { mayDelete } from "../../core/access/access.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import { interrupted, isOpen } from "../../core/jobs/job.ts";
import { fileTypeOf } from "../../core/reports/formats.ts";
import { findJob, isUnderWay } from "../jobs/jobs.ts";
import type { Page, PageRequest } from "../../core/lists/pages.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import type { TenantContext } from "../services.ts";

/** @throws DomainError `export.not-found` */
export async function getExport(context: TenantContext, id: string): Promise<ExportJob> {
  const { record } = await recordsOf(context, EXPORTS).get(id);
  return asItsJobSays(context, record);
}

/** Newest first. */
export async function listExports(context: TenantContext, page: PageRequest): Promise<Page<ExportJob>> {
  const { items, next } = await recordsOf(context, EXPORTS).page(page);
  return { items: await Promise.all(items.map(({ record }) => asItsJobSays(context, record))), next };
}

const isUnfinished = ({ status }: ExportJob): boolean => status === "running" || status === "pending";

/** An export that has not ended, with how its job gets on, or how the job ended without a file. */
async function asItsJobSays(context: TenantContext, exported: ExportJob): Promise<ExportJob> {
  if (!isUnfinished(exported)) return exported;
  const job = await findJob(context.services, context.tenant.id, exported.id);
  if (job !== undefined && isOpen(job)) {
    const status = job.status === "running" && isUnderWay(context.services, job) ? "running" : "pending";
    return { ...exported, status, rowsWritten: job.rows ?? 0 };
  }
  // It may have ended between the two looks: its end is on record before its job's is.
  const now = (await recordsOf(context, EXPORTS).find(exported.id))?.record ?? exported;
  if (!isUnfinished(now)) return now;
  const { code, message } = job?.error ?? interrupted();
  return {
    ...exported,
    status: "failed",
    error: { code: code ?? "export.failed", message },
    finishedAt: job?.finishedAt ?? null,
  };
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
      { fix: "Start the export again." },
    );
  }
  if (isUnfinished(job)) throw notReady();
  const { mediaType } = fileTypeOf(job.format, job.fileName.endsWith(".ndjson"));
  return { job, mediaType, body: await context.services.exportFiles.forTenant(context.tenant.id).read(id) };
}

/**
 * Removes an export that has ended, with its file.
 * @throws DomainError `export.not-found`, `export.not-ready`, `access.forbidden`
 */
export async function removeExport(context: TenantContext, id: string): Promise<void> {
  const { principal, services, tenant } = context;
  const job = await getExport(context, id);
  if (!mayDelete(principal, job.requestedBy)) {
    throw new DomainError("access.forbidden", "forbidden", "The export was requested by somebody else", {
      fix: "Ask them or an admin to delete it.",
    });
  }
  if (isUnfinished(job)) throw notReady();
  // The file first: without its record nothing would ever remove it.
  await services.exportFiles.forTenant(tenant.id).remove(id);
  await recordsOf(context, EXPORTS).remove(id);
}

function notReady(): DomainError {
  return new DomainError("export.not-ready", "conflict", "The export is still being written", {
    fix: "Ask again in a moment; GET the export to see its progress.",
    retryAfter: 2,
  });
}
