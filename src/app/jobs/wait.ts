import { isOpen, type Job } from "../../core/jobs/job.ts";
import { type JobPorts, getJob } from "./jobs.ts";
import { jobKey } from "../../core/jobs/key.ts";
import { pause, waitFor } from "../../core/jobs/pause.ts";

/** Between two looks at a job of another process: at first and at most, in milliseconds. */
const [FIRST_LOOK, LAST_LOOK] = [150, 1_000];

/**
 * Waits for a job to end.
 * @param milliseconds at most
 * @returns the job as it is then
 * @throws the signal's reason when aborted
 */
export async function waitForJob(
  services: JobPorts,
  { tenant, id }: Pick<Job, "tenant" | "id">,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Job> {
  const until = performance.now() + milliseconds;
  for (let look = FIRST_LOOK; ; look = Math.min(look * 1.5, LAST_LOOK)) {
    const job = await getJob(services, tenant, id);
    const left = until - performance.now();
    if (!isOpen(job) || left <= 0) return job;
    const here = services.jobs.ended(jobKey(job));
    if (here === undefined) await pause(Math.min(look, left), signal);
    else await waitFor(here, left, signal);
  }
}
