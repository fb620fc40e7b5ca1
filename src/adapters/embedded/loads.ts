import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { type DatasetId, DATASET_IDS } from "../../core/metrics/datasets.ts";
import type { LoadFilter, LoadPlace, LoadRecord } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { moneyByLoad } from "./load-money.ts";
import { instantOf, rowsOf } from "../../duckdb/sql.ts";

/** What loads are listed by. */
const ORDER = [
  { column: "l.loaded_at", of: (place: LoadPlace) => place.loadedAt, type: "TIMESTAMP", descending: true },
  { column: "k.id", of: (place: LoadPlace) => place.tenant, type: "VARCHAR", descending: true },
  { column: "l.dataset", of: (place: LoadPlace) => place.dataset, type: "VARCHAR", descending: false },
  { column: "l.source", of: (place: LoadPlace) => place.source, type: "VARCHAR", descending: true },
  { column: "l.period", of: (place: LoadPlace) => place.period, type: "VARCHAR", descending: true },
] as const;

/** What is behind a place: the first column that differs decides. @param value gives a parameter's name */
function behind(place: LoadPlace, value: (text: string) => string): string {
  const bound = ORDER.map((each) => ({ ...each, at: `${value(each.of(place))}::${each.type}` }));
  const decided = bound.map(({ column, at, descending }, i) => {
    const same = bound.slice(0, i).map((before) => `${before.column} = ${before.at}`);
    return [...same, `${column} ${descending ? "<" : ">"} ${at}`].join(" AND ");
  });
  return `(${decided.join(" OR ")})`;
}

/** The loads behind the current facts, newest first. */
export function listLoads(database: Database, filter: LoadFilter): Promise<LoadRecord[]> {
  return database.read((connection) => readLoads(connection, filter));
}

/** The same on a connection, in its transaction. */
export async function readLoads(connection: DuckDBConnection, filter: LoadFilter): Promise<LoadRecord[]> {
  const values: string[] = [];
  const value = (text: string): string => `$${values.push(text)}`;
  const where = filter.tenant === undefined ? ["true"] : [`k.id = ${value(filter.tenant)}`];
  if (filter.after !== undefined) where.push(behind(filter.after, value));
  const limit = filter.limit === undefined ? "" : `LIMIT ${Math.trunc(filter.limit)}`;
  const rows = await rowsOf(
    connection,
    `SELECT l.load_id, l.id, k.id, l.dataset, l.source, l.period, l.format, l.files, l.rows, l.loaded_at::VARCHAR
      FROM loads l JOIN tenant_keys k ON k.key = l.tenant WHERE ${where.join(" AND ")}
      ORDER BY ${ORDER.map(({ column, descending }) => `${column} ${descending ? "DESC" : ""}`).join(", ")} ${limit}`,
    values,
  );
  const loads = rows.map(([loadId, ...row]) => ({ loadId: Number(loadId), load: recordOf(row) }));
  if (filter.totals === true) return withTotals(connection, loads);
  return loads.map(({ load }) => load);
}

function recordOf(row: readonly DuckDBValue[]): LoadRecord {
  const [id, tenant, dataset, source, period, format, files, count, loadedAt] = row;
  return {
    id: String(id),
    tenant: String(tenant),
    dataset: String(dataset) as DatasetId,
    source: String(source),
    period: String(period),
    format: String(format),
    files: JSON.parse(String(files)) as string[],
    rows: Number(count),
    loadedAt: instantOf(String(loadedAt)),
  };
}

async function withTotals(
  connection: DuckDBConnection,
  loads: readonly { loadId: number; load: LoadRecord }[],
): Promise<LoadRecord[]> {
  const of = (dataset: DatasetId): number[] =>
    loads.filter(({ load }) => load.dataset === dataset).map(({ loadId }) => loadId);
  const found = new Map<number, LoadRecord["totals"]>();
  for (const dataset of DATASET_IDS)
    for (const [loadId, totals] of await moneyByLoad(connection, dataset, of(dataset)))
      found.set(loadId, totals);
  return loads.map(({ loadId, load }) => ({ ...load, totals: found.get(loadId) ?? [] }));
}
