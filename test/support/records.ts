import type { QueryResult } from "../../src/core/query/query.ts";

/** Rows as objects by column id, for tests that name columns. */
export function records(result: QueryResult): Record<string, string | null>[] {
  return result.rows.map((row) =>
    Object.fromEntries(result.columns.map(({ id }, i) => [id, row[i] ?? null])),
  );
}
