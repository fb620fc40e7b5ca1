import { invokeAsync, type InvokeTarget } from "../../adapters/aws/invoke.ts";
import type { JobRef, JobRunner } from "../../ports/jobs.ts";

/** What the worker is sent: only which job is waiting. Everything else is on the job's record. */
export interface JobEvent {
  action: "job";
  key: string;
}

/** Has the worker function carry out jobs, each in an invocation of its own, since an instance is frozen once it has answered. */
export class InvocationJobs implements JobRunner {
  readonly shared = true;
  readonly #worker: InvokeTarget;

  constructor(worker: InvokeTarget) {
    this.#worker = worker;
  }

  async dispatch({ key }: JobRef): Promise<void> {
    await invokeAsync(this.#worker, { action: "job", key } satisfies JobEvent);
  }

  progress(): undefined {
    return undefined;
  }

  cancel(): boolean {
    return false;
  }

  ended(): undefined {
    return undefined;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
