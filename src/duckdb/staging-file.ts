import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { Dataset } from "../core/metrics/datasets.ts";
import { identifier, literal, sqlType } from "./sql.ts";

const TABLE = "temp.staging_file";

/**
 * Facts that become one file of a stage: collected in the engine, then written by its threads while the caller goes on
 * with another one.
 */
export class StagingFile {
  /** Its own: a second statement on it would end the one that writes. */
  readonly #connection: DuckDBConnection;
  readonly #columns: string;
  #appender: DuckDBAppender | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(connection: DuckDBConnection, dataset: Dataset) {
    this.#connection = connection;
    const columns = dataset.columns.map(({ name, type }) => `${identifier(name)} ${sqlType(type)}`);
    this.#columns = ["part INTEGER NOT NULL", "day DATE", ...columns].join(", ");
  }

  /** Copies the chunk's rows. */
  async append(chunk: DuckDBDataChunk): Promise<void> {
    if (this.#appender === undefined) {
      await this.#connection.run(`CREATE OR REPLACE TEMP TABLE staging_file (${this.#columns})`);
      this.#appender = await this.#connection.createAppender("staging_file", "main", "temp");
    }
    this.#appender.appendDataChunk(chunk);
  }

  /** Begins to write the file; {@link free} tells when it is done. */
  write(path: string): void {
    const appender = this.#appender;
    this.#appender = undefined;
    appender?.closeSync();
    this.#written = this.#copy(path);
    // Told by `free`; until then it is no unhandled rejection.
    this.#written.catch(() => undefined);
  }

  async #copy(path: string): Promise<void> {
    await this.#connection.run(
      `COPY ${TABLE} TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy, USE_TMP_FILE false)`,
    );
    await this.#connection.run(`DROP TABLE ${TABLE}`);
  }

  /** Resolves when the file is written and can be filled again. @throws what writing failed with */
  async free(): Promise<void> {
    await this.#written;
  }

  async dispose(): Promise<void> {
    await this.#written.catch(() => undefined);
    try {
      this.#appender?.closeSync();
    } catch {
      // Its rows are thrown away, and why the load ends is told already.
    }
    this.#connection.disconnectSync();
  }
}
