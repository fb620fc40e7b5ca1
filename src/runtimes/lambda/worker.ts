import { performJob } from "../../app/jobs/perform.ts";
import type { SyncReport } from "../../core/connections/sync-run.ts";
import { type Job, outOfTime } from "../../core/jobs/job.ts";
import { errorFields, type Logger, traceOf } from "../../http/logger.ts";
import { groupLimit } from "../group-limit.ts";
import { openReaders } from "../readers.ts";
import { stagingLoader } from "../staging-loader.ts";
import { checkEngine } from "./engine-check.ts";
import { compose, type Composed, SCRATCH } from "./compose.ts";
import type { FunctionRole, Invocation } from "./handler.ts";
import type { JobEvent } from "./jobs.ts";

/** Of the worker's memory; the rest is for storing what was read. */
const READER_LIMITS = { heapMb: 512, processMb: 1_150 };

/** The function that carries out jobs, one an invocation. It never throws for a job that failed: that is on record. */
export function workerRole(): FunctionRole<Composed> {
  const readers = openReaders(READER_LIMITS);
  return {
    compose: (setup) =>
      compose(setup, {
        loaderOf: ({ metrics }, newName) =>
          stagingLoader({
            store: metrics,
            directory: SCRATCH,
            newName,
            limits: setup.settings.limits.imports,
            read: readers.read,
          }),
        groupLimit: groupLimit("give the worker more memory"),
      }),
    answer: (event, invocation) => carryOut(event, invocation),
  };
}

async function carryOut(
  event: unknown,
  { ready, logger, observed, remaining }: Invocation<Composed>,
): Promise<unknown> {
  const { action, key } = asEvent(event);
  if (action === "engine_check") {
    observed.route = "action engine_check";
    observed.status = 200;
    return { statusCode: 200, body: await checkEngine(SCRATCH) };
  }
  if (action !== "job" || key === undefined) {
    observed.status = 400;
    const detail = "The worker does not know this event";
    const allowed = ["job", "engine_check"];
    const fix = 'Invoke it with {"action":"engine_check"}; jobs are sent to it by the service.';
    return { statusCode: 400, body: { code: "action.unknown", detail, allowed, fix } };
  }
  observed.route = "job";
  const { services } = await ready();
  const limit = limitOf(remaining());
  try {
    const performed = await performJob(services, key, {
      signal: limit.signal,
      trace: (id) => traceOf(logger, id),
    });
    observed.status = 200;
    if (performed === undefined) {
      // An event that came twice, or too late: another process has the job, or it has ended.
      logger.info({ job: key }, "job not needed");
      return { statusCode: 200, body: { done: false } };
    }
    const { job, error } = performed;
    observed.route = `job ${job.kind}`;
    observed.report = job.kind === "export";
    if (job.kind === "sync") observed.pull = pulled(job);
    if (job.status === "failed") observed.status = 500;
    logEnd(logger, job, error);
    return { statusCode: observed.status, body: { job: job.id, status: job.status } };
  } finally {
    limit.clear();
  }
}

function asEvent(event: unknown): { action?: unknown; key?: string } {
  if (typeof event !== "object" || event === null) return {};
  const { action, key } = event as Partial<Record<keyof JobEvent, unknown>>;
  return typeof key === "string" ? { action, key } : { action };
}

function logEnd(logger: Logger, job: Job, error: unknown): void {
  const about = { job: job.id, kind: job.kind, title: job.title, status: job.status };
  if (job.status === "failed") logger.error({ ...about, error: errorFields(error) }, "job failed");
  else logger.info(about, job.status === "queued" ? "job goes on in another invocation" : "job ended");
}

function pulled({ result }: Job): { deliveries: number; rows: number } {
  const { deliveries = [] } = (result ?? {}) as Partial<SyncReport>;
  const loads = deliveries.flatMap((delivery) => delivery.loads);
  return {
    deliveries: deliveries.filter(({ status }) => status !== "unchanged").length,
    rows: loads.reduce((sum, load) => sum + load.rowsAccepted, 0),
  };
}

/**
 * How long before the time limit a job is ended, in milliseconds: what it began is taken back, which takes longer the
 * more it was, and its record says so. 1.7 s were seen for the blocks of 25 s.
 */
function marginOf(left: number): number {
  return Math.min(left / 3, Math.max(5_000, left / 20));
}

/** Aborted in time to end an orderly death before the invocation's. */
function limitOf(left: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(outOfTime()), Math.max(0, left - marginOf(left)));
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
