import {
  DATE,
  DECIMAL,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import type { Dataset, FactColumn, FactType } from "../../core/metrics/datasets.ts";
import { SCALE, tryParseDecimal } from "../../core/money/decimal.ts";
import { parseDate } from "../../core/time/dates.ts";
import type { LoadedFact } from "../../ports/load.ts";
import { identifier, sqlType } from "./schema.ts";

/** Rows of an engine vector. */
const CHUNK_ROWS = 2048;
const PRECISION = 38;
const TYPES: Readonly<Record<FactType, DuckDBType>> = {
  string: VARCHAR,
  tags: VARCHAR,
  instant: TIMESTAMP,
  decimal: DECIMAL(PRECISION, SCALE),
};

/** A temporary table of facts on their way in, on one connection. Nobody else sees it; it spills to disk when large. */
export class Staging {
  readonly #connection: DuckDBConnection;
  readonly #dataset: Dataset;
  readonly table = "staged_facts";
  #rows = 0;

  private constructor(connection: DuckDBConnection, dataset: Dataset) {
    this.#connection = connection;
    this.#dataset = dataset;
  }

  static async create(connection: DuckDBConnection, dataset: Dataset): Promise<Staging> {
    const staging = new Staging(connection, dataset);
    const columns = dataset.columns.map((column) => `${identifier(column.name)} ${sqlType(column.type)}`);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${staging.table} (
      tenant VARCHAR NOT NULL, source VARCHAR NOT NULL, period VARCHAR NOT NULL, day DATE NOT NULL, ${columns.join(", ")})`);
    return staging;
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * Appends all records, pulling a batch when the one before is stored.
   * @param onBatch called after each batch; may throw to stop
   * @throws DomainError `import.invalid-fact`
   */
  async fill(records: AsyncIterable<readonly LoadedFact[]>, onBatch: (rows: number) => void): Promise<void> {
    const appender = await this.#connection.createAppender(this.table, "main", "temp");
    try {
      for await (const batch of records) {
        for (let at = 0; at < batch.length; at += CHUNK_ROWS) {
          this.#append(appender, batch.slice(at, at + CHUNK_ROWS));
        }
        onBatch(this.#rows);
      }
    } finally {
      appender.closeSync();
    }
  }

  #append(appender: DuckDBAppender, facts: readonly LoadedFact[]): void {
    const { columns } = this.#dataset;
    const types = [VARCHAR, VARCHAR, VARCHAR, DATE, ...columns.map((column) => TYPES[column.type])];
    const chunk = DuckDBDataChunk.create(types, facts.length);
    chunk.setColumnValues(
      0,
      facts.map((fact) => fact.tenant),
    );
    chunk.setColumnValues(
      1,
      facts.map((fact) => fact.source),
    );
    chunk.setColumnValues(
      2,
      facts.map((fact) => fact.period),
    );
    chunk.setColumnValues(
      3,
      facts.map((fact) => new DuckDBDateValue(parseDate(fact.day, "day"))),
    );
    columns.forEach((column, i) => {
      chunk.setColumnValues(
        i + 4,
        facts.map((fact) => valueOf(column, fact.values[column.name] ?? null)),
      );
    });
    appender.appendDataChunk(chunk);
    this.#rows += facts.length;
  }

  async drop(): Promise<void> {
    await this.#connection.run(`DROP TABLE IF EXISTS temp.${this.table}`);
  }
}

function valueOf(column: FactColumn, text: string | null): DuckDBValue {
  if (text === null) return null;
  switch (column.type) {
    case "string":
      return text;
    case "tags":
      return checkTags(column, text);
    case "decimal": {
      const scaled = tryParseDecimal(text);
      if (scaled === undefined) throw invalidFact(column, text, "an exact decimal of at most 38 digits");
      return new DuckDBDecimalValue(scaled, PRECISION, SCALE);
    }
    case "instant": {
      const micros = microsOf(text);
      if (micros === undefined) throw invalidFact(column, text, "an RFC 3339 instant");
      return new DuckDBTimestampValue(micros);
    }
  }
}

/** Refused here, since one broken text would make every later question about tags fail. */
function checkTags(column: FactColumn, text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return text;
  } catch {
    // Reported below.
  }
  throw invalidFact(column, text, "a JSON object");
}

/** Microseconds since 1970: what an instant has beyond milliseconds is kept. */
function microsOf(instant: string): bigint | undefined {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) return undefined;
  const digits = /\.\d{3}(\d{1,3})/.exec(instant)?.[1] ?? "";
  return BigInt(ms) * 1000n + BigInt(digits.padEnd(3, "0"));
}

function invalidFact(column: FactColumn, text: string, wanted: string): DomainError {
  return new DomainError(
    "import.invalid-fact",
    "unprocessable",
    `${column.name} "${text.slice(0, 60)}" is not ${wanted}; nothing was loaded`,
    { field: column.name, fix: "Correct the value in the source, or report it if the source is right." },
  );
}
