import { careForJob, endedJob, type JobKind } from "../../core/jobs/job.ts";
import { OPEN_JOBS } from "../records/kinds.ts";
import { serviceRecords } from "../records/records.ts";
import { isChanged, type JobPorts, jobRecords, refOf, storeEnd } from "./jobs.ts";

export interface JobsCaredFor {
  /** Jobs that somebody was asked to carry out, again. */
  dispatched: number;
  /** Jobs that were ended: who carried them out is gone for good, or never came. */
  ended: number;
}

/**
 * Looks after the jobs that have yet to end. Where processes share the jobs this is to be done every minute; where one
 * process has them to itself, when it starts.
 * @param alone whether no other process can be carrying out a job
 * @param kind those to look after; all when not given
 */
export async function careForJobs(
  services: JobPorts,
  { alone, kind }: { alone: boolean; kind?: JobKind },
): Promise<JobsCaredFor> {
  const done: JobsCaredFor = { dispatched: 0, ended: 0 };
  const jobs = jobRecords(services);
  const open = serviceRecords(services, OPEN_JOBS);
  for (const entry of await open.all()) {
    const seen = await jobs.find(entry.record.key);
    if (seen === undefined) {
      // Its job has expired.
      await open.remove(entry.record.key).catch(() => undefined);
      continue;
    }
    if (kind !== undefined && seen.record.kind !== kind) continue;
    const now = services.clock.now();
    const care = careForJob(seen.record, now, { alone });
    try {
      if (care.step === "end") {
        await storeEnd(services, seen, endedJob(seen.record, care.outcome, now));
        done.ended += 1;
      } else if (care.step === "dispatch") {
        await jobs.replace(seen, care.job);
        // Who cannot be asked now is asked at the next look.
        await services.jobs.dispatch(refOf(care.job)).catch(() => undefined);
        done.dispatched += 1;
      }
    } catch (error) {
      // Whoever changed it looks after it.
      if (!isChanged(error)) throw error;
    }
  }
  return done;
}

/**
 * Finishes the jobs of a kind that a process before left, in this one, which has the jobs to itself.
 * @returns when they have ended, however that was
 */
export async function finishJobs(services: JobPorts, kind: JobKind): Promise<void> {
  const left = await serviceRecords(services, OPEN_JOBS).all();
  if (left.length === 0) return;
  await careForJobs(services, { alone: true, kind });
  for (const { record } of left) await services.jobs.ended(record.key);
}
