import type { Connection } from "../../core/connections/connection.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { ConnectionStore, SyncReport, SyncRun } from "../../ports/connection-store.ts";
import type { SyncMarks } from "../../ports/connector.ts";
import type { Services } from "../services.ts";

/** How long a run that says nothing is believed to be alive; one call to the cloud takes three minutes at most. */
const ALIVE_MS = 300_000;
/** How often a run says that it is. */
const SAY_MS = 15_000;

/** A pull that holds its connection: nobody else pulls it meanwhile, and what it does can be seen. */
export class CurrentRun {
  readonly #store: ConnectionStore;
  readonly #services: Services;
  readonly #connection: string;
  readonly #lost = new AbortController();
  #run: SyncRun;
  #said: number;
  #saying: Promise<void> = Promise.resolve();

  private constructor(store: ConnectionStore, services: Services, connection: string, run: SyncRun) {
    this.#store = store;
    this.#services = services;
    this.#connection = connection;
    this.#run = run;
    this.#said = services.clock.now().getTime();
  }

  /** @throws DomainError `sync.running`, `connection.not-found` */
  static async begin(
    store: ConnectionStore,
    services: Services,
    connection: Connection,
    dryRun: boolean,
  ): Promise<CurrentRun> {
    const now = services.clock.now();
    const run: SyncRun = {
      id: services.ids.next(),
      status: "running",
      dryRun,
      startedAt: now.toISOString(),
      finishedAt: null,
      aliveUntil: new Date(now.getTime() + ALIVE_MS).toISOString(),
      progress: null,
      report: null,
      error: null,
    };
    await store.begin(connection.id, run, now.toISOString());
    return new CurrentRun(store, services, connection.id, run);
  }

  /** The run as it began. */
  get run(): SyncRun {
    return this.#run;
  }

  /** Aborted when another run took over, or the connection was removed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Says now and then that the run is alive, and what it does. Returns at once. */
  progress(text: string | undefined): void {
    const now = this.#services.clock.now().getTime();
    this.#run = {
      ...this.#run,
      aliveUntil: new Date(now + ALIVE_MS).toISOString(),
      progress: text ?? this.#run.progress,
    };
    if (now - this.#said < SAY_MS) return;
    this.#said = now;
    // The next one may find the store again; a run does not fail for not being seen.
    this.#saying = this.#saying.then(() => this.remember({})).catch(() => undefined);
  }

  /** Stores what need not be pulled again. @throws DomainError `sync.lost` when the run is no longer the current one */
  async remember(marks: SyncMarks): Promise<void> {
    if (await this.#store.update(this.#connection, this.#run, marks)) return;
    const error = new DomainError(
      "sync.lost",
      "conflict",
      `The connection "${this.#connection}" was removed, or another pull took over`,
      { fix: "Look at the connections, and pull again if it is still needed." },
    );
    this.#lost.abort(error);
    throw error;
  }

  async finish(report: SyncReport): Promise<void> {
    await this.#end({ status: "done", report });
  }

  /** Remembers why it failed. @param aborted whether it was told to stop */
  async fail(error: unknown, aborted: boolean): Promise<void> {
    await this.#end({ status: "failed", error: told(error, aborted) });
  }

  async #end(outcome: Partial<SyncRun>): Promise<void> {
    await this.#saying;
    this.#run = {
      ...this.#run,
      ...outcome,
      finishedAt: this.#services.clock.now().toISOString(),
      progress: null,
    };
    await this.#store.update(this.#connection, this.#run);
  }
}

function told(error: unknown, aborted: boolean): NonNullable<SyncRun["error"]> {
  if (error instanceof DomainError)
    return { code: error.code, message: error.message, fix: error.fix ?? null };
  if (aborted) return { code: "sync.interrupted", message: "The pull was interrupted", fix: "Pull again." };
  return {
    code: "service.internal",
    message: error instanceof Error ? error.message : String(error),
    fix: null,
  };
}
