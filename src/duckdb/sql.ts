import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { FactType } from "../core/metrics/datasets.ts";
import { SCALE } from "../core/money/decimal.ts";

/**
 * Runs a statement and reads its whole answer; for small ones. Values are bound as `$1`, `$2`, …
 * BIGINT comes back as bigint, DATE, TIMESTAMP and DECIMAL as the engine's own value objects: cast to VARCHAR where
 * text is wanted.
 */
export async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  values: readonly DuckDBValue[] = [],
): Promise<DuckDBValue[][]> {
  const reader = await connection.runAndReadAll(sql, [...values]);
  return reader.getRows();
}

/** Runs a statement for its effect. @returns rows inserted, updated or deleted */
export async function execute(
  connection: DuckDBConnection,
  sql: string,
  values: readonly DuckDBValue[] = [],
): Promise<number> {
  const result = await connection.run(sql, [...values]);
  return result.rowsChanged;
}

/** A cell that the schema says is text; null stays null. */
export function textOf(value: DuckDBValue | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** A list of whole numbers as SQL, e.g. for `IN`. */
export function integerList(numbers: readonly number[]): string {
  return numbers.map((n) => Math.trunc(n).toFixed(0)).join(", ");
}

/** An RFC 3339 instant as the engine writes a TIMESTAMP that is meant in UTC: `2024-09-01 00:00:00` -> `…T00:00:00Z`. */
export function instantOf(timestamp: string): string {
  return new Date(`${timestamp.replace(" ", "T")}Z`).toISOString();
}

const SQL_TYPES: Readonly<Record<FactType, string>> = {
  string: "VARCHAR",
  decimal: `DECIMAL(38,${SCALE})`,
  instant: "TIMESTAMP",
  tags: "VARCHAR",
};

/** How SQL names the type of a fact column's values. */
export function sqlType(type: FactType): string {
  return SQL_TYPES[type];
}

/** Quotes an identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a string literal. */
export function literal(text: string): string {
  const parts = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  // The parser takes a NUL for the end of the statement.
  return parts.length === 1 ? `${parts[0]}` : `(${parts.join(" || chr(0) || ")})`;
}
