import type { DuckDBConnection } from "@duckdb/node-api";
import type { FieldMapping, TableMapping } from "../../ports/load.ts";
import { identifier, literal } from "../../duckdb/sql.ts";
import { rowsOf } from "../../duckdb/sql.ts";

/** How the insert reads a column of tags. */
export interface TagReader {
  column: string;
  /** Over the stage, named `s`, and the join's table. */
  expression: string;
  /** Empty when none is needed. */
  join: string;
  /** Accepted rows whose tags could not be read. */
  lost: number;
}

/** Below this many rows a text, texts are read once each. */
const ROWS_A_TEXT = 4;

/**
 * Bills repeat the same tags on most rows, and flattening JSON is the dearest thing about a row: distinct texts are
 * flattened aside and joined. Where most rows have tags of their own, each is read in place.
 */
export async function prepareTags(
  connection: DuckDBConnection,
  table: string,
  mapping: TableMapping,
): Promise<TagReader[]> {
  const readers: TagReader[] = [];
  for (const { target, type, tagKeys = [] } of mapping.fields) {
    if (type === "tags")
      readers.push(await prepareColumn(connection, table, target, tagKeys, readers.length));
  }
  return readers;
}

async function prepareColumn(
  connection: DuckDBConnection,
  table: string,
  column: string,
  keys: TagKeys,
  number: number,
): Promise<TagReader> {
  const raw = identifier(column);
  const count = async (sql: string): Promise<number[]> =>
    ((await rowsOf(connection, sql))[0] ?? []).map(Number);
  const [texts = 0, rows = 0] = await count(
    `SELECT approx_count_distinct(${raw}), count(${raw}) FROM ${table}`,
  );
  if (texts * ROWS_A_TEXT > rows) {
    const [lost = 0] = await count(`SELECT count(*) FROM ${table} WHERE bad = 0 AND tags_lost(${raw})`);
    return { column, expression: flatTags(`s.${raw}`, keys), join: "", lost };
  }
  const name = `load_tags_${number}`;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${name} AS SELECT raw, ${flatTags("raw", keys)} AS flat, tags_lost(raw) AS lost
      FROM (SELECT DISTINCT ${raw} AS raw FROM ${table} WHERE ${raw} IS NOT NULL)`,
  );
  const [lost = 0] = await count(
    `SELECT count(*) FROM ${table} s JOIN ${name} t ON t.raw = s.${raw} WHERE t.lost AND s.bad = 0`,
  );
  return { column, expression: `${name}.flat`, join: `LEFT JOIN ${name} ON ${name}.raw = s.${raw}`, lost };
}

type TagKeys = NonNullable<FieldMapping["tagKeys"]>;

/** Tags as they are stored, from the text of a column. */
function flatTags(text: string, keys: TagKeys): string {
  if (keys.length === 0) return `read_tags(${text})`;
  const cases = keys.map(
    ({ begins, instead }) =>
      `WHEN starts_with(e.key, ${literal(begins)}) THEN ${literal(instead)} || substr(e.key, ${Array.from(begins).length + 1})`,
  );
  return `flat_tags(last_of_each(list_transform(tag_entries(${text}),
    lambda e: {'key': CASE ${cases.join(" ")} ELSE e.key END, 'value': e.value})))`;
}
