import { invokeAsync, type InvokeTarget } from "../../adapters/aws/invoke.ts";
import type { JobRunner, JobWork, SyncWork } from "../../ports/jobs.ts";

/** What this function sends itself for a job. */
export interface ExportEvent {
  action: "export";
  work: JobWork;
}

/** The same for a pull. */
export interface SyncEvent extends Omit<SyncWork, "kind"> {
  action: "sync";
}

/** Lambda keeps an asynchronous event for some retries; a job that has not got on for so long never will. */
const LONGEST_MINUTES = 15;

/**
 * Jobs as invocations of their own, since an instance is frozen once it has answered. Work that cannot be sent is done
 * before the answer.
 */
export class InvocationJobs implements JobRunner {
  readonly #target: InvokeTarget;
  readonly #now: () => Date;

  constructor(target: InvokeTarget, now: () => Date) {
    this.#target = target;
    this.#now = now;
  }

  async start(
    _id: string,
    task: (signal: AbortSignal) => Promise<void>,
    work?: JobWork | SyncWork,
  ): Promise<void> {
    if (work === undefined) {
      await task(new AbortController().signal);
      return;
    }
    await invokeAsync(this.#target, eventOf(work));
  }

  /** Told by its last progress or else its age: UUIDv7 begins with its time (RFC 9562). */
  isAlive(id: string, progress?: Date): boolean {
    const made = parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    const last = Math.max(made, progress?.getTime() ?? 0);
    return this.#now().getTime() - last < LONGEST_MINUTES * 60_000;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

function eventOf(work: JobWork | SyncWork): ExportEvent | SyncEvent {
  if (work.kind === "export") return { action: "export", work };
  const { connection, run, part, options } = work;
  return { action: "sync", connection, run, part, options };
}
