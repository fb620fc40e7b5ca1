import type { QueryResult } from "../../src/core/query/query.ts";

/** Rows as objects by column id, for tests that name columns. @throws Error where there is no result */
export function records(result: QueryResult | null): Record<string, string | null>[] {
  if (result === null) throw new Error("the part could not be computed");
  return result.rows.map((row) =>
    Object.fromEntries(result.columns.map(({ id }, i) => [id, row[i] ?? null])),
  );
}
