import { cancelled, type JobKind, type JobProgress, processEnds } from "../../core/jobs/job.ts";
import { type TurnLimits, Turns } from "../../core/limits/turns.ts";
import type { JobRef, JobRunner } from "../../ports/jobs.ts";

/** How many jobs of a kind run at once: in all, and of one owner, so that none holds up another's: there are two readers. */
const LIMITS: Readonly<Record<JobKind, TurnLimits>> = {
  import: { atOnce: 4, ofOne: 1 },
  export: { atOnce: 4, ofOne: 1 },
  sync: { atOnce: 4, ofOne: 1 },
  claim: { atOnce: 1, ofOne: 1 },
};
/** No tenant has this id. */
const OPERATOR = "";

/** Carries a job out, to its end on record. */
export type CarryOut = (
  key: string,
  options: { signal: AbortSignal; onProgress: (progress: JobProgress) => void },
) => Promise<unknown>;

interface Held {
  controller: AbortController;
  progress: JobProgress | undefined;
  onProgress: ((progress: JobProgress) => void) | undefined;
  ended: Promise<void>;
  begun: boolean;
}

/** Carries out jobs in this process, a few at a time and the rest in turn: an owner's in the order in which they came. */
export class LocalJobs implements JobRunner {
  readonly shared: boolean;
  readonly #carryOut: CarryOut;
  readonly #held = new Map<string, Held>();
  readonly #turns: Readonly<Record<JobKind, Turns>> = {
    import: new Turns(LIMITS.import),
    export: new Turns(LIMITS.export),
    sync: new Turns(LIMITS.sync),
    claim: new Turns(LIMITS.claim),
  };
  #stopping = false;

  /** @param shared whether other processes carry out jobs of the same store */
  constructor(carryOut: CarryOut, { shared = false }: { shared?: boolean } = {}) {
    this.#carryOut = carryOut;
    this.shared = shared;
  }

  dispatch(job: JobRef, onProgress?: (progress: JobProgress) => void): Promise<void> {
    if (this.#stopping || this.#held.has(job.key)) return Promise.resolve();
    const held: Held = {
      controller: new AbortController(),
      progress: undefined,
      onProgress,
      ended: Promise.resolve(),
      begun: false,
    };
    this.#held.set(job.key, held);
    held.ended = this.#inTurn(job, held);
    return Promise.resolve();
  }

  async #inTurn({ key, kind, tenant }: JobRef, held: Held): Promise<void> {
    const { signal } = held.controller;
    try {
      await this.#turns[kind].run({ owner: tenant ?? OPERATOR }, () => this.#run(key, held), signal);
    } catch {
      // The process ends before the turn came, or what became of the job could not be stored: it is taken up again when
      // the process starts again.
    } finally {
      this.#held.delete(key);
    }
  }

  async #run(key: string, held: Held): Promise<void> {
    held.begun = true;
    await this.#carryOut(key, {
      signal: held.controller.signal,
      onProgress: (progress) => {
        held.progress = progress;
        held.onProgress?.(progress);
      },
    });
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
    const held = [...this.#held.values()];
    for (const { controller } of held) controller.abort(processEnds());
    await Promise.all(held.map(({ ended }) => ended));
  }
}
