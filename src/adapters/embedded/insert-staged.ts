import type { DuckDBConnection } from "@duckdb/node-api";
import type { PartitionKey } from "../../core/metrics/facts.ts";
import { Days } from "./fact-values.ts";
import type { NewPartition, OpenedPartition } from "./partitions.ts";
import { factTable, identifier } from "./schema.ts";
import type { StagedPart, Staging } from "./staging.ts";
import { execute, integerList } from "./sql.ts";

/** Where each staged part goes, now that every day is known. */
export interface PlacedParts {
  /** In the order of tenant, source and period; those that facts fell in and those that were only named. */
  partitions: readonly NewPartition[];
  /** Per staged part the index of its partition, and its day when its facts came without one. */
  places: readonly { partition: number; day: string | null }[];
}

/** Dates the parts. Two snapshots of one source that turn out to be of one day are one partition. */
export function placeParts(
  parts: readonly StagedPart[],
  dayOf: (tenant: string, period: string) => string,
  named: readonly PartitionKey[],
): PlacedParts {
  const found = new Map<string, NewPartition>();
  const partitionOf = ({ tenant, source, period }: PartitionKey): NewPartition => {
    const name = JSON.stringify([tenant, source, period]);
    let partition = found.get(name);
    if (partition === undefined) {
      partition = { tenant, source, period, rows: 0 };
      found.set(name, partition);
    }
    return partition;
  };
  const dated = parts.map(({ tenant, source, period, undated, rows }) => {
    const day = undated ? dayOf(tenant, period) : null;
    const partition = partitionOf({ tenant, source, period: day ?? period });
    partition.rows += rows;
    return { partition, day };
  });
  for (const key of named) partitionOf(key);
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, partition]) => partition);
  const index = new Map(sorted.map((partition, i) => [partition, i]));
  return {
    partitions: sorted,
    places: dated.map(({ partition, day }) => ({ partition: index.get(partition) ?? 0, day })),
  };
}

/** A row group of the engine's tables: sorting as many at a time keeps memory flat and each group to few tenants. */
const SLICE_ROWS = 122_880;

/** Parts of one dataset that are inserted together. */
export interface Slice {
  parts: number[];
  rows: number;
  /** Whether all of them are of one tenant and day, so that there is nothing to sort. */
  uniform: boolean;
}

/** Where a staged part goes. */
export interface Target {
  part: number;
  rows: number;
  tenantKey: number;
  loadId: number;
  day: string | null;
}

/**
 * Copies the staged facts into their partitions, by tenant and day so that a tenant's days lie together on disk. They
 * are sorted a slice at a time: the parts are in order already, and one sort of all of them would take as much memory
 * as the engine is given.
 */
export async function insertStaged(
  connection: DuckDBConnection,
  stage: Staging,
  placed: PlacedParts,
  opened: readonly OpenedPartition[],
): Promise<void> {
  const { table, dataset } = stage;
  if (table === undefined) return;
  const targets = targetsOf(stage.parts, placed, opened);
  await fillTargets(connection, targets);
  const columns = dataset.columns.map((column) => `s.${identifier(column.name)}`);
  const insert = async (from: string, where: string): Promise<void> => {
    // Sorted also where it makes no difference: of an unsorted join's rows the engine holds all until it commits.
    await execute(
      connection,
      `INSERT INTO ${factTable(dataset.id)} SELECT p.key, coalesce(s.day, p.day) AS fact_day, p.load_id, ${columns.join(", ")}
        FROM ${from} s JOIN staged_parts p USING (part) ${where} ORDER BY p.key, fact_day`,
    );
  };
  const slices = slicesOf(targets);
  for (const { parts, uniform } of slices) {
    const where = slices.length === 1 ? "" : `WHERE s.part IN (${integerList(parts)})`;
    if (uniform) for (const file of stage.files) await insert(file, where);
    else await insert(table, where);
  }
  await connection.run("DROP TABLE temp.staged_parts");
}

function targetsOf(
  parts: readonly StagedPart[],
  { places }: PlacedParts,
  opened: readonly OpenedPartition[],
): Target[] {
  const targets = parts.flatMap(({ rows }, part): Target[] => {
    const place = places[part];
    const target = opened[place?.partition ?? -1];
    if (place === undefined || target === undefined) return [];
    return [{ part, rows, tenantKey: target.tenantKey, loadId: target.loadId, day: place.day }];
  });
  return targets.sort((a, b) => a.tenantKey - b.tenantKey || compareDays(a.day, b.day) || a.part - b.part);
}

function compareDays(a: string | null, b: string | null): number {
  return a === b ? 0 : (a ?? "") < (b ?? "") ? -1 : 1;
}

/**
 * Runs of parts, each about as long as a row group. A part without a day of its own may hold many.
 * @param most rows that end a slice
 */
export function slicesOf(targets: readonly Target[], most = SLICE_ROWS): Slice[] {
  const slices: Slice[] = [];
  let slice: Slice | undefined;
  let first: Target | undefined;
  for (const target of targets) {
    const sameDay = first !== undefined && target.tenantKey === first.tenantKey && target.day === first.day;
    // However many facts a tenant has on a day, they are in order as they are.
    const full = (slice?.rows ?? 0) >= most || target.rows >= most;
    if (slice === undefined || (full && !(slice.uniform && sameDay))) {
      slice = { parts: [], rows: 0, uniform: target.day !== null };
      slices.push(slice);
      first = target;
    }
    slice.parts.push(target.part);
    slice.rows += target.rows;
    slice.uniform &&= target.tenantKey === first?.tenantKey && target.day === first.day;
  }
  return slices;
}

async function fillTargets(connection: DuckDBConnection, targets: readonly Target[]): Promise<void> {
  await connection.run(
    "CREATE OR REPLACE TEMP TABLE staged_parts (part INTEGER, key INTEGER, load_id INTEGER, day DATE)",
  );
  const days = new Days();
  const appender = await connection.createAppender("staged_parts", "main", "temp");
  try {
    for (const { part, tenantKey, loadId, day } of targets) {
      appender.appendInteger(part);
      appender.appendInteger(tenantKey);
      appender.appendInteger(loadId);
      const date = days.of(day);
      if (date === null) appender.appendNull();
      else appender.appendDate(date);
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}
