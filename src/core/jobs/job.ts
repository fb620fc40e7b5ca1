import { DomainError } from "../errors/errors.ts";
import { type PlainError, plainError } from "../errors/plain.ts";

export const JOB_KINDS = ["import", "export", "sync", "claim"] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export const JOB_STATUSES = ["queued", "running", "done", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** How far a job has got. */
export interface JobProgress {
  /** What it is doing, for people. */
  phase: string | null;
  /** 0 to 1; null while unknown. */
  fraction: number | null;
  rows: number | null;
}

/** The right of one process to carry out a job, which it has to renew. */
export interface JobLease {
  holder: string;
  /** RFC 3339, UTC. */
  until: string;
}

/** Work that outlives the request which asked for it. */
export interface Job extends JobProgress {
  id: string;
  kind: JobKind;
  /** Whose it is; null: the operator's. */
  tenant: string | null;
  title: string;
  status: JobStatus;
  /** What its handler needs to know, as JSON. */
  input: unknown;
  /** What came of it, as JSON; of a job that is to go on, what came of it so far. */
  result: unknown;
  /** Why it ended without being done. */
  error: PlainError | null;
  requestedBy: string;
  /** RFC 3339, UTC, as are those below. */
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  expiresAt: string;
  /** How often it was begun without an orderly end. */
  attempts: number;
  /** While it is queued: when somebody was last asked to carry it out, and how often that was. */
  dispatchedAt: string | null;
  dispatches: number;
  /** Where several processes share the jobs: who carries it out. */
  lease: JobLease | null;
  cancelRequested: boolean;
}

/** Whether it has yet to end. */
export function isOpen({ status }: Pick<Job, "status">): boolean {
  return status === "queued" || status === "running";
}

/**
 * A process that dies twice at the same job would do so again. A claim is tried for longer: the registry says already
 * whose the facts are, and nothing else moves them there.
 */
const MAX_ATTEMPTS: Readonly<Record<JobKind, number>> = { import: 2, export: 2, sync: 2, claim: 20 };
/** Seconds that whoever was asked to carry out a job has to begin. */
const START_SECONDS = 60;
/** Lambda keeps trying to start an asynchronous invocation for hours; nobody waits that long for a job. */
const MAX_DISPATCHES = 15;
/** Seconds a lease lasts unless it is renewed. */
export const LEASE_SECONDS = 60;

/** Seconds that the clocks of processes which share jobs may differ by. */
const MAX_SKEW_SECONDS = 600;

/**
 * Whether a lease holds. One that ends later than any that is given now was given before the clock was set back: its
 * holder would have renewed it since.
 */
function holds({ until }: JobLease, now: Date): boolean {
  const left = (Date.parse(until) - now.getTime()) / 1000;
  return left > 0 && left <= LEASE_SECONDS + MAX_SKEW_SECONDS;
}

/** @returns the job as its new holder has it; undefined when it is not to be had */
export function claimJob(
  job: Job,
  holder: string,
  now: Date,
  { leased }: { leased: boolean },
): Job | undefined {
  if (job.status === "running" && (job.lease === null || holds(job.lease, now))) return undefined;
  if (!isOpen(job) || job.cancelRequested || job.attempts >= MAX_ATTEMPTS[job.kind]) return undefined;
  return {
    ...job,
    status: "running",
    attempts: job.attempts + 1,
    startedAt: job.startedAt ?? now.toISOString(),
    dispatches: 0,
    dispatchedAt: null,
    lease: leased ? { holder, until: leaseEnd(now) } : null,
  };
}

/** RFC 3339, UTC. */
export function leaseEnd(now: Date): string {
  return new Date(now.getTime() + LEASE_SECONDS * 1000).toISOString();
}

/** A job that waits for somebody to carry it out, again. */
export function requeuedJob(job: Job): Job {
  return { ...job, status: "queued", lease: null, dispatches: 0, dispatchedAt: null };
}

export type JobOutcome =
  { status: "done"; result: unknown } | { status: "failed" | "cancelled"; error: PlainError };

/** A job at its end. */
export function endedJob(job: Job, outcome: JobOutcome, now: Date): Job {
  const ended = {
    ...job,
    status: outcome.status,
    phase: null,
    fraction: outcome.status === "done" ? 1 : job.fraction,
    lease: null,
    finishedAt: now.toISOString(),
  };
  return outcome.status === "done"
    ? { ...ended, result: outcome.result, error: null }
    : { ...ended, error: outcome.error };
}

/** What is to be done about an open job that somebody looks after: leave it, have it carried out, or end it. */
export type JobCare =
  { step: "leave" } | { step: "dispatch"; job: Job } | { step: "end"; outcome: JobOutcome };

/**
 * Decides about an open job. A process that ran out of time or memory cannot say so itself: its lease runs out.
 * @param alone whether no other process can be carrying it out, as after a restart
 */
export function careForJob(job: Job, now: Date, { alone }: { alone: boolean }): JobCare {
  const waitsSince = (seconds: number, instant: string): boolean => {
    const waited = (now.getTime() - Date.parse(instant)) / 1000;
    return waited >= seconds || waited < -MAX_SKEW_SECONDS;
  };
  if (job.status === "running" && !alone && job.lease !== null && holds(job.lease, now))
    return { step: "leave" };
  if (job.cancelRequested)
    return { step: "end", outcome: { status: "cancelled", error: plainError(cancelled()) } };
  if (job.attempts >= MAX_ATTEMPTS[job.kind])
    return { step: "end", outcome: { status: "failed", error: plainError(interrupted()) } };
  if (job.status === "queued" && !alone && job.dispatchedAt !== null) {
    if (!waitsSince(START_SECONDS, job.dispatchedAt)) return { step: "leave" };
    if (job.dispatches >= MAX_DISPATCHES)
      return { step: "end", outcome: { status: "failed", error: plainError(notStarted()) } };
  }
  const waiting = job.status === "queued" ? job : requeuedJob(job);
  return {
    step: "dispatch",
    job: { ...waiting, dispatchedAt: now.toISOString(), dispatches: waiting.dispatches + 1 },
  };
}

/** The reason to end a job that somebody does not want any more. */
export function cancelled(): DomainError {
  return new DomainError("job.cancelled", "conflict", "The job was cancelled", {
    fix: "Start it again if it is still needed.",
  });
}

/** Kinds of jobs that are not cancelled, since what they began has to be finished. */
export function mustEnd({ kind }: Pick<Job, "kind">): boolean {
  return kind === "claim";
}

/** A job that is not cancelled. */
export function notCancellable(): DomainError {
  return new DomainError(
    "job.not-cancellable",
    "conflict",
    "The job moves facts to whom the registry says they belong, and cannot be left halfway",
    { fix: "Let it end, then change the tenant's accounts again." },
  );
}

/** The reason to leave a job to the next process: this one is to end. */
export function processEnds(): DomainError {
  return new DomainError("job.process-ends", "unavailable", "The service is stopping", {
    fix: "The job goes on when the service is started again.",
  });
}

/** Whether work ends for the only reason that another process goes on with it, or has it already. */
export function isLeftToOthers({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DomainError && LEFT_TO_OTHERS.includes(reason.code);
}

const LEFT_TO_OTHERS = ["job.process-ends", "job.lost"];

/** The reason to end a job whose process is about to reach its time limit. */
export function outOfTime(): DomainError {
  return new DomainError("job.out-of-time", "unavailable", "The job takes longer than its process may run", {
    fix: "Split the work, or raise the worker's time limit or its memory, which also gives it more CPU.",
  });
}

/** Whether work ended for want of time, and for no reason of its own. */
export function endedByTime({ aborted, reason }: AbortSignal, thrown: unknown): boolean {
  const timeIsUp = outOfTime().code;
  if (!aborted || !(reason instanceof DomainError) || reason.code !== timeIsUp) return false;
  return !(thrown instanceof DomainError) || thrown.code === timeIsUp;
}

/** The reason to end work on a job that another process has by now. */
export function leaseLost(): DomainError {
  return new DomainError("job.lost", "conflict", "Another process has taken over the job", {
    fix: "Look at the job to see how it goes.",
  });
}

export function interrupted(): DomainError {
  return new DomainError(
    "job.interrupted",
    "unavailable",
    "The process that ran the job died, and so did the one that retried it; most likely it ran out of memory or time",
    { fix: "Split the work, or give the process more memory, then start it again." },
  );
}

function notStarted(): DomainError {
  return new DomainError("job.not-started", "unavailable", "No process started the job", {
    fix: "Check that the worker function exists and may be invoked, then start the job again.",
  });
}
