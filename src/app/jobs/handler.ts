import type { Job, JobProgress } from "../../core/jobs/job.ts";
import type { Services, Trace } from "../services.ts";

/** What a handler is given. */
export interface JobContext {
  services: Services;
  job: Job;
  /** Aborted when the job is cancelled, its process ends or its time is up. */
  signal: AbortSignal;
  /** Says how far the job has got; returns at once. */
  report: (progress: Partial<JobProgress>) => void;
  /** Logs faults of parts that do not fail the whole. */
  trace?: Trace;
}

/** What became of a job's work: it is done, or another process is to go on with what came of it so far. */
export interface Performed {
  done: boolean;
  /** JSON. */
  result: unknown;
}

/** Carries out a kind of job. It may be called again for the same job when its process died. */
export type JobHandler = (context: JobContext) => Promise<Performed>;
