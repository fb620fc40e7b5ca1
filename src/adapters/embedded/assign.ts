import type { DuckDBConnection } from "@duckdb/node-api";
import { must } from "../../core/errors/must.ts";
import {
  type AssignmentPlan,
  followsWith,
  type Follows,
  type HeldFacts,
  planAssignment,
} from "../../core/metrics/assign.ts";
import { DATASET_IDS, type DatasetId, DATASETS } from "../../core/metrics/datasets.ts";
import { staysEmpty } from "../../core/metrics/facts.ts";
import { execute, identifier, instantOf, integerList, literal, rowsOf } from "../../duckdb/sql.ts";
import type { AssignedFacts } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { countOwnerChange } from "./owner-changes.ts";
import {
  bumpVersion,
  deletePartitions,
  followsOf,
  recordPartitions,
  storedFollows,
  tenantKey,
} from "./partitions.ts";
import { factTable } from "./schema.ts";

/** The key of the unassigned tenant. */
const UNASSIGNED_KEY = 0;

/** One account's facts in a partition, and the partition's row in `loads`. */
interface Held extends HeldFacts {
  loadId: number;
  tenant: number;
  load: { id: string; dataset: DatasetId; format: string; files: string[]; loadedAt: string };
}

/** A dataset's facts on their way to a tenant. */
interface Transfer {
  connection: DuckDBConnection;
  dataset: DatasetId;
  target: number;
}

/**
 * Moves accounts' facts to the tenant that owns them, of all datasets in one transaction; see `MetricStore`. Each goes
 * into the owner's partition of the same source and period, which is made if need be: a later import of the same file
 * then finds the partitions it would have made itself, and replaces them.
 */
export async function assignAccounts(
  database: Database,
  accounts: readonly string[],
  to: string,
  signal?: AbortSignal,
): Promise<AssignedFacts> {
  const done: AssignedFacts = { moved: 0, superseded: 0, kept: 0 };
  if (accounts.length === 0) return done;
  await database.write(async (connection) => {
    signal?.throwIfAborted();
    await countOwnerChange(connection, accounts);
    const target = await tenantKey(connection, to);
    for (const dataset of DATASET_IDS) {
      const held = await findHeld(connection, dataset, accounts);
      const plan = planAssignment(
        held.filter(({ tenant }) => tenant !== target),
        held.filter(({ tenant }) => tenant === target),
      );
      await carryOut({ connection, dataset, target }, plan);
      done.moved += rowsIn(plan.moves);
      done.superseded += rowsIn(plan.superseded);
      done.kept += rowsIn(plan.kept);
    }
  });
  return done;
}

/** The accounts of facts that a tenant holds as their owner. */
export function accountsHeld(database: Database, tenant: string): Promise<string[]> {
  return database.read(async (connection) => {
    const found = new Set<string>();
    for (const dataset of DATASET_IDS) {
      const account = identifier(DATASETS[dataset].accountColumn);
      const rows = await rowsOf(
        connection,
        `SELECT DISTINCT f.${account} FROM ${factTable(dataset)} f
          JOIN loads l ON l.load_id = f.load_id JOIN tenant_keys k ON k.key = f.tenant
          WHERE k.id = $1 AND f.${account} IS NOT NULL
            AND (l.follows IS NULL OR list_contains(from_json(l.follows, '["VARCHAR"]'), f.${account}))`,
        [tenant],
      );
      for (const [each] of rows) found.add(String(each));
    }
    return [...found].sort();
  });
}

async function findHeld(
  connection: DuckDBConnection,
  dataset: DatasetId,
  accounts: readonly string[],
): Promise<Held[]> {
  const account = identifier(DATASETS[dataset].accountColumn);
  const rows = await rowsOf(
    connection,
    `SELECT l.load_id, l.tenant, l.source, l.period, l.follows, f.account, f.n,
        l.id, l.format, l.files, l.loaded_at::VARCHAR
      FROM (SELECT load_id, ${account} AS account, count(*) AS n FROM ${factTable(dataset)}
        WHERE ${account} IN (${accounts.map(literal).join(", ")}) GROUP BY ALL) f
      JOIN loads l ON l.load_id = f.load_id ORDER BY l.load_id, f.account`,
  );
  return rows.map(([loadId, tenant, source, period, follows, name, count, id, format, files, at]): Held => {
    const loadedAt = instantOf(String(at));
    return {
      partition: String(loadId),
      loadId: Number(loadId),
      tenant: Number(tenant),
      source: String(source),
      period: String(period),
      follows: followsOf(follows),
      account: String(name),
      rows: Number(count),
      loadedAt,
      load: {
        id: String(id),
        dataset,
        format: String(format),
        files: JSON.parse(String(files)) as string[],
        loadedAt,
      },
    };
  });
}

async function carryOut(transfer: Transfer, plan: AssignmentPlan<Held>): Promise<void> {
  const { connection, dataset, target } = transfer;
  const { moves, superseded } = plan;
  if (moves.length + superseded.length === 0) return;
  const targetLoads = await openTargetLoads(transfer, moves);
  const goal = ({ source, period }: Held): number =>
    must(targetLoads.get(placeOf(source, period)), "the target's load");
  // First what makes room: of the target's own facts it must not take those that are on their way.
  await deleteHeld(transfer, superseded);
  await fillMoving(
    connection,
    moves.map((held) => ({ held, goal: goal(held) })),
  );
  await copyMoving(transfer);
  await deleteHeld(transfer, moves);
  const sources = [...moves, ...superseded];
  const touched = [...new Set([...sources.map(({ loadId }) => loadId), ...targetLoads.values()])];
  await execute(
    connection,
    `UPDATE loads SET rows = (SELECT count(*) FROM ${factTable(dataset)} f WHERE f.load_id = loads.load_id)
      WHERE load_id IN (${integerList(touched)})`,
  );
  await removeEmptied(transfer, sources);
  const newest = sources.map(({ loadedAt }) => loadedAt).sort();
  for (const key of new Set([target, ...sources.map(({ tenant }) => tenant)]))
    await bumpVersion(connection, key, dataset, newest.at(-1) ?? "");
}

/** The target's loads that facts go into, by source and period; those of one loaded by name note who came. */
async function openTargetLoads(
  { connection, dataset, target }: Transfer,
  moves: readonly Held[],
): Promise<Map<string, number>> {
  const rows = await rowsOf(
    connection,
    `SELECT source, period, load_id, follows FROM loads WHERE tenant = ${target} AND dataset = $1`,
    [dataset],
  );
  const open = new Map(
    rows.map(([source, period, loadId, follows]) => [
      placeOf(String(source), String(period)),
      { loadId: Number(loadId), follows: followsOf(follows) },
    ]),
  );
  const found = new Map<string, number>();
  for (const { source, period, load } of moves) {
    const place = placeOf(source, period);
    if (found.has(place)) continue;
    const there = open.get(place);
    if (there === undefined) {
      const made = await recordPartitions(connection, { ...load, follows: "all" }, [
        { tenantKey: target, source, period, rows: 0 },
      ]);
      found.set(place, must(made[0], "the load just recorded"));
      continue;
    }
    found.set(place, there.loadId);
    const came = moves.filter((each) => placeOf(each.source, each.period) === place);
    await noteFollowing(connection, there, new Set(came.map(({ account }) => account)));
  }
  return found;
}

async function noteFollowing(
  connection: DuckDBConnection,
  { loadId, follows }: { loadId: number; follows: Follows },
  accounts: Iterable<string>,
): Promise<void> {
  if (follows === "all") return;
  await execute(connection, `UPDATE loads SET follows = $1 WHERE load_id = ${integerList([loadId])}`, [
    storedFollows(followsWith(follows, accounts)),
  ]);
}

/** Fills a temporary table with what is on its way; there may be thousands of accounts and periods. */
async function fillMoving(
  connection: DuckDBConnection,
  moving: readonly { held: Held; goal: number }[],
): Promise<void> {
  await connection.run(
    "CREATE OR REPLACE TEMP TABLE moving (load_id INTEGER, account VARCHAR, target_load INTEGER)",
  );
  const appender = await connection.createAppender("moving", "main", "temp");
  try {
    for (const { held, goal } of moving) {
      appender.appendInteger(held.loadId);
      appender.appendVarchar(held.account);
      appender.appendInteger(goal);
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}

/** Copies rather than updates, so that the owner's rows lie together, sorted by day. */
async function copyMoving({ connection, dataset, target }: Transfer): Promise<void> {
  const table = factTable(dataset);
  const { columns, accountColumn } = DATASETS[dataset];
  const names = columns.map((column) => `f.${identifier(column.name)}`);
  await execute(
    connection,
    `INSERT INTO ${table} SELECT ${target}, f.day, m.target_load, ${names.join(", ")} FROM ${table} f
      JOIN temp.moving m ON m.load_id = f.load_id AND m.account = f.${identifier(accountColumn)} ORDER BY f.day`,
  );
  await connection.run("DROP TABLE temp.moving");
}

async function deleteHeld(
  { connection, dataset }: Pick<Transfer, "connection" | "dataset">,
  held: readonly Held[],
): Promise<void> {
  if (held.length === 0) return;
  await fillMoving(
    connection,
    held.map((each) => ({ held: each, goal: 0 })),
  );
  const account = identifier(DATASETS[dataset].accountColumn);
  await execute(
    connection,
    `DELETE FROM ${factTable(dataset)} f USING temp.moving m
      WHERE m.load_id = f.load_id AND m.account = f.${account}`,
  );
  await connection.run("DROP TABLE temp.moving");
}

async function removeEmptied(
  { connection, dataset, target }: Transfer,
  sources: readonly Held[],
): Promise<void> {
  const passing = sources.filter(
    ({ tenant, period }) => tenant !== target && !staysEmpty(period, tenant !== UNASSIGNED_KEY),
  );
  if (passing.length === 0) return;
  const ids = integerList(passing.map(({ loadId }) => loadId));
  const empty = await rowsOf(connection, `SELECT load_id FROM loads WHERE load_id IN (${ids}) AND rows = 0`);
  await deletePartitions(
    connection,
    dataset,
    empty.map(([loadId]) => Number(loadId)),
  );
}

function rowsIn(held: readonly Held[]): number {
  return held.reduce((sum, { rows }) => sum + rows, 0);
}

function placeOf(source: string, period: string): string {
  return JSON.stringify([source, period]);
}
