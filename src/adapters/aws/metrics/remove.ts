import { DomainError } from "../../../core/errors/errors.ts";
import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import type { PartitionTotals, RemovalRequest, RemovedPartition } from "../../../ports/metric-store.ts";
import { inParallel } from "../dynamo.ts";
import { commitTogether } from "./commit.ts";
import { clearGarbage, type LoadStore, sameFacts } from "./load-store.ts";
import { type Manifest, type Partition, readManifest } from "./manifest.ts";
import { partitionTotals } from "./partition-totals.ts";
import { BlocksGone, damaged } from "./read-blocks.ts";

/** Loads that change the very partitions, again and again, while they are added up. */
const TRIES = 10;

/** One dataset's manifest and what of it goes. */
interface Chosen {
  dataset: DatasetId;
  manifest: Manifest;
  partitions: Partition[];
  totals: Map<Partition, PartitionTotals[]>;
}

/** A load came between reading what there is and removing it. */
class ConcurrentChange extends Error {
  override readonly name = "ConcurrentChange";
}

/**
 * Removes partitions by one swap of the datasets' manifests; the blocks expire as those of replaced loads do.
 * @throws DomainError `import.conflict`, `store.damaged`
 */
export async function removePartitions(
  store: LoadStore,
  request: RemovalRequest,
): Promise<RemovedPartition[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await removeOnce(store, request);
    } catch (error) {
      // What the swap of manifests says of itself is meant for loads.
      if (error instanceof DomainError && error.code === "import.conflict") throw conflict(request, error);
      if (!(error instanceof ConcurrentChange || error instanceof BlocksGone)) throw error;
      if (attempt < TRIES) continue;
      const [first = "cost"] = request.datasets;
      throw error instanceof ConcurrentChange
        ? conflict(request, error)
        : damaged(request.tenant, DATASETS[first], error);
    }
  }
}

async function removeOnce(store: LoadStore, request: RemovalRequest): Promise<RemovedPartition[]> {
  const { tenant, source } = request;
  const chosen = await choose(store, request);
  const removed = chosen.flatMap(({ dataset, partitions, totals }) =>
    partitions.map((partition): RemovedPartition => {
      const { period, rows } = partition;
      return { tenant, dataset, source, period, rows, totals: totals.get(partition) ?? [] };
    }),
  );
  if (request.dryRun || removed.length === 0) return removed;
  const { dynamo, table, now } = store;
  const since = now().toISOString();
  const after = await commitTogether(
    { dynamo, table },
    chosen.filter(({ partitions }) => partitions.length > 0).map(({ dataset }) => ({ tenant, dataset })),
    ({ dataset, manifest }) => {
      const expected = chosen.find((each) => each.dataset === dataset)?.partitions ?? [];
      if (!sameSet(matching(manifest, request), expected)) throw new ConcurrentChange();
      return without(manifest, request, since);
    },
    ({ manifest }) => matching(manifest, request).length === 0,
  );
  for (const { dataset, manifest } of after) {
    // What fails here is still on record in the manifest, and housekeeping does it later.
    await clearGarbage(store, { dynamo, table, dataset }, tenant, manifest.garbage).catch(() => undefined);
  }
  return removed;
}

/**
 * What there is to remove, of one state of all the manifests: read one after the other they might show a load of
 * findings and controls in one of them only. They are of one state when none has changed since it was read.
 */
async function choose(store: LoadStore, request: RemovalRequest): Promise<Chosen[]> {
  const { tenant, datasets } = request;
  const read = (): Promise<Manifest[]> =>
    inParallel(datasets, 8, (dataset) => readManifest(store.dynamo, store.table, tenant, dataset));
  const manifests = await read();
  if (datasets.length > 1) {
    const again = await read();
    if (manifests.some(({ revision }, i) => revision !== again[i]?.revision)) throw new ConcurrentChange();
  }
  const chosen: Chosen[] = [];
  for (const [i, dataset] of datasets.entries()) {
    const manifest = manifests[i];
    if (manifest === undefined) continue;
    const partitions = matching(manifest, request);
    const totals = await partitionTotals(store, { tenant, dataset }, partitions);
    chosen.push({ dataset, manifest, partitions, totals });
  }
  return chosen;
}

function matching({ partitions }: Manifest, { source, period }: RemovalRequest): Partition[] {
  return partitions
    .filter((partition) => partition.source === source && (period ?? partition.period) === partition.period)
    .sort((a, b) => (a.period < b.period ? -1 : 1));
}

function sameSet(now: readonly Partition[], before: readonly Partition[]): boolean {
  return (
    now.length === before.length &&
    now.every((partition, i) => partition.period === before[i]?.period && sameFacts(partition, before[i]))
  );
}

function without(manifest: Manifest, request: RemovalRequest, since: string): Manifest {
  const gone = matching(manifest, request);
  const partitions = manifest.partitions.filter((partition) => !gone.includes(partition));
  const newest = partitions
    .map(({ loadedAt }) => loadedAt)
    .sort()
    .at(-1);
  return {
    ...manifest,
    version: manifest.version + 1,
    asOf: newest ?? null,
    partitions,
    garbage: [
      ...manifest.garbage,
      ...gone.flatMap(({ segments }) => segments.map((segment) => ({ ...segment, since }))),
    ],
  };
}

function conflict({ tenant, source }: RemovalRequest, cause: unknown): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `Loads kept changing ${source} of ${tenant}; nothing of it was removed`,
    { fix: "Wait until the loads have ended, and remove it again.", cause },
  );
}
