import { randomUUID } from "node:crypto";
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

/**
 * Changes the manifests of some tenants, all or none: the atomic replace. Each is read anew and put on condition that
 * it has not changed since; when it has, everything is read and changed again.
 * @param change makes the new manifest from the one that is there; throws to give up, and is called again on a retry
 * @param done tells whether a manifest already has the change, since a put whose answer was lost may have worked
 */
export async function commitManifests(
  target: CommitTarget,
  tenants: readonly string[],
  change: (tenant: string, manifest: Manifest) => Manifest,
  done: (tenant: string, manifest: Manifest) => boolean,
): Promise<Map<string, Manifest>> {
  for (let attempt = 1; ; attempt++) {
    const before = new Map(
      await inParallel(tenants, 8, async (tenant) => {
        const manifest = await readManifest(target.dynamo, target.table, tenant, target.dataset);
        return [tenant, manifest] as const;
      }),
    );
    if (attempt > 1 && [...before].every(([tenant, manifest]) => done(tenant, manifest))) return before;
    const after = new Map([...before].map(([tenant, manifest]) => [tenant, change(tenant, manifest)]));
    try {
      await putAll(target, after);
      return after;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      if (attempt === TRIES) throw contended(target.dataset, tenants, error);
      await new Promise((resolve) => setTimeout(resolve, pauseBefore(JITTER, attempt)));
    }
  }
}

const JITTER = { firstPause: 10, maxPause: 500, random: Math.random } as Parameters<typeof pauseBefore>[0];

/**
 * One tenant takes a conditional put, several a transaction, which costs twice. Over a hundred tenants take several
 * transactions: each tenant still sees the load whole or not at all.
 */
async function putAll(target: CommitTarget, manifests: ReadonlyMap<string, Manifest>): Promise<void> {
  const puts = [...manifests].map(([tenant, manifest]) =>
    manifestPut(target.table, tenant, target.dataset, manifest),
  );
  const [first] = puts;
  if (first === undefined) return;
  if (puts.length === 1) {
    await target.dynamo.put(first);
    return;
  }
  for (let at = 0; at < puts.length; at += MAX_TRANSACTION) {
    const actions = puts.slice(at, at + MAX_TRANSACTION).map((put) => ({ Put: put }));
    await target.dynamo.transact(actions, randomUUID());
  }
}

function contended(dataset: DatasetId, tenants: readonly string[], cause: unknown): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `Other loads kept changing ${dataset} of ${tenants.join(", ")}; this one was not taken`,
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
