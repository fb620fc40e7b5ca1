import { partOf, syncLost } from "../../core/connections/claim.ts";
import type { Connection } from "../../core/connections/connection.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { StoredConnection, SyncReport, SyncRun, SyncSoFar } from "../../core/connections/sync-run.ts";
import type { SyncMarks } from "../../core/connections/sync-run.ts";
import type { Services } from "../services.ts";
import type { SyncRuns } from "./runs.ts";

/** How long a run that says nothing is believed to be alive. */
const ALIVE_MS = 300_000;
/** How often a run says that it is although nothing is told of it: the store may be busy with a large load. */
const BEAT_MS = 60_000;
/** How often a run says that it is. */
const SAY_MS = 15_000;

/** A pull that holds its connection: nobody else pulls it meanwhile, and what it does can be seen. */
export class CurrentRun {
  readonly #runs: SyncRuns;
  readonly #services: Services;
  readonly #connection: string;
  readonly #until: Date | undefined;
  readonly #lost = new AbortController();
  #run: SyncRun;
  #said: number;
  #saying: Promise<void> = Promise.resolve();
  /** Nothing may be said after the last word. */
  #silent = false;

  private constructor(
    runs: SyncRuns,
    services: Services,
    connection: string,
    run: Omit<SyncRun, "aliveUntil">,
    until: Date | undefined,
  ) {
    this.#runs = runs;
    this.#services = services;
    this.#connection = connection;
    this.#until = until;
    this.#said = services.clock.now().getTime();
    this.#run = { ...run, aliveUntil: this.#aliveUntil() };
  }

  /**
   * @param until when this process ends whatever it does, where that is known
   * @throws DomainError `sync.running`, `connection.not-found`
   */
  static async begin(
    runs: SyncRuns,
    services: Services,
    connection: Connection,
    options: { dryRun: boolean; until?: Date },
  ): Promise<CurrentRun> {
    const run = {
      id: services.ids.next(),
      status: "running" as const,
      dryRun: options.dryRun,
      startedAt: services.clock.now().toISOString(),
      finishedAt: null,
      progress: null,
      report: null,
      error: null,
    };
    return new CurrentRun(runs, services, connection.id, run, options.until).#claim();
  }

  /**
   * Goes on with a run where its part before left off.
   * @throws DomainError `sync.running` when this part is under way already, `sync.lost` when the run is over
   */
  static async resume(
    runs: SyncRuns,
    services: Services,
    { connection, lastRun }: StoredConnection,
    part: { run: string; part: number; until?: Date },
  ): Promise<CurrentRun> {
    if (lastRun?.id !== part.run) throw syncLost(connection.id);
    const run = { ...lastRun, part: part.part };
    return new CurrentRun(runs, services, connection.id, run, part.until).#claim();
  }

  async #claim(): Promise<this> {
    await this.#runs.begin(this.#connection, this.#run, this.#services.clock.now().toISOString());
    return this;
  }

  /** The run as it stands. */
  get run(): SyncRun {
    return this.#run;
  }

  get part(): number {
    return partOf(this.#run);
  }

  /** What its parts have done up to now. */
  get soFar(): SyncSoFar {
    return this.#run.soFar ?? { deliveries: [], calls: {}, warnings: [] };
  }

  /** Aborted when another run took over, or the connection was removed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Has the run be alive for as long as the work takes. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const beat = setInterval(() => this.progress(undefined), BEAT_MS);
    try {
      return await work();
    } finally {
      clearInterval(beat);
    }
  }

  /** Says now and then that the run is alive, and what it does. Returns at once. */
  progress(text: string | undefined): void {
    if (this.#silent) return;
    const now = this.#services.clock.now().getTime();
    this.#run = {
      ...this.#run,
      aliveUntil: this.#aliveUntil(),
      progress: text ?? this.#run.progress,
    };
    if (now - this.#said < SAY_MS) return;
    this.#said = now;
    // The next one may find the store again; a run does not fail for not being seen.
    this.#saying = this.#saying.then(() => this.#update({})).catch(() => undefined);
  }

  #aliveUntil(): string {
    const quiet = this.#services.clock.now().getTime() + ALIVE_MS;
    return new Date(Math.min(quiet, this.#until?.getTime() ?? quiet)).toISOString();
  }

  /** Stores what need not be pulled again. @throws DomainError `sync.lost` when the run is no longer the current one */
  async remember(marks: SyncMarks, soFar: SyncSoFar): Promise<void> {
    await this.#saying;
    this.#run = { ...this.#run, soFar };
    await this.#update(marks);
  }

  /**
   * Leaves the run to its next part. It stays the connection's current one for as long as that may take to begin.
   * @throws DomainError `sync.lost`
   */
  async handOver(progress: string): Promise<void> {
    this.#silent = true;
    await this.#saying;
    const aliveUntil = new Date(this.#services.clock.now().getTime() + ALIVE_MS).toISOString();
    this.#run = { ...this.#run, aliveUntil, progress };
    await this.#update({});
  }

  async #update(marks: SyncMarks): Promise<void> {
    if (await this.#runs.update(this.#connection, this.#run, marks)) return;
    const error = syncLost(this.#connection);
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
    this.#silent = true;
    await this.#saying;
    const run = { ...this.#run };
    delete run.soFar;
    this.#run = {
      ...run,
      ...outcome,
      finishedAt: this.#services.clock.now().toISOString(),
      progress: null,
    };
    await this.#runs.update(this.#connection, this.#run);
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
