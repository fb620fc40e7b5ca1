import type { JobKind, JobProgress } from "../core/jobs/job.ts";

/** Names a job, and says what its place in a queue depends on. */
export interface JobRef {
  /** Unique among all jobs; made by `jobKey`. */
  key: string;
  kind: JobKind;
  /** Whose it is; null: the operator's. */
  tenant: string | null;
}

/**
 * Has jobs carried out. A job is data, kept as a record: a runner is only given its reference. It has `performJob`
 * do the work, in this process or in another one.
 */
export interface JobRunner {
  /** Whether other processes carry out the same jobs: then each needs a lease for it, which it renews. */
  readonly shared: boolean;
  /**
   * Has a job carried out soon, and does not wait for that.
   * @param onProgress called as the job gets on, where this process carries it out
   * @throws DomainError `store.*` when nobody could be asked; whoever looks after the jobs tries again
   */
  dispatch(job: JobRef, onProgress?: (progress: JobProgress) => void): Promise<void>;
  /** How far a job has got that this process carries out; undefined for any other. */
  progress(key: string): JobProgress | undefined;
  /** Ends a job that this process carries out. @returns false when it does not */
  cancel(key: string): boolean;
  /** Resolves when a job has ended that this process carries out or is going to; undefined for any other. */
  ended(key: string): Promise<void> | undefined;
  /** Begins no other job, leaves those under way to the next process, and waits until they have stopped. */
  stop(): Promise<void>;
}
