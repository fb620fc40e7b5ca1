import type { DuckDBConnection } from "@duckdb/node-api";
import { type DatasetId, DATASETS } from "../../core/metrics/datasets.ts";
import { staysEmpty } from "../../core/metrics/facts.ts";
import type { Database } from "./database.ts";
import { bumpVersion, deletePartitions, recordPartitions, tenantKey } from "./partitions.ts";
import { factTable } from "./schema.ts";
import { execute, identifier, instantOf, integerList, rowsOf } from "../../duckdb/sql.ts";

/** The key of the unassigned tenant. */
const UNASSIGNED_KEY = 0;

/** A partition that gives facts away. */
interface Giver {
  loadId: number;
  tenant: number;
  source: string;
  period: string;
  moved: number;
  left: number;
  load: { id: string; dataset: DatasetId; format: string; files: string[]; loadedAt: string };
}

/**
 * Moves an account's facts to the tenant that claims it, whoever held them. Each goes into the claimer's partition of
 * the same source and period, which is made if need be: a later import of the same file then finds the partitions it
 * would have made itself, and replaces them.
 * @returns facts moved
 */
export async function reassignAccount(
  database: Database,
  dataset: DatasetId,
  account: string,
  to: string,
): Promise<number> {
  return database.write(async (connection) => {
    const target = await tenantKey(connection, to);
    const givers = await findGivers(connection, dataset, account, target);
    if (givers.length === 0) return 0;
    const takers = await openTakers(connection, dataset, target, givers);
    await moveFacts(connection, dataset, account, target, takers);
    for (const giver of givers) {
      await addRows(connection, giver.loadId, -giver.moved);
      await addRows(connection, takers.get(giver.loadId) ?? 0, giver.moved);
    }
    const emptied = givers.filter((g) => g.left === 0 && !staysEmpty(g.period, g.tenant !== UNASSIGNED_KEY));
    await deletePartitions(
      connection,
      dataset,
      emptied.map((g) => g.loadId),
    );
    const newest =
      givers
        .map((g) => g.load.loadedAt)
        .sort()
        .at(-1) ?? "";
    for (const key of new Set([target, ...givers.map((g) => g.tenant)])) {
      await bumpVersion(connection, key, dataset, newest);
    }
    return givers.reduce((sum, giver) => sum + giver.moved, 0);
  });
}

async function findGivers(
  connection: DuckDBConnection,
  dataset: DatasetId,
  account: string,
  target: number,
): Promise<Giver[]> {
  const column = identifier(DATASETS[dataset].accountColumn);
  const rows = await rowsOf(
    connection,
    `SELECT l.load_id, l.tenant, l.source, l.period, f.moved, l.rows - f.moved, l.id, l.format, l.files, l.loaded_at::VARCHAR
      FROM (SELECT load_id, count(*) AS moved FROM ${factTable(dataset)}
        WHERE ${column} = $1 AND tenant <> ${target} GROUP BY load_id) f
      JOIN loads l ON l.load_id = f.load_id ORDER BY l.load_id`,
    [account],
  );
  return rows.map(([loadId, tenant, source, period, moved, left, id, format, files, loadedAt]) => ({
    loadId: Number(loadId),
    tenant: Number(tenant),
    source: String(source),
    period: String(period),
    moved: Number(moved),
    left: Number(left),
    load: {
      id: String(id),
      dataset,
      format: String(format),
      files: JSON.parse(String(files)) as string[],
      loadedAt: instantOf(String(loadedAt)),
    },
  }));
}

/** The target's partition for each giver. @returns giver's load id -> taker's */
async function openTakers(
  connection: DuckDBConnection,
  dataset: DatasetId,
  target: number,
  givers: readonly Giver[],
): Promise<Map<number, number>> {
  const name = (source: unknown, period: unknown): string => JSON.stringify([source, period]);
  const rows = await rowsOf(
    connection,
    `SELECT source, period, load_id FROM loads WHERE tenant = ${target} AND dataset = $1`,
    [dataset],
  );
  const open = new Map(rows.map(([source, period, loadId]) => [name(source, period), Number(loadId)]));
  const takers = new Map<number, number>();
  for (const { loadId, source, period, load } of givers) {
    let taker = open.get(name(source, period));
    if (taker === undefined) {
      const made = await recordPartitions(connection, load, [{ tenantKey: target, source, period, rows: 0 }]);
      taker = made[0] ?? 0;
      open.set(name(source, period), taker);
    }
    takers.set(loadId, taker);
  }
  return takers;
}

/** Copies and deletes rather than updates, so that the claimer's rows lie together, sorted by day. */
async function moveFacts(
  connection: DuckDBConnection,
  dataset: DatasetId,
  account: string,
  target: number,
  takers: ReadonlyMap<number, number>,
): Promise<void> {
  const table = factTable(dataset);
  const { columns, accountColumn } = DATASETS[dataset];
  const names = columns.map((column) => `f.${identifier(column.name)}`);
  const moves = [...takers].map((pair) => `(${integerList(pair)})`);
  const ofAccount = `${identifier(accountColumn)} = $1 AND tenant <> ${target}`;
  await execute(
    connection,
    `INSERT INTO ${table} SELECT ${target}, f.day, m.taker, ${names.join(", ")} FROM ${table} f
      JOIN (VALUES ${moves.join(", ")}) m (giver, taker) ON m.giver = f.load_id
      WHERE ${ofAccount} ORDER BY f.day`,
    [account],
  );
  await execute(connection, `DELETE FROM ${table} WHERE ${ofAccount}`, [account]);
}

async function addRows(connection: DuckDBConnection, loadId: number, rows: number): Promise<void> {
  await execute(
    connection,
    `UPDATE loads SET rows = rows + (${integerList([rows])}) WHERE load_id = ${integerList([loadId])}`,
  );
}
