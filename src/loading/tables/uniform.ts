import type { DuckDBConnection } from "@duckdb/node-api";
import type { Dataset } from "../../core/metrics/datasets.ts";
import { identifier, literal, rowsOf, sqlType, textOf } from "../../duckdb/sql.ts";

/**
 * Columns in which all staged rows have the same: nothing, as where the files lack a column, or one text, as a bill names
 * one payer and one currency. Sorted rows need not carry them along.
 * @param paths Parquet files, whose own statistics say so
 * @param table where their rows are
 * @returns column -> its value as SQL
 */
export async function uniformColumns(
  connection: DuckDBConnection,
  paths: readonly string[],
  table: string,
  { columns }: Dataset,
): Promise<Map<string, string>> {
  const rows = await rowsOf(
    connection,
    `SELECT path_in_schema, bool_and(stats_null_count = num_values) FROM parquet_metadata([${paths.map(literal).join(", ")}])
      GROUP BY path_in_schema
      HAVING bool_and(stats_null_count = num_values) OR bool_and(stats_null_count = 0 AND min_is_exact AND max_is_exact)
        AND count(*) = count(stats_min_value) AND min(stats_min_value) = max(stats_max_value)`,
  );
  const found = new Map(rows.map(([name, empty]) => [String(name), empty === true]));
  const uniform = new Map<string, string>();
  const filled: string[] = [];
  for (const { name, type } of columns) {
    const empty = found.get(name);
    if (empty === true) uniform.set(name, `NULL::${sqlType(type)}`);
    else if (empty === false && type === "string") filled.push(name);
  }
  if (filled.length === 0) return uniform;
  const [first = []] = await rowsOf(
    connection,
    `SELECT ${filled.map(identifier).join(", ")} FROM ${table} LIMIT 1`,
  );
  filled.forEach((name, i) => {
    const text = textOf(first[i]);
    // The engine takes a statement to end there.
    if (text !== null && !text.includes("\0")) uniform.set(name, literal(text));
  });
  return uniform;
}
