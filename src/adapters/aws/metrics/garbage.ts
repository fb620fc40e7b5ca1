import type { DatasetId } from "../../../core/metrics/datasets.ts";
import { type Dynamo, inParallel, type Item } from "../dynamo.ts";
import { EXPIRES, number, text, textOf } from "../items.ts";
import { ConditionFailed } from "../retry.ts";
import { PARTS } from "./codec.ts";
import { blockKey, blockPrefix, holdsLoad, type Manifest, readManifest, type Segment } from "./manifest.ts";

export interface GarbageTarget {
  dynamo: Dynamo;
  table: string;
  dataset: DatasetId;
}

/**
 * Seconds that replaced blocks stay readable: longer than any query that read the manifest before. Then DynamoDB's
 * time-to-live deletes them, which costs nothing.
 */
export const GRACE_SECONDS = 3_600;

const UPDATES_AT_ONCE = 8;

/** Lets the blocks of segments expire after the grace. */
export async function expireSegments(
  target: GarbageTarget,
  tenant: string,
  segments: readonly Segment[],
  now: Date,
): Promise<void> {
  const keys = segments.flatMap((segment) =>
    segment.days.flatMap(([day, chunks]) =>
      chunks.flatMap((_, chunk) =>
        PARTS.map((part) => blockKey(tenant, target.dataset, { part, day, chunk, segment: segment.key })),
      ),
    ),
  );
  await expireKeys(target, keys, now);
}

/**
 * Ends a load that did not: its blocks expire unless they are current after all, as those of a load are whose commit
 * was carried out and the answer lost. Then its note is taken back.
 */
export async function abandonLoad(
  target: GarbageTarget,
  tenant: string,
  loadKey: string,
  now: Date,
): Promise<"abandoned" | "current"> {
  const manifest = await readManifest(target.dynamo, target.table, tenant, target.dataset);
  const current = holdsLoad(manifest, loadKey);
  if (!current) await expireLoad(target, tenant, loadKey, now);
  await removeIntent(target, tenant, loadKey);
  return current ? "current" : "abandoned";
}

/** Lets all blocks of a load that no manifest names expire, found by their key prefix. */
async function expireLoad(target: GarbageTarget, tenant: string, loadKey: string, now: Date): Promise<void> {
  for (const part of PARTS) {
    const pages = target.dynamo.query({
      TableName: target.table,
      KeyConditionExpression: "customer_id = :tenant AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: {
        ":tenant": text(tenant),
        ":prefix": text(blockPrefix(target.dataset, part, `${loadKey}.`)),
      },
      ProjectionExpression: "customer_id, sk",
      ConsistentRead: true,
    });
    for await (const page of pages) await expireKeys(target, page, now);
  }
}

async function expireKeys(target: GarbageTarget, keys: readonly Item[], now: Date): Promise<void> {
  const expires = Math.floor(now.getTime() / 1000) + GRACE_SECONDS;
  await inParallel(keys, UPDATES_AT_ONCE, async (key) => {
    try {
      await target.dynamo.update({
        TableName: target.table,
        Key: key,
        UpdateExpression: `SET ${EXPIRES} = :expires`,
        // An update would create what is already gone; and a later date would keep it for nothing.
        ConditionExpression: `attribute_exists(sk) AND attribute_not_exists(${EXPIRES})`,
        ExpressionAttributeValues: { ":expires": number(expires) },
      });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  });
}

/** A manifest without garbage that has been let expire. */
export function withoutGarbage(manifest: Manifest, cleared: ReadonlySet<string>): Manifest {
  return { ...manifest, garbage: manifest.garbage.filter(({ key }) => !cleared.has(key)) };
}

/** A note, made before a load's first block, of what would be left behind if it died. */
export interface Intent {
  tenant: string;
  loadKey: string;
  /** RFC 3339; when the load began. */
  since: string;
}

export async function putIntent(target: GarbageTarget, intent: Intent): Promise<void> {
  await target.dynamo.put({
    TableName: target.table,
    Item: { ...intentKey(target.dataset, intent.tenant, intent.loadKey), since: text(intent.since) },
  });
}

export async function removeIntent(target: GarbageTarget, tenant: string, loadKey: string): Promise<void> {
  await target.dynamo.delete({
    TableName: target.table,
    Key: intentKey(target.dataset, tenant, loadKey),
  });
}

export async function listIntents(target: GarbageTarget, tenant: string): Promise<Intent[]> {
  const prefix = intentPrefix(target.dataset);
  const items = await target.dynamo.queryAll({
    TableName: target.table,
    KeyConditionExpression: "customer_id = :tenant AND begins_with(sk, :prefix)",
    ExpressionAttributeValues: { ":tenant": text(tenant), ":prefix": text(prefix) },
    ConsistentRead: true,
  });
  return items.map((item) => ({
    tenant,
    loadKey: (textOf(item, "sk") ?? "").slice(prefix.length),
    since: textOf(item, "since") ?? "",
  }));
}

function intentPrefix(dataset: DatasetId): string {
  return `intent#${dataset}#`;
}

function intentKey(dataset: DatasetId, tenant: string, loadKey: string): Item {
  return { customer_id: text(tenant), sk: text(intentPrefix(dataset) + loadKey) };
}
