import { setMaxListeners } from "node:events";
import { plainError } from "../../core/errors/plain.ts";
import {
  cancelled,
  claimJob,
  endedJob,
  type Job,
  type JobKind,
  type JobOutcome,
  type JobProgress,
  leaseEnd,
  leaseLost,
  processEnds,
  requeuedJob,
} from "../../core/jobs/job.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Services, Trace } from "../services.ts";
import type { JobHandler, Performed } from "./handler.ts";
import { HANDLERS } from "./handlers.ts";
import { isChanged, jobRecords, storeEnd } from "./jobs.ts";

/** How often who carries out a job says that it does, and hears whether it is still wanted. */
const BEAT_MS = 10_000;
/** Between attempts to store how a job ended. */
const END_PAUSES_MS = [200, 1_000, 5_000, 10_000];

export interface PerformOptions {
  /** Aborted when this process is to end, with `processEnds`, or when its time is up, with `outOfTime`. */
  signal: AbortSignal;
  onProgress?: (progress: JobProgress) => void;
  trace?: (id: string) => Trace;
  /** What carries out each kind of job; the service's own when not given. */
  handlers?: Readonly<Record<JobKind, JobHandler>>;
  /** Milliseconds between two beats. */
  beatMs?: number;
}

/** A job that was carried out, and what was thrown where it failed. */
export interface PerformedJob {
  job: Job;
  error: unknown;
}

/**
 * Carries out a job that waits, from taking it to its end on record.
 * @param key of the job
 * @returns undefined when there is nothing to do: another process has it, or it has ended
 * @throws DomainError `store.*` when what became of it cannot be stored
 */
export async function performJob(
  services: Services,
  key: string,
  options: PerformOptions,
): Promise<PerformedJob | undefined> {
  const holder = services.ids.next();
  const leased = services.jobs.shared;
  const claimed = await jobRecords(services).change(key, (job) =>
    claimJob(job, holder, services.clock.now(), { leased }),
  );
  if (claimed === undefined) return undefined;
  return new Performance(services, key, holder, claimed.record, options).run();
}

class Performance {
  readonly #services: Services;
  readonly #key: string;
  readonly #holder: string;
  readonly #job: Job;
  readonly #options: PerformOptions;
  readonly #own = new AbortController();
  readonly #signal: AbortSignal;
  #progress: JobProgress;

  constructor(services: Services, key: string, holder: string, job: Job, options: PerformOptions) {
    this.#services = services;
    this.#key = key;
    this.#holder = holder;
    this.#job = job;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#own.signal]);
    // Each table of a report listens to it.
    setMaxListeners(0, this.#signal);
    const { phase, fraction, rows } = job;
    this.#progress = { phase, fraction, rows };
  }

  async run(): Promise<PerformedJob> {
    const stopBeating = this.#beat();
    let performed: Performed | undefined;
    let error: unknown;
    try {
      const { handlers = HANDLERS, trace } = this.#options;
      performed = await handlers[this.#job.kind]({
        services: this.#services,
        job: this.#job,
        signal: this.#signal,
        report: (progress) => this.#report(progress),
        ...(trace !== undefined && { trace: trace(this.#job.id) }),
      });
    } catch (thrown) {
      error = this.#causeOf(thrown);
    } finally {
      await stopBeating();
    }
    return { job: await this.#endInTheEnd(performed, error), error };
  }

  /** Why the work ended: the reason it was stopped for explains more than the error it then failed with. */
  #causeOf(thrown: unknown): unknown {
    if (!this.#signal.aborted) return thrown;
    const reason: unknown = this.#signal.reason;
    return codeOf(reason) === cancelled().code || !(thrown instanceof DomainError) ? reason : thrown;
  }

  #report(progress: Partial<JobProgress>): void {
    this.#progress = { ...this.#progress, ...progress };
    this.#options.onProgress?.(this.#progress);
  }

  /** Renews the lease, says how far the job has got, and hears whether it is to end. */
  #beat(): () => Promise<void> {
    if (!this.#services.jobs.shared) return () => Promise.resolve();
    let beating = Promise.resolve();
    const timer = setInterval(() => {
      // The next beat may find the store again; a job does not fail for not being seen.
      beating = beating.then(() => this.#renew()).catch(() => undefined);
    }, this.#options.beatMs ?? BEAT_MS);
    return () => {
      clearInterval(timer);
      return beating;
    };
  }

  async #renew(): Promise<void> {
    const until = leaseEnd(this.#services.clock.now());
    const renewed = await jobRecords(this.#services).change(this.#key, (job) =>
      this.#isMine(job) ? { ...job, ...this.#progress, lease: { holder: this.#holder, until } } : undefined,
    );
    if (renewed === undefined) this.#own.abort(leaseLost());
    else if (renewed.record.cancelRequested) this.#own.abort(cancelled());
  }

  #isMine({ status, lease }: Job): boolean {
    return status === "running" && (!this.#services.jobs.shared || lease?.holder === this.#holder);
  }

  async #end(performed: Performed | undefined, error: unknown): Promise<Job> {
    const jobs = jobRecords(this.#services);
    for (;;) {
      const seen = await jobs.find(this.#key);
      if (seen === undefined || !this.#isMine(seen.record)) return seen?.record ?? this.#job;
      const next = this.#next({ ...seen.record, ...this.#progress }, performed, error);
      try {
        if (next.status === "queued") return (await jobs.replace(seen, next)).record;
        await storeEnd(this.#services, seen, next);
        return next;
      } catch (conflict) {
        if (!isChanged(conflict)) throw conflict;
      }
    }
  }

  /** The store may be what failed: it is given time to come back, since nobody else knows what became of the job. */
  async #endInTheEnd(performed: Performed | undefined, error: unknown): Promise<Job> {
    for (const pause of END_PAUSES_MS) {
      try {
        return await this.#end(performed, error);
      } catch (failure) {
        if (codeOf(failure) !== "store.unavailable") throw failure;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return this.#end(performed, error);
  }

  /** The job as it is after its work. */
  #next(job: Job, performed: Performed | undefined, error: unknown): Job {
    // It got on, so that another process is not to be the last one that tries.
    if (performed?.done === false) return { ...requeuedJob(job), attempts: 0, result: performed.result };
    if (performed === undefined && codeOf(error) === processEnds().code)
      return { ...requeuedJob(job), attempts: job.attempts - 1 };
    // It may have failed before it heard that it was not wanted any more.
    const cause = job.cancelRequested ? cancelled() : error;
    return endedJob(job, outcomeOf(performed, cause), this.#services.clock.now());
  }
}

function outcomeOf(performed: Performed | undefined, error: unknown): JobOutcome {
  if (performed !== undefined) return { status: "done", result: performed.result };
  const status = codeOf(error) === cancelled().code ? "cancelled" : "failed";
  return { status, error: plainError(error) };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof DomainError ? error.code : undefined;
}
