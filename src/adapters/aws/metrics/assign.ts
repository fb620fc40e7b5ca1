import { DomainError } from "../../../core/errors/errors.ts";
import { planAssignment } from "../../../core/metrics/assign.ts";
import { DATASET_IDS, type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import type { AssignedFacts } from "../../../ports/metric-store.ts";
import { inParallel } from "../dynamo.ts";
import { type HeldInPartition, holdings, holdingsAt } from "./assign-held.ts";
import { applyToOwner, applyToSource, ConcurrentChange, rewrite } from "./assign-rewrite.ts";
import { BlockWriter, newLoadKey } from "./block-writer.ts";
import { commitManifests, registeredTenants, registerTenant } from "./commit.ts";
import { abandonLoad, type GarbageTarget, putIntent, removeIntent } from "./garbage.ts";
import { clearGarbage, type LoadStore } from "./load-store.ts";
import { holdsLoad, type Manifest, readManifest } from "./manifest.ts";
import { accountsOf } from "./earlier-facts.ts";
import { countOwnerChange, notingOwnerChange } from "./owner-changes.ts";
import { BlocksGone } from "./read-blocks.ts";

/** Loads that keep changing the very partitions. */
const TRIES = 10;

/** Facts of one dataset that one tenant may have to give to another. */
export interface Transfer {
  dataset: DatasetId;
  from: string;
  to: string;
  accounts: ReadonlySet<string>;
}

/**
 * Moves accounts' facts to the tenant that owns them; see `MetricStore`. The blocks of the partitions they are in are
 * written anew, without them and with them, and the manifests of both tenants are swapped together, once for each
 * dataset and tenant that holds some.
 */
export async function assignAccounts(
  store: LoadStore,
  accounts: readonly string[],
  to: string,
  signal?: AbortSignal,
): Promise<AssignedFacts> {
  const done: AssignedFacts = { moved: 0, superseded: 0, kept: 0 };
  if (accounts.length === 0) return done;
  // First, so that a load by the owners from before is either there to be moved, or refused.
  await countOwnerChange(store, accounts);
  for (const from of await registeredTenants(store.dynamo, store.table)) {
    if (from === to) continue;
    for (const dataset of DATASET_IDS) {
      signal?.throwIfAborted();
      const part = await transfer(store, { dataset, from, to, accounts: new Set(accounts) });
      done.moved += part.moved;
      done.superseded += part.superseded;
      done.kept += part.kept;
    }
  }
  return done;
}

/** The accounts of facts that a tenant holds as their owner. */
export async function accountsHeld(store: LoadStore, tenant: string): Promise<string[]> {
  const found = await inParallel(DATASET_IDS, DATASET_IDS.length, async (dataset) => {
    const { partitions } = await readManifest(store.dynamo, store.table, tenant, dataset);
    const held: string[] = [];
    for (const partition of partitions) {
      const { follows } = partition;
      // Loads from before this was noted do not say.
      if (follows === undefined) continue;
      const all = [...(await accountsOf(store, dataset, tenant, partition))];
      held.push(...(follows === "all" ? all : all.filter((account) => follows.includes(account))));
    }
    return held;
  });
  return [...new Set(found.flat())].sort();
}

async function transfer(store: LoadStore, what: Transfer): Promise<AssignedFacts> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transferOnce(store, what);
    } catch (error) {
      if (!(error instanceof ConcurrentChange || error instanceof BlocksGone)) throw error;
      if (attempt === TRIES) throw contended(what, error);
    }
  }
}

async function transferOnce(store: LoadStore, what: Transfer): Promise<AssignedFacts> {
  const { dynamo, table } = store;
  const { dataset, from, to } = what;
  const source = await readManifest(dynamo, table, from, dataset);
  const others = await holdings(store, what, from, source.partitions);
  if (others.length === 0) return { moved: 0, superseded: 0, kept: 0 };
  const owner = await readManifest(dynamo, table, to, dataset);
  const plan = planAssignment(others, await holdingsAt(store, what, owner, others));
  const done: AssignedFacts = {
    moved: rowsIn(plan.moves),
    superseded: rowsIn(plan.superseded),
    kept: rowsIn(plan.kept),
  };
  if (plan.moves.length + plan.superseded.length > 0)
    await carryOut(store, what, { owner, moves: plan.moves, superseded: plan.superseded });
  return done;
}

async function carryOut(
  store: LoadStore,
  { dataset, from, to }: Transfer,
  plan: { owner: Manifest; moves: readonly HeldInPartition[]; superseded: readonly HeldInPartition[] },
): Promise<void> {
  const { dynamo, table, now } = store;
  const target: GarbageTarget = { dynamo, table, dataset };
  const loadKey = newLoadKey();
  const writer = new BlockWriter({ dynamo, table, loadKey, dataset: DATASETS[dataset] });
  const both = [from, to];
  const noted: string[] = [];
  try {
    await registerTenant(dynamo, table, to);
    for (const tenant of both) {
      await putIntent(target, { tenant, loadKey, since: now().toISOString() });
      noted.push(tenant);
    }
    const rewriting = await rewrite(store, { dataset, from, to, ...plan }, writer);
    await writer.finish();
    const since = now().toISOString();
    const moving = [...new Set([...plan.moves, ...plan.superseded].map(({ account }) => account))];
    const after = await commitManifests(
      target,
      both,
      (tenant, current) =>
        tenant === from
          ? applyToSource(current, rewriting, { from, since })
          : applyToOwner(current, rewriting, { owner: plan.owner, to, since }),
      (_, current) => holdsLoad(current, loadKey),
      // Loads that began after the owners changed and before this must not take what they saw for what is there.
      async () => [await notingOwnerChange(store, moving)],
    );
    for (const [tenant, current] of after)
      await clearGarbage(store, target, tenant, current.garbage).catch(() => undefined);
    for (const tenant of both) await removeIntent(target, tenant, loadKey).catch(() => undefined);
  } catch (error) {
    await writer.settle();
    for (const tenant of noted) await abandonLoad(target, tenant, loadKey, now()).catch(() => undefined);
    throw error;
  }
}

function rowsIn(held: readonly HeldInPartition[]): number {
  return held.reduce((sum, { rows }) => sum + rows, 0);
}

function contended({ dataset, from }: Transfer, cause: unknown): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `Loads kept replacing ${dataset} of ${from} while its facts were being moved`,
    { fix: "Wait until the loads have ended, and do it again.", cause },
  );
}
