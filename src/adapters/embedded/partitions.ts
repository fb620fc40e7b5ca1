import { must } from "../../core/errors/must.ts";
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { Follows } from "../../core/metrics/assign.ts";
import type { PartitionKey } from "../../core/metrics/facts.ts";
import { factTable } from "./schema.ts";
import { execute, integerList, rowsOf } from "../../duckdb/sql.ts";

/**
 * What every way of loading shares. All of it runs inside the caller's write transaction.
 *
 * `loads` has one row a partition, and its `load_id` is that row's own number: facts carry it, so that a partition is
 * removed, and its source found, by one integer. The text `id` names the load and is shared by its partitions.
 */
export interface LoadMeta {
  /** Names the load; the same for all its partitions. */
  id: string;
  dataset: DatasetId;
  format: string;
  files: readonly string[];
  /** RFC 3339, UTC. */
  loadedAt: string;
  follows: Follows;
}

/** `Follows` as the column holds it: NULL for all. */
export function storedFollows(follows: Follows): string | null {
  return follows === "all" ? null : JSON.stringify(follows);
}

/** What the column holds. */
export function followsOf(stored: DuckDBValue | undefined): Follows {
  return stored === null || stored === undefined ? "all" : (JSON.parse(String(stored)) as string[]);
}

/** A partition about to be written, and how many facts the caller will insert for it. */
export interface NewPartition extends PartitionKey {
  rows: number;
}

/** What facts of a partition are inserted with, and what made room for them. */
export interface OpenedPartition extends PartitionKey {
  /** Value of the fact tables' `tenant` column. */
  tenantKey: number;
  /** Value of the fact tables' `load_id` column. */
  loadId: number;
  /** Facts of the load before, now deleted. */
  replacedRows: number;
}

/** A new id for `LoadMeta.id`: a random UUID, RFC 9562 version 4. */
export function newLoadName(): string {
  return crypto.randomUUID();
}

/** The integer that stands for a tenant in fact tables; undefined when nothing was ever stored for it. */
export async function findTenantKey(connection: DuckDBConnection, id: string): Promise<number | undefined> {
  const rows = await rowsOf(connection, "SELECT key FROM tenant_keys WHERE id = $1", [id]);
  const key = rows[0]?.[0];
  return key === undefined ? undefined : Number(key);
}

/** {@link findTenantKey}, giving the tenant a key when it has none. A key is never changed or used again. */
export async function tenantKey(connection: DuckDBConnection, id: string): Promise<number> {
  const found = await findTenantKey(connection, id);
  if (found !== undefined) return found;
  const rows = await rowsOf(
    connection,
    "INSERT INTO tenant_keys VALUES (nextval('tenant_key_ids')::INTEGER, $1) RETURNING key",
    [id],
  );
  return Number(rows[0]?.[0]);
}

/** Counts a change of a tenant's facts, so that answers computed from the old ones are no longer found in caches. */
export async function bumpVersion(
  connection: DuckDBConnection,
  tenant: number,
  dataset: DatasetId,
  loadedAt: string,
): Promise<void> {
  const values = [tenant, dataset, loadedAt];
  const updated = await execute(
    connection,
    `UPDATE versions SET version = version + 1, as_of = greatest(as_of, $3::TIMESTAMP)
      WHERE tenant = $1 AND dataset = $2`,
    values,
  );
  if (updated === 0)
    await execute(connection, "INSERT INTO versions VALUES ($1, $2, 1, $3::TIMESTAMP)", values);
}

/**
 * Makes room for a load: deletes the facts its partitions hold now, writes their rows in `loads`, gives tenants
 * without a key one, and bumps each tenant's version. The caller then inserts the facts, sorted by tenant and day,
 * with the keys and load ids returned (in the order of `partitions`; no partition may be named twice).
 */
export async function replacePartitions(
  connection: DuckDBConnection,
  load: LoadMeta,
  partitions: readonly NewPartition[],
): Promise<OpenedPartition[]> {
  const keys = new Map<string, number>();
  for (const { tenant } of partitions) {
    if (!keys.has(tenant)) keys.set(tenant, await tenantKey(connection, tenant));
  }
  const keyOf = (tenant: string): number => must(keys.get(tenant), "the tenant's key");
  const old = await currentPartitions(connection, load.dataset, [...keys.values()]);
  const loadIds = await recordPartitions(
    connection,
    load,
    partitions.map(({ tenant, source, period, rows }) => ({
      tenantKey: keyOf(tenant),
      source,
      period,
      rows,
    })),
  );
  const stale: number[] = [];
  const opened = partitions.map(({ tenant, source, period }, i): OpenedPartition => {
    const before = old.get(partitionName(keyOf(tenant), source, period));
    if (before !== undefined) stale.push(before.loadId);
    const replacedRows = before?.rows ?? 0;
    return {
      tenant,
      source,
      period,
      tenantKey: keyOf(tenant),
      loadId: must(loadIds[i], "the partition's load id"),
      replacedRows,
    };
  });
  await deletePartitions(connection, load.dataset, stale);
  for (const key of keys.values()) await bumpVersion(connection, key, load.dataset, load.loadedAt);
  return opened;
}

/** How many facts {@link replacePartitions} would take the place of, for a load that changes nothing. */
export async function previewPartitions(
  connection: DuckDBConnection,
  dataset: DatasetId,
  partitions: readonly PartitionKey[],
): Promise<(PartitionKey & { replacedRows: number })[]> {
  const keys = new Map<string, number>();
  for (const tenant of new Set(partitions.map((partition) => partition.tenant))) {
    const key = await findTenantKey(connection, tenant);
    if (key !== undefined) keys.set(tenant, key);
  }
  const current = await currentPartitions(connection, dataset, [...keys.values()]);
  return partitions.map(({ tenant, source, period }) => {
    const key = keys.get(tenant);
    const before = key === undefined ? undefined : current.get(partitionName(key, source, period));
    return { tenant, source, period, replacedRows: before?.rows ?? 0 };
  });
}

/** Rows of `loads` written by one statement. */
const LOADS_BATCH = 500;

/** Writes partitions' rows in `loads`. @returns their load ids, in the same order */
export async function recordPartitions(
  connection: DuckDBConnection,
  load: LoadMeta,
  partitions: readonly { tenantKey: number; source: string; period: string; rows: number }[],
): Promise<number[]> {
  const ids: number[] = [];
  for (let at = 0; at < partitions.length; at += LOADS_BATCH) {
    const batch = partitions.slice(at, at + LOADS_BATCH);
    const taken = await rowsOf(connection, `SELECT nextval('load_ids')::INTEGER FROM range(${batch.length})`);
    const batchIds = taken.map(([id]) => Number(id));
    const values: string[] = [];
    const rows = batch.map(({ tenantKey, source, period, rows }, i) => {
      const first = values.push(source, period) + 4;
      return `(${integerList([must(batchIds[i], "an id for each partition"), tenantKey, rows])}, $${first}, $${first + 1})`;
    });
    await execute(
      connection,
      `INSERT INTO loads SELECT p.load_id, $1, p.tenant, '${load.dataset}', p.source, p.period, $2, $3, p.n, $4::TIMESTAMP, $5
        FROM (VALUES ${rows.join(", ")}) p (load_id, tenant, n, source, period)`,
      [
        load.id,
        load.format,
        JSON.stringify(load.files),
        load.loadedAt,
        storedFollows(load.follows),
        ...values,
      ],
    );
    ids.push(...batchIds);
  }
  return ids;
}

function partitionName(tenant: number, source: string, period: string): string {
  return JSON.stringify([tenant, source, period]);
}

async function currentPartitions(
  connection: DuckDBConnection,
  dataset: DatasetId,
  tenants: readonly number[],
): Promise<Map<string, { loadId: number; rows: number }>> {
  if (tenants.length === 0) return new Map();
  const rows = await rowsOf(
    connection,
    `SELECT tenant, source, period, load_id, rows FROM loads WHERE dataset = $1 AND tenant IN (${integerList(tenants)})`,
    [dataset],
  );
  return new Map(
    rows.map(([tenant, source, period, loadId, count]) => [
      partitionName(Number(tenant), String(source), String(period)),
      { loadId: Number(loadId), rows: Number(count) },
    ]),
  );
}

/** Deletes partitions' facts and their rows in `loads`. */
export async function deletePartitions(
  connection: DuckDBConnection,
  dataset: DatasetId,
  loadIds: readonly number[],
): Promise<void> {
  if (loadIds.length === 0) return;
  const list = integerList(loadIds);
  await execute(connection, `DELETE FROM ${factTable(dataset)} WHERE load_id IN (${list})`);
  await execute(connection, `DELETE FROM loads WHERE load_id IN (${list})`);
}
