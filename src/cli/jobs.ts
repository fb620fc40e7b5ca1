import type { AnswerOf } from "../contract/route.ts";
import type { Routes } from "../contract/routes.ts";
import { DomainError } from "../core/errors/errors.ts";
import { isOpen } from "../core/jobs/job.ts";
import { pause } from "../core/jobs/pause.ts";
import type { OpenService } from "./connect.ts";
import type { Effects } from "./effects.ts";
import type { Progress } from "./progress.ts";

type Job = AnswerOf<Routes["getJob"]>;

/** How often a server is asked how a job goes. */
const POLL_MS = 500;

/**
 * Waits for a job of the server's to end, showing how far it has got. Ctrl-C cancels it, unless it has to be finished.
 * @returns the job, done
 * @throws DomainError why it failed; the signal's reason when aborted
 */
export async function followJob(
  service: OpenService,
  id: string,
  { signal }: Effects,
  progress: Progress,
): Promise<Job> {
  const operator = service.as("operator");
  try {
    for (;;) {
      const job = await operator.call("getJob", { params: { id }, signal });
      if (job.error !== null) throw errorOf(job.error);
      if (!isOpen(job)) return job;
      const rows = job.rows === null ? "" : ` ${job.rows.toLocaleString("en-US")} rows`;
      progress.update(`${job.phase ?? "Waiting"}${rows}`, job.fraction ?? undefined);
      await pause(POLL_MS, signal);
    }
  } catch (error) {
    if (signal.aborted)
      await operator.call("cancelJob", { params: { id } }).catch((refusal: unknown) => {
        if (!(refusal instanceof DomainError) || refusal.code !== "job.not-cancellable") throw refusal;
      });
    throw error;
  }
}

function errorOf({ code, message, fix, field }: NonNullable<Job["error"]>): DomainError {
  return new DomainError(code, "unavailable", message, {
    ...(fix !== undefined && { fix }),
    ...(field !== undefined && { field }),
  });
}
