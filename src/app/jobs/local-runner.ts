import { cancelled, type JobKind, type JobProgress, processEnds } from "../../core/jobs/job.ts";
import type { JobRef, JobRunner } from "../../ports/jobs.ts";

/** How many jobs of a kind run at once: in all, and of one owner, so that none holds up another's. */
const LIMITS: Readonly<Record<JobKind, { all: number; owner: number }>> = {
  import: { all: 4, owner: 2 },
  export: { all: 4, owner: 1 },
  sync: { all: 4, owner: 2 },
};

/** Carries a job out, to its end on record. */
export type CarryOut = (
  key: string,
  options: { signal: AbortSignal; onProgress: (progress: JobProgress) => void },
) => Promise<unknown>;

interface Held extends JobRef {
  controller: AbortController;
  progress: JobProgress | undefined;
  onProgress: ((progress: JobProgress) => void) | undefined;
  ended: Promise<void>;
  begin: () => void;
  begun: boolean;
}

/** Carries out jobs in this process, a few at a time and the rest in the order in which they came. */
export class LocalJobs implements JobRunner {
  readonly shared: boolean;
  readonly #carryOut: CarryOut;
  /** In the order in which they came. */
  readonly #held = new Map<string, Held>();
  #stopping = false;

  /** @param shared whether other processes carry out jobs of the same store */
  constructor(carryOut: CarryOut, { shared = false }: { shared?: boolean } = {}) {
    this.#carryOut = carryOut;
    this.shared = shared;
  }

  dispatch(job: JobRef, onProgress?: (progress: JobProgress) => void): Promise<void> {
    if (this.#stopping || this.#held.has(job.key)) return Promise.resolve();
    const controller = new AbortController();
    let begin = (): void => undefined;
    const turn = new Promise<void>((resolve) => (begin = resolve));
    const held: Held = {
      ...job,
      controller,
      progress: undefined,
      onProgress,
      ended: turn,
      begin,
      begun: false,
    };
    held.ended = turn.then(() => this.#run(held));
    this.#held.set(job.key, held);
    this.#next();
    return Promise.resolve();
  }

  async #run(held: Held): Promise<void> {
    try {
      await this.#carryOut(held.key, {
        signal: held.controller.signal,
        onProgress: (progress) => {
          held.progress = progress;
          held.onProgress?.(progress);
        },
      });
    } catch {
      // What became of it could not be stored: it is taken up again when the process starts again.
    } finally {
      this.#held.delete(held.key);
      this.#next();
    }
  }

  /** Begins what there is room for. */
  #next(): void {
    if (this.#stopping) return;
    for (const held of this.#held.values()) if (!held.begun && this.#hasRoom(held)) this.#begin(held);
  }

  #begin(held: Held): void {
    held.begun = true;
    held.begin();
  }

  #hasRoom({ kind, tenant }: Held): boolean {
    const same = [...this.#held.values()].filter((each) => each.begun && each.kind === kind);
    const { all, owner } = LIMITS[kind];
    return same.length < all && same.filter((each) => each.tenant === tenant).length < owner;
  }

  progress(key: string): JobProgress | undefined {
    return this.#held.get(key)?.progress;
  }

  cancel(key: string): boolean {
    const held = this.#held.get(key);
    if (held?.begun !== true) return false;
    held.controller.abort(cancelled());
    return true;
  }

  ended(key: string): Promise<void> | undefined {
    return this.#held.get(key)?.ended;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const begun = [...this.#held.values()].filter((held) => held.begun);
    for (const { controller } of begun) controller.abort(processEnds());
    await Promise.all(begun.map(({ ended }) => ended));
    this.#held.clear();
  }
}
