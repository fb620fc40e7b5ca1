import { DomainError } from "../../../core/errors/errors.ts";
import type { Follows } from "../../../core/metrics/assign.ts";
import type { DatasetId } from "../../../core/metrics/datasets.ts";
import { isSnapshotDay } from "../../../core/metrics/facts.ts";
import type { LoadedDay } from "../../../core/query/blocks.ts";
import type { Extent } from "../../../core/query/coverage.ts";
import { plausibleDays } from "../../../core/time/plausible.ts";
import type { Dynamo, Item } from "../dynamo.ts";
import { number, numberOf, packed, text, textOf, unpacked } from "../items.ts";
import type { Part } from "./codec.ts";

/** Blocks written by one load under one key prefix. */
export interface Segment {
  /** Part of the blocks' keys; unique. */
  key: string;
  /** Per day, the rows of each of its blocks. */
  days: [day: string, rows: number[]][];
}

/** The current load of a source and period. */
export interface Partition {
  source: string;
  period: string;
  /** The load's id; shared by all its partitions. */
  load: string;
  format: string;
  files: readonly string[];
  rows: number;
  loadedAt: string;
  segments: Segment[];
  /** Accounts with facts, in order; absent when they are too many to list. */
  accounts?: readonly string[];
  /** Absent in loads from before it was noted. */
  follows?: Follows;
}

/** Accounts a partition's entry lists at most. */
export const MAX_LISTED_ACCOUNTS = 500;

/** Blocks nothing names any more; they are still there for readers of the manifest before. */
export interface Garbage extends Segment {
  /** RFC 3339; when they were replaced. */
  since: string;
}

/**
 * Everything that is current of one tenant and dataset, in one item: a reader that gets it has one consistent state
 * of all partitions, and a load that puts it replaces all its partitions at once.
 */
export interface Manifest {
  /** Counts writes of the item; what conditional writes compare. 0: there is no item. */
  revision: number;
  /** Counts changes of the facts; part of cache keys. */
  version: number;
  asOf: string | null;
  partitions: Partition[];
  garbage: Garbage[];
}

/** DynamoDB's limit for an item is 400 KB, keys and names included. */
export const MAX_ITEM_BYTES = 390_000;

/** Holds one entry a tenant that has facts. No tenant id has this form. */
export const REGISTRY = "#tenants";

export function manifestKey(tenant: string, dataset: DatasetId): Item {
  return { customer_id: text(tenant), sk: text(`manifest#${dataset}`) };
}

export function blockKey(
  tenant: string,
  dataset: DatasetId,
  block: { part: Part; segment: string; day: string; chunk: number },
): Item {
  const { part, segment, day, chunk } = block;
  return {
    customer_id: text(tenant),
    sk: text(`${blockPrefix(dataset, part, `${segment}#`)}${day}#${chunk}`),
  };
}

/** What the keys of blocks begin with whose segment's key begins with `segment`. */
export function blockPrefix(dataset: DatasetId, part: Part, segment: string): string {
  return `block#${dataset}#${part}#${segment}`;
}

/** The manifest as it is now; an empty one when nothing was loaded yet. */
export async function readManifest(
  dynamo: Dynamo,
  table: string,
  tenant: string,
  dataset: DatasetId,
): Promise<Manifest> {
  return manifestOf(await dynamo.get(table, manifestKey(tenant, dataset)));
}

/** Of what is in a manifest; earlier ones do not say it. */
const FORMAT = 1;

function unknownFormat(format: number): DomainError {
  return new DomainError(
    "store.newer-record",
    "unavailable",
    `A manifest is of format ${format}, which this version does not read (${FORMAT})`,
    { fix: "Update securebase." },
  );
}

/** @throws DomainError `store.newer-record` for one that another version of the program wrote */
export function manifestOf(item: Item | undefined): Manifest {
  if (item === undefined) return { revision: 0, version: 0, asOf: null, partitions: [], garbage: [] };
  const format = numberOf(item, "format") ?? FORMAT;
  if (format !== FORMAT) throw unknownFormat(format);
  const body = unpacked(item, "body") as Pick<Manifest, "partitions" | "garbage">;
  return {
    revision: numberOf(item, "revision") ?? 0,
    version: numberOf(item, "version") ?? 0,
    asOf: textOf(item, "as_of") ?? null,
    ...body,
  };
}

/**
 * A put of the manifest that holds only if it still is as it was read.
 * @throws DomainError `store.too-many-partitions` when it no longer fits an item
 */
export function manifestPut(
  table: string,
  tenant: string,
  dataset: DatasetId,
  manifest: Manifest,
): {
  TableName: string;
  Item: Item;
  ConditionExpression: string;
  ExpressionAttributeValues?: Item;
} {
  const { revision, version, asOf, partitions, garbage } = manifest;
  const body = packed({ partitions, garbage });
  if (body.B.length > MAX_ITEM_BYTES) {
    throw new DomainError(
      "store.too-many-partitions",
      "too-large",
      `${tenant} has ${partitions.length} partitions of ${dataset}; their manifest no longer fits one item`,
      { fix: "Remove old snapshots, or deliver them by month instead of by day." },
    );
  }
  const item: Item = {
    ...manifestKey(tenant, dataset),
    format: number(FORMAT),
    revision: number(revision + 1),
    version: number(version),
    ...(asOf !== null && { as_of: text(asOf) }),
    body,
  };
  if (revision === 0)
    return { TableName: table, Item: item, ConditionExpression: "attribute_not_exists(sk)" };
  return {
    TableName: table,
    Item: item,
    ConditionExpression: "revision = :seen",
    ExpressionAttributeValues: { ":seen": number(revision) },
  };
}

/** Whether a load that writes under a key prefix has become current. */
export function holdsLoad({ partitions }: Manifest, loadKey: string): boolean {
  return partitions.some(({ segments }) => segments.some(({ key }) => key.startsWith(`${loadKey}.`)));
}

export function findPartition(
  manifest: Manifest,
  key: { source: string; period: string },
): Partition | undefined {
  return manifest.partitions.find((p) => p.source === key.source && p.period === key.period);
}

/** Every source and day that is loaded. A snapshot without facts is one too; its day is its period. */
export function loadedDays(manifest: Manifest): LoadedDay[] {
  return manifest.partitions.flatMap(({ source, period, rows, segments }) =>
    rows === 0 && isSnapshotDay(period)
      ? [{ source, day: period }]
      : segments.flatMap((segment) => segment.days.map(([day]) => ({ source, day }))),
  );
}

/** The first and last day with facts; see `DataVersion.extent`. */
export function extentOf({ asOf, partitions }: Manifest): Extent | null {
  if (asOf === null) return null;
  const { from, to } = plausibleDays(new Date(asOf));
  let first: string | undefined;
  let last: string | undefined;
  for (const { segments } of partitions)
    for (const { days } of segments)
      for (const [day] of days) {
        if (day < from || day >= to) continue;
        if (first === undefined || day < first) first = day;
        if (last === undefined || day > last) last = day;
      }
  return first === undefined || last === undefined ? null : { first, last };
}
