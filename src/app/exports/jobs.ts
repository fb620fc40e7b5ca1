import type { JobRunner } from "../../ports/jobs.ts";

/** Runs jobs in this process, at most a few at a time, the rest in order of arrival. */
export class InProcessJobs implements JobRunner {
  readonly #alive = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  readonly #waiting: (() => void)[] = [];
  readonly #most: number;
  #running = 0;

  constructor(most = 2) {
    this.#most = most;
  }

  start(id: string, task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const done = this.#run(task)
      .catch(() => undefined)
      .finally(() => this.#alive.delete(id));
    this.#alive.set(id, done);
    return Promise.resolve();
  }

  async #run(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    try {
      await task(this.#abort.signal);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  isAlive(id: string): boolean {
    return this.#alive.has(id);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error("the service is stopping"));
    await Promise.allSettled(this.#alive.values());
  }
}
