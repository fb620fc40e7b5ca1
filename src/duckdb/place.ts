import { must } from "../core/errors/must.ts";
import { rm } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { PartitionKey } from "../core/metrics/facts.ts";
import type { StagedPartition } from "../ports/staged.ts";
import { Days } from "./fact-values.ts";
import { execute, identifier, integerList, literal } from "./sql.ts";
import type { StagedPart, Staging } from "./staging.ts";

/** Where each part of a stage goes, now that every day is known. */
export interface PlacedParts {
  /** In the order of tenant, source and period; those that facts fell in and those that were only named. */
  partitions: readonly StagedPartition[];
  /** Per part the index of its partition, and its day when its facts came without one. */
  places: readonly { partition: number; day: string | null }[];
}

/** Dates the parts. Two snapshots of one source that turn out to be of one day are one partition. */
export function placeParts(
  parts: readonly StagedPart[],
  dayOf: (tenant: string, period: string) => string,
  named: readonly PartitionKey[],
): PlacedParts {
  const found = new Map<string, StagedPartition>();
  const partitionOf = ({ tenant, source, period }: PartitionKey): StagedPartition => {
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
    places: dated.map(({ partition, day }) => ({
      partition: must(index.get(partition), "the partition of a part"),
      day,
    })),
  };
}

/** A row group of the engine's tables: sorting as many at a time keeps memory flat and each group to few tenants. */
const SLICE_ROWS = 122_880;

/** Parts of one dataset that are sorted together. */
export interface Slice {
  parts: number[];
  rows: number;
  /** Whether all of them are of one tenant and day, so that there is nothing to sort. */
  uniform: boolean;
}

/** Where a part goes. */
export interface Target {
  part: number;
  rows: number;
  partition: number;
  tenant: string;
  day: string | null;
}

/**
 * Writes the facts of a stage anew, each with its partition and its day, by tenant and day so that a store may take them
 * in as they come. They are sorted a slice at a time: the parts are in order already, and one sort of all of them would
 * take as much memory as the engine is given.
 * @param path what the files' names begin with; unique
 * @returns the files, in order
 */
export async function writePlaced(
  connection: DuckDBConnection,
  stage: Staging,
  placed: PlacedParts,
  path: string,
): Promise<string[]> {
  const { table, dataset } = stage;
  if (table === undefined) return [];
  const slices = slicesOf(targetsOf(stage.parts, placed));
  await fillTargets(connection, placed);
  const columns = dataset.columns.map((column) => `s.${identifier(column.name)}`);
  const written: string[] = [];
  try {
    for (const { parts, uniform } of slices) {
      const file = `${path}.${written.length}`;
      written.push(file);
      await execute(
        connection,
        `COPY (SELECT p.target AS part, coalesce(s.day, p.day) AS day, ${columns.join(", ")}
            FROM ${table} s JOIN staged_parts p USING (part)
            ${slices.length === 1 ? "" : `WHERE s.part IN (${integerList(parts)})`}
            ${uniform ? "" : "ORDER BY p.tenant, day"})
          TO ${literal(file)} (FORMAT parquet, COMPRESSION snappy, USE_TMP_FILE false, PRESERVE_ORDER ${!uniform})`,
      );
    }
  } catch (error) {
    for (const file of written) await rm(file, { force: true });
    throw error;
  }
  await connection.run("DROP TABLE temp.staged_parts");
  return written;
}

function targetsOf(parts: readonly StagedPart[], { places, partitions }: PlacedParts): Target[] {
  const targets = parts.flatMap(({ rows, tenant }, part): Target[] => {
    const place = places[part];
    return place === undefined ? [] : [{ part, rows, partition: place.partition, tenant, day: place.day }];
  });
  const order = tenantOrder(partitions);
  const rank = (target: Target): number => must(order.get(target.tenant), "the tenant of a part");
  return targets.sort((a, b) => rank(a) - rank(b) || compareDays(a.day, b.day) || a.part - b.part);
}

/** Tenants in the order their facts are written in. */
function tenantOrder(partitions: readonly PartitionKey[]): Map<string, number> {
  const order = new Map<string, number>();
  for (const { tenant } of partitions) if (!order.has(tenant)) order.set(tenant, order.size);
  return order;
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
    const sameDay = first !== undefined && target.tenant === first.tenant && target.day === first.day;
    // However many facts a tenant has on a day, they are in order as they are.
    const full = (slice?.rows ?? 0) >= most || target.rows >= most;
    if (slice === undefined || (full && !(slice.uniform && sameDay))) {
      slice = { parts: [], rows: 0, uniform: target.day !== null };
      slices.push(slice);
      first = target;
    }
    slice.parts.push(target.part);
    slice.rows += target.rows;
    slice.uniform &&= target.tenant === first?.tenant && target.day === first.day;
  }
  return slices;
}

async function fillTargets(connection: DuckDBConnection, { places, partitions }: PlacedParts): Promise<void> {
  await connection.run(
    "CREATE OR REPLACE TEMP TABLE staged_parts (part INTEGER, target INTEGER, tenant INTEGER, day DATE)",
  );
  const order = tenantOrder(partitions);
  const days = new Days();
  const appender = await connection.createAppender("staged_parts", "main", "temp");
  try {
    for (const [part, { partition, day }] of places.entries()) {
      appender.appendInteger(part);
      appender.appendInteger(partition);
      appender.appendInteger(
        must(order.get(must(partitions[partition], "the partition of a part").tenant), "its tenant"),
      );
      const date = days.of(day);
      if (date === null) appender.appendNull();
      else appender.appendDate(date);
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}
