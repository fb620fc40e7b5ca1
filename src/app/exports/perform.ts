import { must } from "../../core/errors/must.ts";
import type { Principal } from "../../core/access/access.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import { endedByTime, isLeftToOthers } from "../../core/jobs/job.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import { closeTables, detailTable, type ReportDocument } from "../../core/reports/document.ts";
import type { Renderer, RenderOptions } from "../../ports/renderer.ts";
import { questionsOfJob } from "../analytics/questions.ts";
import { askAgain } from "../analytics/snapshots.ts";
import type { JobContext, Performed } from "../jobs/handler.ts";
import { EXPORTS } from "../records/kinds.ts";
import { type Records, recordsOf } from "../records/records.ts";
import { buildDocument, type DocumentOptions } from "../reports/build-document.ts";
import type { TenantContext } from "../services.ts";
import { getTenant } from "../tenants/registry.ts";

/** How a document is made. */
export interface ExportRecipe {
  definition: ReportDefinition;
  options: DocumentOptions;
}

/** What the job of an export needs to know. Its export has the same id. */
export interface ExportInput {
  principal: Principal;
  recipe: ExportRecipe;
  options: RenderOptions;
}

/**
 * Builds an export's document and writes its file. How it went is on the export's record, also when it failed.
 * @throws what building, rendering and storing throw; the signal's reason when aborted
 */
export async function performExport({
  services,
  job,
  signal,
  report,
  trace,
}: JobContext): Promise<Performed> {
  const { principal, recipe, options } = job.input as ExportInput;
  const tenant = await getTenant(services, must(job.tenant, "the tenant of an export"));
  // Days are counted as of when the export was asked for, however late it is written.
  const asked = { ...services, clock: { now: () => new Date(job.createdAt) } };
  const context: TenantContext = {
    services: asked,
    tenant,
    principal,
    signal,
    trace,
    questions: questionsOfJob(services, tenant.id, signal),
  };
  const records = recordsOf(context, EXPORTS);
  const exported = await records.get(job.id);
  // A process that died after this was stored had nothing left to do.
  if (exported.record.status === "done") return { done: true, result: { export: job.id } };
  const write = async (): Promise<void> => {
    signal.throwIfAborted();
    const { definition, options: run } = recipe;
    const document = await askAgain(() => buildDocument({ ...context }, definition, run));
    const rowsTotal = detailTable(document).table.head.completeness.rows;
    await change(records, job.id, { rowsTotal });
    const counted = countRows(document, signal, (rows) =>
      report({ phase: "Writing", rows, fraction: rowsTotal === 0 ? null : rows / rowsTotal }),
    );
    const renderer = await services.renderers(exported.record.format, options);
    const content = renderAndClose(renderer, counted, options);
    const bytes = await services.exportFiles.forTenant(tenant.id).write(job.id, content);
    const manifest = document.manifest();
    signal.throwIfAborted();
    await change(records, job.id, {
      status: "done",
      rowsWritten: manifest.rowsWritten,
      rowsTotal,
      bytes,
      manifest,
      finishedAt: services.clock.now().toISOString(),
    });
  };
  try {
    await write();
    return { done: true, result: { export: job.id } };
  } catch (thrown) {
    const error: unknown = endedByTime(signal, thrown) ? exportOutOfTime(thrown) : thrown;
    if (!isLeftToOthers(signal)) await noteFailure(records, job.id, error, services.clock.now());
    throw error;
  }
}

function exportOutOfTime(cause: unknown): DomainError {
  return new DomainError(
    "export.out-of-time",
    "unavailable",
    "The export is larger than can be written within the time limit",
    {
      fix: "Ask for a shorter range or fewer columns to group by, or raise the worker's time limit.",
      cause,
    },
  );
}

async function change(records: Records<ExportJob>, id: string, outcome: Partial<ExportJob>): Promise<void> {
  await records.change(id, (now) => ({ ...now, ...outcome }));
}

async function noteFailure(
  records: Records<ExportJob>,
  id: string,
  error: unknown,
  now: Date,
): Promise<void> {
  // Other errors are faults of the service: the log has their details, which may name what is nobody else's business.
  const { code, message } =
    error instanceof DomainError
      ? error
      : { code: "export.failed", message: "The service failed to write the export" };
  // Where even this cannot be stored, the job tells why.
  await change(records, id, {
    status: "failed",
    error: { code, message },
    finishedAt: now.toISOString(),
  }).catch(() => undefined);
}

/** Renders, and lets go of the store whatever becomes of the file: a reader may leave before the last table. */
export async function* renderAndClose(
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

/** Passes the detail rows on, counts them for the progress, and stops when the job is to end. */
function countRows(
  document: ReportDocument,
  signal: AbortSignal,
  onProgress: (rows: number) => void,
): ReportDocument {
  const detail = detailTable(document);
  const table = {
    ...detail.table,
    async *batches() {
      let rows = 0;
      for await (const batch of detail.table.batches()) {
        signal.throwIfAborted();
        yield batch;
        rows += batch.length;
        onProgress(rows);
      }
    },
  };
  return {
    ...document,
    sections: document.sections.map((section) => (section === detail ? { ...detail, table } : section)),
  };
}
