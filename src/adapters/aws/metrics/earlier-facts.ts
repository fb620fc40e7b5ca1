import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import type { ReplacedFacts, StagedDataset, StagedPartition } from "../../../ports/staged.ts";
import { inParallel } from "../dynamo.ts";
import { registeredTenants } from "./commit.ts";
import type { LoadStore } from "./load-store.ts";
import { findPartition, type Manifest, type Partition, readManifest } from "./manifest.ts";
import { partsFor } from "./codec.ts";
import { blocksOf, readBlocks } from "./read-blocks.ts";

/**
 * What the store holds of the sources and periods that a load brings anew; nothing where it is not asked for.
 * @param seen the manifests of the load's tenants
 */
export async function earlierFacts(
  store: LoadStore,
  staged: StagedDataset,
  seen: ReadonlyMap<string, Manifest>,
): Promise<Pick<ReplacedFacts, "accounts" | "kept">> {
  if (staged.accounts === null) return { accounts: [], kept: [] };
  const accounts = new Set<string>();
  for (const key of staged.partitions) {
    const manifest = seen.get(key.tenant);
    const partition = manifest === undefined ? undefined : findPartition(manifest, key);
    if (partition === undefined) continue;
    for (const account of await accountsOf(store, staged.dataset, key.tenant, partition))
      accounts.add(account);
  }
  return { accounts: [...accounts], kept: await keptPartitions(store, staged, seen) };
}

/** The accounts of a partition that the manifest lists; where they were too many, those of the facts. */
export async function accountsOf(
  store: LoadStore,
  id: DatasetId,
  tenant: string,
  partition: Partition,
): Promise<Iterable<string>> {
  if (partition.accounts !== undefined) return partition.accounts;
  const found = new Set<string>();
  const dataset = DATASETS[id];
  const blocks = blocksOf([partition], () => true);
  await readBlocks(
    store,
    tenant,
    dataset,
    { blocks, parts: partsFor(id, [dataset.accountColumn]) },
    (block) => {
      for (const account of block.text(dataset.accountColumn).values)
        if (account !== null) found.add(account);
    },
  );
  return found;
}

async function keptPartitions(
  store: LoadStore,
  { dataset, partitions }: StagedDataset,
  seen: ReadonlyMap<string, Manifest>,
): Promise<StagedPartition[]> {
  const { dynamo, table } = store;
  const delivered = new Set(partitions.map(placeOf));
  const mine = new Set(partitions.map((key) => `${key.tenant}\n${placeOf(key)}`));
  const tenants = await registeredTenants(dynamo, table);
  const kept = await inParallel(tenants, 8, async (tenant) => {
    const manifest = seen.get(tenant) ?? (await readManifest(dynamo, table, tenant, dataset));
    return manifest.partitions
      .filter((p) => p.rows > 0 && delivered.has(placeOf(p)) && !mine.has(`${tenant}\n${placeOf(p)}`))
      .map(({ source, period, rows }): StagedPartition => ({ tenant, source, period, rows }))
      .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  });
  return kept.flat();
}

function placeOf({ source, period }: { source: string; period: string }): string {
  return `${source}\n${period}`;
}
