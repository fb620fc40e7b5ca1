import {
  cancelled,
  endedJob,
  isOpen,
  type Job,
  type JobKind,
  type JobProgress,
  mustEnd,
  notCancellable,
} from "../../core/jobs/job.ts";
import { plainError } from "../../core/errors/plain.ts";
import { mapPage, type Page, pageOf, type PageRequest } from "../../core/lists/pages.ts";
import { JOBS, OPEN_JOBS } from "../records/kinds.ts";
import {
  type PendingWrite,
  type Records,
  type Stored,
  serviceRecords,
  writeTogether,
} from "../records/records.ts";
import { auditJobEnd } from "../audit/jobs.ts";
import type { JobRef } from "../../ports/jobs.ts";
import type { Services } from "../services.ts";
import { jobKey, ownerPrefix } from "../../core/jobs/key.ts";

/** Days a job is remembered: as long as the file of an export is kept. */
export const KEEP_DAYS = 90;

export type JobPorts = Pick<Services, "records" | "ids" | "clock" | "jobs" | "digest">;

export interface NewJob {
  kind: JobKind;
  /** Whose it is; null: the operator's. */
  tenant: string | null;
  title: string;
  /** What its handler needs to know; has to survive JSON. */
  input: unknown;
  requestedBy: string;
}

export function jobRecords(services: JobPorts): Records<Job> {
  return serviceRecords(services, JOBS);
}

/** A job that is not stored yet. @param id a new one when not given */
export function makeJob({ ids, clock }: JobPorts, job: NewJob, id = ids.next()): Job {
  const now = clock.now();
  return {
    ...job,
    id,
    status: "queued",
    phase: null,
    fraction: null,
    rows: null,
    result: null,
    error: null,
    createdAt: now.toISOString(),
    startedAt: null,
    finishedAt: null,
    expiresAt: new Date(now.getTime() + KEEP_DAYS * 86_400_000).toISOString(),
    attempts: 0,
    dispatchedAt: now.toISOString(),
    dispatches: 1,
    lease: null,
    cancelRequested: false,
  };
}

/**
 * Puts a job in and has it carried out. It is not lost when nobody can be asked to at the moment: whoever looks after
 * the jobs does so again.
 * @param together written with it, or nothing is
 */
export async function enqueueJob(
  services: JobPorts,
  job: Job,
  {
    together = [],
    onProgress,
  }: { together?: readonly PendingWrite[]; onProgress?: (progress: JobProgress) => void } = {},
): Promise<void> {
  await storeJob(services, job, together);
  await dispatchJob(services, job, onProgress);
}

/** Puts a job in that nobody is asked to carry out yet. @param together written with it, or nothing is */
export async function storeJob(
  services: JobPorts,
  job: Job,
  together: readonly PendingWrite[] = [],
): Promise<void> {
  const record = { record: job, revision: services.ids.next() };
  const open = { record: { key: jobKey(job) }, revision: services.ids.next() };
  await writeTogether([
    ...together,
    jobRecords(services).creating(record),
    serviceRecords(services, OPEN_JOBS).creating(open),
  ]);
}

/** Has a stored job carried out; whoever looks after the jobs does so again when nobody can be asked to. */
export async function dispatchJob(
  services: JobPorts,
  job: Job,
  onProgress?: (progress: JobProgress) => void,
): Promise<void> {
  await services.jobs.dispatch(refOf(job), onProgress).catch(() => undefined);
}

/** Takes a job out that has become needless before anybody began it. */
export async function withdrawJob(services: JobPorts, job: Job): Promise<void> {
  const key = jobKey(job);
  await jobRecords(services).remove(key);
  await serviceRecords(services, OPEN_JOBS).remove(key);
}

export function refOf(job: Job): JobRef {
  return { key: jobKey(job), kind: job.kind, tenant: job.tenant };
}

/** Ends a job on record; it is no longer open. @throws DomainError `job.changed` */
export async function storeEnd(services: JobPorts, seen: Stored<Job>, ended: Job): Promise<void> {
  const open = serviceRecords(services, OPEN_JOBS);
  const entry = await open.find(jobKey(ended));
  await writeTogether([
    jobRecords(services).replacing(seen, { record: ended, revision: services.ids.next() }),
    ...(entry === undefined ? [] : [open.removing(entry)]),
  ]);
  // The end is on record, and is not told as a failure for want of an entry.
  await auditJobEnd(services, ended).catch(() => undefined);
}

/** Whether somebody carries a job out or is going to; else it waits for the service to be started. */
export function isUnderWay({ jobs }: JobPorts, job: Job): boolean {
  return isOpen(job) && (jobs.shared || jobs.ended(jobKey(job)) !== undefined);
}

/** A job as it stands, with the progress of one that this process carries out. */
function seenNow({ jobs }: JobPorts, job: Job): Job {
  const live = job.status === "running" ? jobs.progress(jobKey(job)) : undefined;
  return live === undefined ? job : { ...job, ...live };
}

/** @param tenant whose; null: the operator's. @returns undefined when there is none */
export async function findJob(
  services: JobPorts,
  tenant: string | null,
  id: string,
): Promise<Job | undefined> {
  const found = await jobRecords(services).find(jobKey({ tenant, id }));
  return found === undefined ? undefined : seenNow(services, found.record);
}

/** @throws DomainError `job.not-found` */
export async function getJob(services: JobPorts, tenant: string | null, id: string): Promise<Job> {
  const found = await findJob(services, tenant, id);
  if (found === undefined) throw JOBS.errors.notFound(id);
  return found;
}

/** One owner's jobs, newest first. @param page `after` is the id of the last one of the page before */
export async function listJobs(
  services: JobPorts,
  tenant: string | null,
  page: PageRequest,
): Promise<Page<Job>> {
  const read = async ({ limit, after }: { limit: number; after?: string }): Promise<Job[]> => {
    const behind = after === undefined ? {} : { after: jobKey({ tenant, id: after }) };
    const found = await jobRecords(services).list({ limit, prefix: ownerPrefix(tenant), ...behind });
    return found.map(({ record }) => record);
  };
  return mapPage(await pageOf(page, read, ({ id }) => id), (job) => seenNow(services, job));
}

/**
 * Has a job end. One that waits ends at once; one that is being carried out ends as soon as who does so hears of it.
 * @returns the job as it is then; one that has ended stays as it is
 * @throws DomainError `job.not-found`, `job.not-cancellable`
 */
export async function cancelJob(services: JobPorts, tenant: string | null, id: string): Promise<Job> {
  const key = jobKey({ tenant, id });
  const jobs = jobRecords(services);
  for (;;) {
    const seen = await jobs.get(key).catch(() => {
      throw JOBS.errors.notFound(id);
    });
    const { record } = seen;
    if (!isOpen(record)) return record;
    if (mustEnd(record)) throw notCancellable();
    if (services.jobs.cancel(key)) {
      await services.jobs.ended(key);
      return getJob(services, tenant, id);
    }
    try {
      if (record.status === "running" && isUnderWay(services, record)) {
        const marked = await jobs.replace(seen, { ...record, cancelRequested: true });
        return marked.record;
      }
      const error = plainError(cancelled());
      const ended = endedJob(record, { status: "cancelled", error }, services.clock.now());
      await storeEnd(services, seen, ended);
      return ended;
    } catch (error) {
      // It was begun, or ended, meanwhile.
      if (!isChanged(error)) throw error;
    }
  }
}

export function isChanged(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "job.changed";
}
