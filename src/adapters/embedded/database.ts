import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import { isInvalidated, translateEngineError } from "../../duckdb/engine-errors.ts";
import { checkPath } from "./data-path.ts";
import { openOnce } from "./instance.ts";
import { KnownAnswers } from "./known-answers.ts";
import { migrate } from "./migrations.ts";

/** The file of a data folder that holds its facts. */
export const STORE_FILE = "securebase.duckdb";

export interface DatabaseOptions {
  /** Engine threads; default: one a core, at most {@link ENGINE}.threads. */
  threads?: number;
  /** Engine memory before it spills to disk, e.g. `2GB`. */
  memoryLimit?: string;
}

/**
 * A load of ten million rows stays under 1 GB in all with these: every thread that writes holds a row group of all
 * columns, and with sixteen of them the limit is not enough to finish. The storage version is the first that this
 * engine's better text compression needs; stores of older versions are read all the same. Extensions are built in, and
 * none is ever fetched.
 */
export const ENGINE = {
  memory: "500MB",
  threads: 4,
  /** Row groups that a load holds before it writes them. */
  bufferedRowGroups: "1",
  storage: "v1.5.0",
} as const;

const IDLE_CONNECTIONS = 4;

/** The topic of answers that depend on the facts. */
export const FACTS_TOPIC = "facts";

/**
 * Before every read. A statement is prepared and then run; without a transaction around both, facts that are committed
 * in between meet a plan that was made from the statistics of the facts before, and joins then find nothing.
 */
export const BEGIN_READ = "BEGIN TRANSACTION READ ONLY";

/** Milliseconds that a request waits for an engine that is being opened again; it mostly takes some fifty. */
const REOPEN_PATIENCE_MS = 1_000;
const REOPEN_PAUSES_MS = { first: 20, longest: 2_000 };

/**
 * The one DuckDB file of a data folder. Reads run side by side, each on a connection of its own; writes run one after
 * the other, since two transactions that touch the same rows would fail each other.
 *
 * After some errors (a fault of its own, a commit that did not fit on the disk) the engine answers nothing any more:
 * it is then opened again, as often as it takes. What was committed is in the file and its log.
 */
export class Database {
  #instance: DuckDBInstance | undefined;
  readonly #config: Readonly<Record<string, string>>;
  readonly #idle: DuckDBConnection[] = [];
  /** Connections to the instance that is open now, not to one before it. */
  #current = new WeakSet<DuckDBConnection>();
  readonly #onReopen = new Set<() => void>();
  #reopening: Promise<void> | undefined;
  #cause: unknown;
  #closed = false;
  #writes: Promise<unknown> = Promise.resolve();
  #factCommits = 0;
  #committingFacts = false;
  readonly directory: string;
  /** Answers that hold until something is written about their topic. */
  readonly known = new KnownAnswers();

  private constructor(instance: DuckDBInstance, config: Readonly<Record<string, string>>, directory: string) {
    this.#instance = instance;
    this.#config = config;
    this.directory = directory;
  }

  /**
   * Opens or creates the store in a data folder.
   * @throws DomainError `store.in-use` when another process has it open, `store.unreadable`, `store.newer-version`,
   *   `store.unknown-version`; `data.unusable` for a path that the engine cannot work on
   */
  static async open(directory: string, options: DatabaseOptions = {}): Promise<Database> {
    checkPath(directory);
    mkdirSync(join(directory, "tmp"), { recursive: true, mode: 0o700 });
    const config = {
      memory_limit: options.memoryLimit ?? ENGINE.memory,
      threads: String(options.threads ?? Math.min(availableParallelism(), ENGINE.threads)),
      temp_directory: join(directory, "tmp"),
      write_buffer_row_group_count: ENGINE.bufferedRowGroups,
      // It keeps staged files that are read once or twice, and the operating system keeps them as well.
      enable_external_file_cache: "false",
      storage_compatibility_version: ENGINE.storage,
      autoinstall_known_extensions: "false",
    };
    const instance = await openOnce(join(directory, STORE_FILE), config);
    const database = new Database(instance, config, directory);
    try {
      await database.#prepare();
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  }

  /** An error of the engine as users should see it; others unchanged. */
  translate(error: unknown): unknown {
    return translateEngineError(error);
  }

  async #prepare(): Promise<void> {
    await this.write((connection) => migrate(connection, this.directory));
  }

  /** Runs reads on a connection of their own, all on one state of the store. */
  async read<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.repeatable(() =>
      this.#with(async (connection) => {
        await connection.run(BEGIN_READ);
        const result = await task(connection);
        await connection.run("ROLLBACK");
        return result;
      }),
    );
  }

  /**
   * Runs a transaction after all writes before it: committed when the task resolves, rolled back when it throws.
   * @param topics of the known answers that it may change
   */
  async write<T>(
    task: (connection: DuckDBConnection) => Promise<T>,
    topics: readonly string[] = [FACTS_TOPIC],
  ): Promise<T> {
    return this.#inTurn(() =>
      this.#with(async (connection) => {
        await connection.run("BEGIN TRANSACTION");
        const result = await task(connection);
        await this.#commit(connection, topics);
        return result;
      }),
    );
  }

  async #commit(connection: DuckDBConnection, topics: readonly string[]): Promise<void> {
    const facts = topics.includes(FACTS_TOPIC);
    this.#committingFacts = facts;
    try {
      await connection.run("COMMIT");
    } finally {
      // Also of a commit that failed: whether the engine carried it out is not certain then.
      for (const topic of topics) this.known.forget(topic);
      if (facts) this.#factCommits += 1;
      this.#committingFacts = false;
    }
  }

  /**
   * Names the state of the facts: reads that began and ended while it stayed the same saw the same facts, and those
   * that are known. Undefined while a commit runs, when reads may see either state.
   */
  get factsState(): number | undefined {
    return this.#committingFacts ? undefined : this.#factCommits;
  }

  /**
   * Runs reads once more where the engine failed under them by no fault of theirs and is open again.
   * @throws DomainError as users should see it
   */
  async repeatable<T>(reads: () => Promise<T>): Promise<T> {
    try {
      return await reads();
    } catch (error) {
      if (!isInvalidated(error)) throw error;
      return await reads();
    }
  }

  /**
   * A connection that failed is closed, which rolls back what it began: nobody knows what state it is in, and the next
   * one to use it would pay for that.
   */
  async #with<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.acquire();
    try {
      const result = await task(connection);
      this.release(connection);
      return result;
    } catch (error) {
      throw this.discard(connection, error);
    }
  }

  /**
   * A connection for work that outlives one call, such as a stream; give it back with {@link release} when all went
   * well, else with {@link discard}.
   * @throws DomainError `store.unavailable` while the engine is being opened again
   */
  async acquire(): Promise<DuckDBConnection> {
    if (this.#reopening !== undefined) {
      await Promise.race([this.#reopening, delay(REOPEN_PATIENCE_MS, undefined, { ref: false })]);
    }
    const instance = this.#instance;
    if (instance === undefined) throw this.#unavailable();
    const connection = this.#idle.pop() ?? (await instance.connect());
    this.#current.add(connection);
    return connection;
  }

  /** Takes a connection back that ended what it began. */
  release(connection: DuckDBConnection): void {
    if (this.#idle.length < IDLE_CONNECTIONS && this.#current.has(connection)) this.#idle.push(connection);
    else connection.disconnectSync();
  }

  /**
   * Closes a connection on which something failed. Where the error says that the engine answers nothing any more, the
   * engine is opened again.
   * @returns the error as users should see it
   */
  discard(connection: DuckDBConnection, error: unknown): unknown {
    const current = this.#current.has(connection);
    connection.disconnectSync();
    if (current && isInvalidated(error)) this.#reopen(error);
    return this.translate(error);
  }

  /** Calls back when the connections that are in use answer nothing any more. @returns a way to stop that */
  onReopen(listener: () => void): () => void {
    this.#onReopen.add(listener);
    return () => this.#onReopen.delete(listener);
  }

  #reopen(cause: unknown): void {
    const instance = this.#instance;
    if (instance === undefined || this.#closed) return;
    this.#cause = cause;
    this.#instance = undefined;
    this.#current = new WeakSet();
    for (const connection of this.#idle.splice(0)) connection.disconnectSync();
    for (const listener of [...this.#onReopen]) listener();
    instance.closeSync();
    this.#reopening = this.#openAgain().finally(() => {
      this.#reopening = undefined;
    });
  }

  /** Fails until the last connection to the instance before is closed, and while the disk is full. */
  async #openAgain(): Promise<void> {
    const path = join(this.directory, STORE_FILE);
    const { first, longest } = REOPEN_PAUSES_MS;
    for (let pause = first; !this.#closed; pause = Math.min(pause * 2, longest)) {
      try {
        const instance = await openOnce(path, this.#config);
        if (this.#isClosed()) instance.closeSync();
        else this.#instance = instance;
        return;
      } catch (error) {
        this.#cause = error;
        await delay(pause, undefined, { ref: false });
      }
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #unavailable(): DomainError {
    return new DomainError("store.unavailable", "unavailable", "The store failed and is being opened again", {
      fix: "Try again in a few seconds; if it stays, check the disk.",
      retryAfter: 2,
      cause: this.#cause,
    });
  }

  /** Waits for the writes that were asked for before: the turn is taken when this is called. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#writes;
    let finished = (): void => undefined;
    this.#writes = new Promise<void>((resolve) => (finished = resolve));
    await before;
    try {
      return await work();
    } finally {
      finished();
    }
  }

  close(): void {
    this.#closed = true;
    // A connection that is in use would keep the file taken, were it kept for others when it is given back.
    this.#current = new WeakSet();
    for (const connection of this.#idle.splice(0)) connection.disconnectSync();
    this.#instance?.closeSync();
    this.#instance = undefined;
  }
}
