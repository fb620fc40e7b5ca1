import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import { translateEngineError } from "../../duckdb/engine-errors.ts";
import { createSchema, SCHEMA_VERSION } from "./schema.ts";

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

/**
 * Before every read. A statement is prepared and then run; without a transaction around both, facts that are committed
 * in between meet a plan that was made from the statistics of the facts before, and joins then find nothing.
 */
export const BEGIN_READ = "BEGIN TRANSACTION READ ONLY";

/**
 * The one DuckDB file of a data folder. Reads run side by side, each on a connection of its own; writes run one after
 * the other, since two transactions that touch the same rows would fail each other.
 */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[] = [];
  #writes: Promise<unknown> = Promise.resolve();
  readonly directory: string;

  private constructor(instance: DuckDBInstance, directory: string) {
    this.#instance = instance;
    this.directory = directory;
  }

  /**
   * Opens or creates the store in a data folder.
   * @throws DomainError `store.in-use` when another process has it open, `store.unreadable`, `store.newer-version`
   */
  static async open(directory: string, options: DatabaseOptions = {}): Promise<Database> {
    mkdirSync(join(directory, "tmp"), { recursive: true });
    const path = join(directory, STORE_FILE);
    const instance = await openOnce(path, {
      memory_limit: options.memoryLimit ?? ENGINE.memory,
      threads: String(options.threads ?? Math.min(availableParallelism(), ENGINE.threads)),
      temp_directory: join(directory, "tmp"),
      write_buffer_row_group_count: ENGINE.bufferedRowGroups,
      // It keeps staged files that are read once or twice, and the operating system keeps them as well.
      enable_external_file_cache: "false",
      storage_compatibility_version: ENGINE.storage,
      autoinstall_known_extensions: "false",
    });
    const database = new Database(instance, directory);
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
    return translateEngineError(error, this.directory);
  }

  async #prepare(): Promise<void> {
    await this.write(async (connection) => {
      const tables = await connection.runAndReadAll(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta'",
      );
      if (tables.currentRowCount === 0) {
        for (const statement of createSchema()) await connection.run(statement);
        return;
      }
      const reader = await connection.runAndReadAll("SELECT value FROM meta WHERE key = 'schema_version'");
      const version = Number(reader.getRows()[0]?.[0]);
      if (version > SCHEMA_VERSION) {
        throw new DomainError(
          "store.newer-version",
          "conflict",
          `The store in ${this.directory} was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION})`,
          { fix: "Update securebase, or use another data folder with --data." },
        );
      }
    });
  }

  /** Runs reads on a connection of their own, all on one state of the store. */
  async read<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#with(async (connection) => {
      await connection.run(BEGIN_READ);
      try {
        return await task(connection);
      } finally {
        await connection.run("ROLLBACK").catch(() => undefined);
      }
    });
  }

  async #with<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#instance.connect());
    try {
      return await task(connection);
    } catch (error) {
      throw this.translate(error);
    } finally {
      this.release(connection);
    }
  }

  /** A connection for a read that outlives one call, such as a stream; give it back with `release`. */
  async acquire(): Promise<DuckDBConnection> {
    return this.#idle.pop() ?? (await this.#instance.connect());
  }

  release(connection: DuckDBConnection): void {
    if (this.#idle.length < IDLE_CONNECTIONS) this.#idle.push(connection);
    else connection.disconnectSync();
  }

  /** Runs a transaction after all writes before it: committed when the task resolves, rolled back when it throws. */
  async write<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#with((connection) => this.#commit(connection, task)));
  }

  /**
   * {@link write} on a connection the caller acquired, for a load that first stages its rows in a temporary table:
   * those belong to their connection, and filling them must not keep other writers waiting.
   */
  async writeOn<T>(
    connection: DuckDBConnection,
    task: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(() => this.#commit(connection, task));
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

  async #commit<T>(
    connection: DuckDBConnection,
    task: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    await connection.run("BEGIN TRANSACTION");
    try {
      const result = await task(connection);
      await connection.run("COMMIT");
      return result;
    } catch (error) {
      await connection.run("ROLLBACK").catch(() => undefined);
      throw this.translate(error);
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.disconnectSync();
    this.#instance.closeSync();
  }
}

/** A database inside the engine that only says: this file is taken. */
const OWNER_MARK = "securebase_owner";

/**
 * Opens the file for this caller alone. The engine's file lock keeps other processes out, but POSIX locks do not
 * bind their own process: there, the engine's cache of instances hands out the open one, and the mark tells.
 */
async function openOnce(path: string, config: Record<string, string>): Promise<DuckDBInstance> {
  let instance: DuckDBInstance | undefined;
  try {
    instance = await DuckDBInstance.fromCache(path, config);
    const connection = await instance.connect();
    try {
      await connection.run(`ATTACH ':memory:' AS ${OWNER_MARK}`);
    } finally {
      connection.disconnectSync();
    }
    return instance;
  } catch (error) {
    instance?.closeSync();
    throw openError(path, error);
  }
}

function openError(path: string, error: unknown): DomainError {
  const text = error instanceof Error ? error.message : String(error);
  if (/set lock on file|different configuration|already exists/i.test(text)) {
    const pid = /PID (\d+)/.exec(text)?.[1];
    return new DomainError(
      "store.in-use",
      "conflict",
      `The data folder is in use by ${pid === undefined ? "a store that is open already" : `another process (PID ${pid})`}: ${path}`,
      { fix: "Stop that process, or use another folder with --data.", cause: error },
    );
  }
  return new DomainError("store.unreadable", "unavailable", `The store ${path} cannot be opened: ${text}`, {
    fix: "Check that the folder is writable and the file is a SecureBase store.",
    cause: error,
  });
}
