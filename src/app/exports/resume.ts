import { DomainError } from "../../core/errors/errors.ts";
import type { JobWork } from "../../ports/jobs.ts";
import { EXPORTS } from "../records/kinds.ts";
import { recordsOf } from "../records/records.ts";
import { buildDocument } from "../reports/build-document.ts";
import type { Services, TenantContext, Trace } from "../services.ts";
import { getTenant } from "../tenants/tenants.ts";
import { type ExportWork, isOpen, recordFailure, runJob } from "./export.ts";

/** The share of its time that a process keeps for ending in order, and that time's bounds in milliseconds. */
const SHARE = 1 / 6;
const [LEAST, MOST] = [800, 5_000];

/**
 * Carries out, in this process, an export that `startExport` handed to a job runner. The outcome is on the job's record.
 * @param remaining milliseconds until this process is ended
 * @param traced makes the log's trace of the job
 */
export async function resumeExport(
  services: Services,
  work: JobWork,
  remaining: () => number,
  traced?: (id: string) => Trace,
): Promise<void> {
  const data = work.data as ExportWork;
  const { principal, job } = data;
  const tenant = await getTenant(services, work.tenant);
  const context: TenantContext = { services, tenant, principal, trace: traced?.(job.id) };
  const found = await recordsOf(context, EXPORTS).find(job.id);
  // A runner may deliver the same work twice.
  if (found === undefined || !isOpen(found.record)) return;
  const limit = timeLimit(remaining());
  try {
    await Promise.race([writeExport(context, data, limit.signal), limit.passed]);
  } catch (error) {
    await recordFailure(context, job.id, error);
  } finally {
    limit.clear();
  }
}

/** Builds the document for the instant at which the export was asked for, and writes it. */
async function writeExport(context: TenantContext, work: ExportWork, signal: AbortSignal): Promise<void> {
  const { job, recipe, options } = work;
  const renderer = await context.services.renderers(job.format, options);
  const services = { ...context.services, clock: { now: () => new Date(job.createdAt) } };
  const document = await buildDocument({ ...context, services }, recipe.definition, recipe.options);
  await runJob(context, job, document, renderer, options, signal);
}

/** The end of the time that a process has for its work. */
interface TimeLimit {
  /** Aborted while there is still time to stop in order. */
  readonly signal: AbortSignal;
  /** Rejects when work that did not stop then must be left as it is. */
  readonly passed: Promise<never>;
  clear(): void;
}

function timeLimit(milliseconds: number): TimeLimit {
  const kept = Math.min(MOST, Math.max(LEAST, milliseconds * SHARE));
  const controller = new AbortController();
  const stop = setTimeout(() => controller.abort(outOfTime()), Math.max(0, milliseconds - kept));
  let leave: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    leave = setTimeout(() => reject(outOfTime()), Math.max(0, milliseconds - kept / 2));
  });
  const clear = (): void => {
    clearTimeout(stop);
    clearTimeout(leave);
  };
  return { signal: controller.signal, passed, clear };
}

function outOfTime(): DomainError {
  return new DomainError(
    "export.out-of-time",
    "unavailable",
    "The export is larger than can be written within the time limit",
    { fix: "Ask for a shorter range or fewer columns to group by, or raise the function's time limit." },
  );
}
