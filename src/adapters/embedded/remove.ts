import type { DuckDBConnection } from "@duckdb/node-api";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { RemovalRequest, RemovedPartition } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { moneyByLoad } from "./load-money.ts";
import { deletePartitions, findTenantKey } from "./partitions.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/** What of one dataset goes. */
interface Found {
  tenant: number;
  dataset: DatasetId;
  loadIds: number[];
  removed: RemovedPartition[];
}

/**
 * Removes partitions in one transaction, which a crash undoes.
 * @returns what went, or would go in a dry run
 */
export async function removePartitions(
  database: Database,
  request: RemovalRequest,
): Promise<RemovedPartition[]> {
  if (request.dryRun)
    return database.read(async (connection) => removedOf(await findAll(connection, request)));
  return database.write(async (connection) => {
    const found = await findAll(connection, request);
    for (const { tenant, dataset, loadIds } of found) {
      if (loadIds.length === 0) continue;
      await deletePartitions(connection, dataset, loadIds);
      await countRemoval(connection, tenant, dataset);
    }
    return removedOf(found);
  });
}

async function findAll(connection: DuckDBConnection, request: RemovalRequest): Promise<Found[]> {
  const tenant = await findTenantKey(connection, request.tenant);
  if (tenant === undefined) return [];
  const found: Found[] = [];
  for (const dataset of request.datasets) found.push(await matching(connection, tenant, dataset, request));
  return found;
}

function removedOf(found: readonly Found[]): RemovedPartition[] {
  return found.flatMap(({ removed }) => removed);
}

async function matching(
  connection: DuckDBConnection,
  tenant: number,
  dataset: DatasetId,
  request: RemovalRequest,
): Promise<Found> {
  const { source, period } = request;
  const rows = await rowsOf(
    connection,
    `SELECT load_id, period, rows FROM loads WHERE tenant = ${tenant} AND dataset = $1 AND source = $2
      ${period === undefined ? "" : "AND period = $3"} ORDER BY period`,
    [dataset, source, ...(period === undefined ? [] : [period])],
  );
  const loadIds = rows.map(([loadId]) => Number(loadId));
  const totals = await moneyByLoad(connection, dataset, loadIds);
  return {
    tenant,
    dataset,
    loadIds,
    removed: rows.map(([loadId, its, count]) => ({
      tenant: request.tenant,
      dataset,
      source,
      period: String(its),
      rows: Number(count),
      totals: totals.get(Number(loadId)) ?? [],
    })),
  };
}

/** A new version; what is left may be as of an earlier load. */
async function countRemoval(connection: DuckDBConnection, tenant: number, dataset: DatasetId): Promise<void> {
  await execute(
    connection,
    `UPDATE versions SET version = version + 1,
      as_of = (SELECT max(loaded_at) FROM loads WHERE tenant = ${tenant} AND dataset = $1)
      WHERE tenant = ${tenant} AND dataset = $1`,
    [dataset],
  );
}
