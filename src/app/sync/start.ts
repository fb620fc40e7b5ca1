import { syncRunning } from "../../core/connections/errors.ts";
import type { SyncReport, SyncRun } from "../../core/connections/sync-run.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { errorOfPlain, plainError } from "../../core/errors/plain.ts";
import { interrupted, type Job, type JobProgress } from "../../core/jobs/job.ts";
import { cancelJob, enqueueJob, getJob, makeJob, refOf } from "../jobs/jobs.ts";
import type { Services } from "../services.ts";
import { connectionRecords, readConnection, runNow } from "./connections.ts";
import type { SyncChoices, SyncOptions } from "./options.ts";
import type { SyncInput } from "./perform.ts";

/**
 * Pulls a connection in this process: what is new or changed is loaded, delivery by delivery, each remembered once it
 * is stored. When one fails, those before it stay loaded and are not pulled again. The command line calls this.
 * @throws DomainError `connection.not-found`, `sync.*`, `import.*`, `tenant.not-found`; the signal's reason
 */
export async function runSync(
  services: Services,
  id: string,
  options: SyncOptions = {},
): Promise<SyncReport> {
  const { signal = new AbortController().signal, onProgress } = options;
  signal.throwIfAborted();
  const job = await begin(services, id, options, "command line", ({ phase }) => {
    if (phase !== null) onProgress?.(phase);
  });
  const cancel = (): void => void cancelJob(services, job.tenant, job.id).catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  await services.jobs.ended(refOf(job).key);
  signal.removeEventListener("abort", cancel);
  const ended = await getJob(services, job.tenant, job.id);
  if (ended.status === "done") return ended.result as SyncReport;
  signal.throwIfAborted();
  throw errorOfPlain(ended.error ?? plainError(interrupted()));
}

/**
 * Claims a connection and has a job pull it, for who answers before that is done: the API and a schedule.
 * @param requestedBy for people
 * @throws DomainError `sync.running`, `connection.not-found`, `sync.not-offered`
 */
export async function startSync(
  services: Services,
  id: string,
  choices: SyncChoices,
  requestedBy: string,
): Promise<SyncRun> {
  return runOf(await begin(services, id, choices, requestedBy));
}

/** Makes a run the connection's current one, and stores its job with it. */
async function begin(
  services: Services,
  id: string,
  { dryRun, force, replaceEstimates, again }: SyncChoices,
  requestedBy: string,
  onProgress?: (progress: JobProgress) => void,
): Promise<Job> {
  const input: SyncInput = { connection: id, options: { dryRun, force, replaceEstimates, again } };
  const job = makeJob(services, { kind: "sync", tenant: null, title: `Pull ${id}`, input, requestedBy });
  const connections = connectionRecords(services);
  for (;;) {
    const seen = await readConnection(services, id);
    const { lastRun } = seen.record;
    if (lastRun !== null && (await runNow(services, lastRun)).status === "running")
      throw syncRunning(id, lastRun.startedAt);
    // One that waits for the service to be started would only do the same.
    if (lastRun?.status === "running") await cancelJob(services, null, lastRun.id).catch(() => undefined);
    const claimed = { record: { ...seen.record, lastRun: runOf(job) }, revision: services.ids.next() };
    try {
      const together = [connections.replacing(seen, claimed)];
      await enqueueJob(services, job, { together, ...(onProgress !== undefined && { onProgress }) });
      return job;
    } catch (error) {
      // Another run began, or an old one was ended, meanwhile: look again.
      if (!(error instanceof DomainError) || error.code !== "connection.changed") throw error;
    }
  }
}

function runOf({ id, input, createdAt }: Job): SyncRun {
  return {
    id,
    status: "running",
    dryRun: (input as SyncInput).options.dryRun === true,
    startedAt: createdAt,
    finishedAt: null,
    progress: null,
    report: null,
    error: null,
  };
}
