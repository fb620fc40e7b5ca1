import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDecimalValue,
  type DuckDBResult,
  type DuckDBValue,
} from "@duckdb/node-api";
import { formatDecimal, parseDecimal } from "../../core/money/decimal.ts";
import type { Cell } from "../../core/query/query.ts";
import { dateOfDay } from "../../core/time/dates.ts";
import { interruptOnAbort, onAbort } from "../../duckdb/interrupt.ts";
import { BEGIN_READ, type Database } from "./database.ts";

/** A chunk of a result, its values as the query language writes them: canonical decimals, calendar dates, text. */
export class ResultColumns {
  readonly #chunk: DuckDBDataChunk;
  readonly #columns: Cell[][] = [];
  readonly rows: number;

  constructor(chunk: DuckDBDataChunk) {
    this.#chunk = chunk;
    this.rows = chunk.rowCount;
  }

  column(index: number): readonly Cell[] {
    return (this.#columns[index] ??= this.#chunk.getColumnValues(index).map(cellOf));
  }

  /** Numbers scaled by 10^18, as {@link parseDecimal} gives them. */
  decimals(index: number): readonly (bigint | null)[] {
    return this.#chunk.getColumnValues(index).map(scaledOf);
  }

  cell(column: number, row: number): Cell {
    return this.column(column)[row] ?? null;
  }
}

function scaledOf(value: DuckDBValue): bigint | null {
  if (value === null) return null;
  return value instanceof DuckDBDecimalValue ? value.value : parseDecimal(String(value));
}

function cellOf(value: DuckDBValue): Cell {
  if (value === null || typeof value === "string") return value;
  if (value instanceof DuckDBDecimalValue) return formatDecimal(value.value);
  if (value instanceof DuckDBDateValue) return dateOfDay(value.days);
  return String(value);
}

export interface StreamOptions {
  /** Ends the statement and the stream, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Reads in the same transaction, and so from the same state; what it throws is thrown by `open`. */
  before?: (connection: DuckDBConnection) => Promise<void>;
}

/**
 * A result read as it is made: the engine computes ahead of the reader by a bounded buffer and no more. It holds a
 * connection, and with it the state of the store it reads from, until it is drained, closed or fails.
 */
export class ResultStream {
  readonly #database: Database;
  #connection: DuckDBConnection | undefined;
  readonly #result: DuckDBResult;
  /** The next rows, fetched and not yet handed out, and how many of the first chunk's are already read. */
  #head: ResultColumns | undefined;
  #skipped = 0;
  #fetching = false;
  /** Why there is no more to read, where that is not its end. */
  #failure: unknown;
  readonly #stopListening: () => void;

  private constructor(
    database: Database,
    connection: DuckDBConnection,
    result: DuckDBResult,
    signal: AbortSignal | undefined,
  ) {
    this.#database = database;
    this.#connection = connection;
    this.#result = result;
    const stopListening = database.onReopen(() => {
      // What is being fetched fails by itself.
      if (this.#fetching) return;
      this.#failure = new Error("FATAL Error: the engine failed while its answer was being read");
      void this.close();
    });
    const abort = (): void => {
      this.#failure = signal?.reason;
      if (this.#fetching) connection.interrupt();
      else void this.close();
    };
    const stopWaiting = onAbort(signal, abort);
    this.#stopListening = () => {
      stopListening();
      stopWaiting();
    };
  }

  /** @throws DomainError `store.unavailable`, `query.overflow`; the signal's reason when aborted */
  static async open(
    database: Database,
    sql: string,
    values: readonly string[],
    options: StreamOptions = {},
  ): Promise<ResultStream> {
    const { signal, before } = options;
    return database.repeatable(async () => {
      signal?.throwIfAborted();
      const connection = await database.acquire();
      const stopWatching = interruptOnAbort(connection, signal);
      try {
        await connection.run(BEGIN_READ);
        await before?.(connection);
        // One trip into the engine fewer than `connection.stream`, which first looks for several statements.
        const statement = await connection.prepare(sql);
        try {
          statement.bind([...values]);
          const result = await statement.stream();
          signal?.throwIfAborted();
          return new ResultStream(database, connection, result, signal);
        } finally {
          statement.destroySync();
        }
      } catch (error) {
        const shown = database.discard(connection, error);
        signal?.throwIfAborted();
        throw shown;
      } finally {
        stopWatching();
      }
    });
  }

  /** The first rows not yet read; undefined when there are no more. */
  async peek(): Promise<ResultColumns | undefined> {
    this.#head ??= await this.#fetch();
    return this.#head;
  }

  /** Passes over rows of the chunk that `peek` gave. */
  skip(rows: number): void {
    this.#skipped += rows;
    if (this.#head === undefined || this.#skipped < this.#head.rows) return;
    this.#head = undefined;
    this.#skipped = 0;
  }

  /** The rest, one batch a chunk. Ending the iteration early, even before it began, frees the connection. */
  batches<T>(convert: (columns: ResultColumns, from: number) => T): AsyncIterableIterator<T> {
    const done = { done: true, value: undefined } as const;
    const next = async (): Promise<IteratorResult<T, undefined>> => {
      const columns = await this.peek();
      if (columns === undefined) return done;
      const from = this.#skipped;
      this.#head = undefined;
      this.#skipped = 0;
      return { done: false, value: convert(columns, from) };
    };
    const end = async (): Promise<IteratorResult<T, undefined>> => {
      await this.close();
      return done;
    };
    const iterator: AsyncIterableIterator<T> = { next, return: end, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  async #fetch(): Promise<ResultColumns | undefined> {
    if (this.#isBroken()) throw await this.#failed();
    const connection = this.#connection;
    if (connection === undefined) return undefined;
    let columns: ResultColumns | undefined;
    this.#fetching = true;
    try {
      const chunk = await this.#result.fetchChunk();
      if (chunk !== null && chunk.rowCount > 0) columns = new ResultColumns(chunk);
    } catch (error) {
      // Closed meanwhile, it was interrupted.
      if (this.#takeConnection() === undefined) return undefined;
      const shown = this.#database.discard(connection, error);
      this.#failure ??= error;
      throw this.#failure === error ? shown : this.#failure;
    } finally {
      this.#fetching = false;
    }
    // Aborted meanwhile, and the interruption came too late for these rows.
    if (this.#isBroken()) throw await this.#failed();
    if (columns === undefined && this.#takeConnection() !== undefined)
      await giveBack(this.#database, connection);
    return columns;
  }

  #isBroken(): boolean {
    return this.#failure !== undefined;
  }

  async #failed(): Promise<unknown> {
    await this.close();
    return this.#database.translate(this.#failure);
  }

  #takeConnection(): DuckDBConnection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#stopListening();
    return connection;
  }

  /**
   * Ends the statement, if it still runs, and gives the connection back. Interrupted and read to its end, which is
   * near, a result lets go of the state it reads from; left alone it would hold that, and after the store is closed
   * its file, until it is garbage-collected.
   */
  async close(): Promise<void> {
    this.#head = undefined;
    const connection = this.#takeConnection();
    if (connection === undefined) return;
    connection.interrupt();
    try {
      while (((await this.#result.fetchChunk())?.rowCount ?? 0) > 0);
    } catch {
      // The interruption, or what the statement failed with before; it is over either way.
    }
    await giveBack(this.#database, connection);
  }
}

/** Ends the read that {@link BEGIN_READ} began. A connection that cannot end it is closed, which does so too. */
async function giveBack(database: Database, connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run("ROLLBACK");
  } catch (error) {
    database.discard(connection, error);
    return;
  }
  database.release(connection);
}
