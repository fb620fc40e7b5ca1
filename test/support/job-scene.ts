import { createIds } from "../../src/adapters/embedded/clock.ts";
import { LocalJobs } from "../../src/app/jobs/local-runner.ts";
import { performJob } from "../../src/app/jobs/perform.ts";
import type { Services } from "../../src/app/services.ts";
import type { JobRef, JobRunner } from "../../src/ports/jobs.ts";
import type { RecordStore } from "../../src/ports/records.ts";
import type { Handlers, JobScene } from "../conformance/jobs.case.ts";

const BEAT_MS = 20;

/** Another process, started for each job: what is known here of a job is what is on its record. */
class Elsewhere implements JobRunner {
  readonly shared = true;
  readonly #carryOut: (key: string, signal: AbortSignal) => Promise<unknown>;
  readonly #running = new Set<Promise<unknown>>();
  readonly #end = new AbortController();

  constructor(carryOut: (key: string, signal: AbortSignal) => Promise<unknown>) {
    this.#carryOut = carryOut;
  }

  dispatch({ key }: JobRef): Promise<void> {
    const running = this.#carryOut(key, this.#end.signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return Promise.resolve();
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

  async stop(reason?: Error): Promise<void> {
    this.#end.abort(reason);
    await Promise.all(this.#running);
  }
}

/** Jobs kept in a store, carried out in this process or as if in others. */
export function jobScene(
  records: RecordStore,
  handlers: Handlers,
  { where, ends, close }: { where: "here" | "elsewhere"; ends: () => Error; close: () => Promise<void> },
): JobScene {
  let late = 0;
  const clock = { now: () => new Date(Date.now() + late * 1000) };
  const ids = createIds(clock);
  const make = (): { services: Services; stop: () => Promise<void> } => {
    const local = new LocalJobs((key, run) => performJob(services, key, { ...run, handlers }));
    const elsewhere = new Elsewhere((key, signal) =>
      performJob(services, key, { signal, handlers, beatMs: BEAT_MS }),
    );
    const jobs: JobRunner = where === "here" ? local : elsewhere;
    const services = { records, ids, clock, jobs } as unknown as Services;
    return { services, stop: () => (where === "here" ? local.stop() : elsewhere.stop(ends())) };
  };
  let current = make();
  return {
    get services() {
      return current.services;
    },
    async restart() {
      await current.stop();
      current = make();
    },
    pass: (seconds) => (late += seconds),
    async close() {
      await current.stop();
      await close();
    },
  };
}
