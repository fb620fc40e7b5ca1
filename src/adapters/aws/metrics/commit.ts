import { randomUUID } from "node:crypto";
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { DomainError } from "../../../core/errors/errors.ts";
import type { DatasetId } from "../../../core/metrics/datasets.ts";
import { type Dynamo, inParallel, MAX_TRANSACTION } from "../dynamo.ts";
import { text } from "../items.ts";
import { ConditionFailed, pauseBefore } from "../retry.ts";
import { type Manifest, manifestPut, readManifest, REGISTRY } from "./manifest.ts";

export interface CommitTarget {
  dynamo: Dynamo;
  table: string;
  dataset: DatasetId;
}

/** Writers of one manifest that get in each other's way again and again; with jitter twenty rounds serve dozens. */
const TRIES = 20;

/** Names one manifest item. */
export interface ManifestName {
  tenant: string;
  dataset: DatasetId;
}

/** A manifest and which one it is. */
export interface NamedManifest extends ManifestName {
  manifest: Manifest;
}

/** {@link commitTogether} for tenants' manifests of one dataset. */
export async function commitManifests(
  target: CommitTarget,
  tenants: readonly string[],
  change: (tenant: string, manifest: Manifest) => Manifest,
  done: (tenant: string, manifest: Manifest) => boolean,
  together?: () => Promise<TransactWriteItem[]>,
): Promise<Map<string, Manifest>> {
  const { dataset } = target;
  const after = await commitTogether(
    target,
    tenants.map((tenant) => ({ tenant, dataset })),
    ({ tenant, manifest }) => change(tenant, manifest),
    ({ tenant, manifest }) => done(tenant, manifest),
    together,
  );
  return new Map(after.map(({ tenant, manifest }) => [tenant, manifest]));
}

/**
 * Changes manifests, all or none: the atomic replace. Each is read anew and put on condition that it has not changed
 * since; when it has, everything is read and changed again.
 * @param change makes the new manifest from the one that is there; throws to give up, and is called again on a retry
 * @param done tells whether a manifest already has the change, since a put whose answer was lost may have worked
 * @param together makes what has to hold, or is done, in the same transaction; throws to give up, and is called again on
 *   a retry
 */
export async function commitTogether(
  store: Pick<CommitTarget, "dynamo" | "table">,
  names: readonly ManifestName[],
  change: (before: NamedManifest) => Manifest,
  done: (now: NamedManifest) => boolean,
  together: () => Promise<TransactWriteItem[]> = () => Promise.resolve([]),
): Promise<NamedManifest[]> {
  for (let attempt = 1; ; attempt++) {
    const before = await inParallel(names, 8, async ({ tenant, dataset }): Promise<NamedManifest> => {
      return { tenant, dataset, manifest: await readManifest(store.dynamo, store.table, tenant, dataset) };
    });
    const left = attempt === 1 ? before : before.filter((each) => !done(each));
    const changed = left.map((each) => ({ ...each, manifest: change(each) }));
    try {
      if (changed.length > 0) await putAll(store, changed, await together());
      return [...before.filter((each) => !left.includes(each)), ...changed];
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (attempt === TRIES) throw contended(names, error);
      await new Promise((resolve) => setTimeout(resolve, pauseBefore(JITTER, attempt)));
    }
  }
}

const JITTER = { firstPause: 10, maxPause: 500, random: Math.random } as Parameters<typeof pauseBefore>[0];

/**
 * One manifest takes a conditional put, several a transaction, which costs twice. Over a hundred take several
 * transactions, none of which parts a tenant: each still sees the load whole or not at all.
 */
async function putAll(
  { dynamo, table }: Pick<CommitTarget, "dynamo" | "table">,
  manifests: readonly NamedManifest[],
  together: readonly TransactWriteItem[],
): Promise<void> {
  for (const group of transactions(manifests, MAX_TRANSACTION - together.length)) {
    const puts = group.map(({ tenant, dataset, manifest }) => manifestPut(table, tenant, dataset, manifest));
    const [first] = puts;
    if (first !== undefined && puts.length + together.length === 1) await dynamo.put(first);
    else await dynamo.transact([...puts.map((put) => ({ Put: put })), ...together], randomUUID());
  }
}

function transactions(manifests: readonly NamedManifest[], most: number): NamedManifest[][] {
  const groups: NamedManifest[][] = [];
  for (const tenant of new Set(manifests.map((each) => each.tenant))) {
    const own = manifests.filter((each) => each.tenant === tenant);
    const last = groups.at(-1);
    if (last !== undefined && last.length + own.length <= most) last.push(...own);
    else groups.push(own);
  }
  return groups;
}

function contended(names: readonly ManifestName[], cause: unknown): DomainError {
  const datasets = [...new Set(names.map(({ dataset }) => dataset))].join(", ");
  const tenants = [...new Set(names.map(({ tenant }) => tenant))].join(", ");
  return new DomainError(
    "import.conflict",
    "conflict",
    `Other loads kept changing ${datasets} of ${tenants}; this one was not taken`,
    { fix: "Import it again.", cause },
  );
}

/** Notes that a tenant has facts, so that all tenants' loads can be listed. */
export async function registerTenant(dynamo: Dynamo, table: string, tenant: string): Promise<void> {
  await dynamo.put({ TableName: table, Item: { customer_id: text(REGISTRY), sk: text(tenant) } });
}

/** The tenants that ever had facts, in order. */
export async function registeredTenants(dynamo: Dynamo, table: string): Promise<string[]> {
  const items = await dynamo.queryAll({
    TableName: table,
    KeyConditionExpression: "customer_id = :registry",
    ExpressionAttributeValues: { ":registry": text(REGISTRY) },
    ConsistentRead: true,
  });
  return items.flatMap((item) => (item.sk?.S === undefined ? [] : [item.sk.S]));
}
