import { must } from "../../core/errors/must.ts";
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
interface SourceLoad {
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
    const sourceLoads = await findSourceLoads(connection, dataset, account, target);
    if (sourceLoads.length === 0) return 0;
    const targetLoads = await openTargetLoads(connection, dataset, target, sourceLoads);
    await moveFacts(connection, dataset, account, target, targetLoads);
    for (const sourceLoad of sourceLoads) {
      await addRows(connection, sourceLoad.loadId, -sourceLoad.moved);
      await addRows(
        connection,
        must(targetLoads.get(sourceLoad.loadId), "the target's load"),
        sourceLoad.moved,
      );
    }
    const emptied = sourceLoads.filter(
      (g) => g.left === 0 && !staysEmpty(g.period, g.tenant !== UNASSIGNED_KEY),
    );
    await deletePartitions(
      connection,
      dataset,
      emptied.map((g) => g.loadId),
    );
    const newest =
      sourceLoads
        .map((g) => g.load.loadedAt)
        .sort()
        .at(-1) ?? "";
    for (const key of new Set([target, ...sourceLoads.map((g) => g.tenant)])) {
      await bumpVersion(connection, key, dataset, newest);
    }
    return sourceLoads.reduce((sum, sourceLoad) => sum + sourceLoad.moved, 0);
  });
}

async function findSourceLoads(
  connection: DuckDBConnection,
  dataset: DatasetId,
  account: string,
  target: number,
): Promise<SourceLoad[]> {
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

/** The target tenant's load for each source load. @returns source load id -> target load id */
async function openTargetLoads(
  connection: DuckDBConnection,
  dataset: DatasetId,
  target: number,
  sourceLoads: readonly SourceLoad[],
): Promise<Map<number, number>> {
  const name = (source: unknown, period: unknown): string => JSON.stringify([source, period]);
  const rows = await rowsOf(
    connection,
    `SELECT source, period, load_id FROM loads WHERE tenant = ${target} AND dataset = $1`,
    [dataset],
  );
  const open = new Map(rows.map(([source, period, loadId]) => [name(source, period), Number(loadId)]));
  const targetLoads = new Map<number, number>();
  for (const { loadId, source, period, load } of sourceLoads) {
    let targetLoad = open.get(name(source, period));
    if (targetLoad === undefined) {
      const made = await recordPartitions(connection, load, [{ tenantKey: target, source, period, rows: 0 }]);
      targetLoad = must(made[0], "the load just recorded");
      open.set(name(source, period), targetLoad);
    }
    targetLoads.set(loadId, targetLoad);
  }
  return targetLoads;
}

/** Copies and deletes rather than updates, so that the claimer's rows lie together, sorted by day. */
async function moveFacts(
  connection: DuckDBConnection,
  dataset: DatasetId,
  account: string,
  target: number,
  targetLoads: ReadonlyMap<number, number>,
): Promise<void> {
  const table = factTable(dataset);
  const { columns, accountColumn } = DATASETS[dataset];
  const names = columns.map((column) => `f.${identifier(column.name)}`);
  const moves = [...targetLoads].map((pair) => `(${integerList(pair)})`);
  const ofAccount = `${identifier(accountColumn)} = $1 AND tenant <> ${target}`;
  await execute(
    connection,
    `INSERT INTO ${table} SELECT ${target}, f.day, m.target_load, ${names.join(", ")} FROM ${table} f
      JOIN (VALUES ${moves.join(", ")}) m (source_load, target_load) ON m.source_load = f.load_id
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
