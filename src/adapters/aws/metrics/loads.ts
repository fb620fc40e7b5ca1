import { type DatasetId, DATASET_IDS, DATASETS } from "../../../core/metrics/datasets.ts";
import type { LoadFilter, LoadPlace, LoadRecord, PartitionTotals } from "../../../ports/metric-store.ts";
import { inParallel } from "../dynamo.ts";
import { type NamedManifest, registeredTenants } from "./commit.ts";
import type { LoadStore } from "./load-store.ts";
import { type Partition, readManifest } from "./manifest.ts";
import { partitionTotals } from "./partition-totals.ts";
import { BlocksGone, damaged } from "./read-blocks.ts";

/** A load as it stands in a manifest. */
interface Listed {
  from: NamedManifest;
  partition: Partition;
}

/** Manifests are read again when their blocks expired meanwhile. */
const TRIES = 3;

/** The loads behind the current facts, newest first. */
export async function listLoads(store: LoadStore, filter: LoadFilter): Promise<LoadRecord[]> {
  for (let attempt = 1; ; attempt++) {
    const listed = await readLoads(store, filter);
    if (filter.totals !== true) return listed.map(recordOf);
    try {
      const totals = await totalsOf(store, listed);
      return listed.map((each) => ({ ...recordOf(each), totals: totals.get(each.partition) ?? [] }));
    } catch (error) {
      if (!(error instanceof LoadGone)) throw error;
      if (attempt === TRIES) throw damaged(error.tenant, DATASETS[error.dataset], error.cause);
    }
  }
}

async function readLoads(store: LoadStore, filter: LoadFilter): Promise<Listed[]> {
  const { dynamo, table } = store;
  const tenants = filter.tenant === undefined ? await registeredTenants(dynamo, table) : [filter.tenant];
  const asked = tenants.flatMap((tenant) => DATASET_IDS.map((dataset) => ({ tenant, dataset })));
  const found = await inParallel(asked, 8, async ({ tenant, dataset }) => {
    const manifest = await readManifest(dynamo, table, tenant, dataset);
    const from = { tenant, dataset, manifest };
    return manifest.partitions.map((partition): Listed => ({ from, partition }));
  });
  const loads = found.flat().sort(newestFirst).filter(behind(filter.after));
  return filter.limit === undefined ? loads : loads.slice(0, filter.limit);
}

/** The loads that one manifest names, newest first, without totals. */
export function loadsOf(from: NamedManifest): LoadRecord[] {
  const listed = from.manifest.partitions.map((partition): Listed => ({ from, partition }));
  return listed.sort(newestFirst).map(recordOf);
}

function newestFirst(a: Listed, b: Listed): number {
  return byPlace(placeOf(a), placeOf(b));
}

function byPlace(a: LoadPlace, b: LoadPlace): number {
  const parts = ["loadedAt", "tenant", "dataset", "source", "period"] as const;
  const differing = parts.find((part) => a[part] !== b[part]);
  if (differing === undefined) return 0;
  const order = a[differing] < b[differing] ? -1 : 1;
  return differing === "dataset" ? order : -order;
}

function behind(place: LoadPlace | undefined): (each: Listed) => boolean {
  return (each) => place === undefined || byPlace(placeOf(each), place) > 0;
}

function placeOf({ from: { tenant, dataset }, partition }: Listed): LoadPlace {
  const { loadedAt, source, period } = partition;
  return { loadedAt, tenant, dataset, source, period };
}

function recordOf({ from: { tenant, dataset }, partition }: Listed): LoadRecord {
  const { source, period, load, format, files, rows, loadedAt } = partition;
  return { id: load, tenant, dataset, source, period, format, files, rows, loadedAt };
}

/** Blocks of a listed load are no longer there. */
class LoadGone extends Error {
  override readonly name = "LoadGone";
  readonly tenant: string;
  readonly dataset: DatasetId;

  constructor({ tenant, dataset }: NamedManifest, cause: unknown) {
    super(`loads of ${tenant} (${dataset}) changed while they were added up`, { cause });
    this.tenant = tenant;
    this.dataset = dataset;
  }
}

async function totalsOf(
  store: LoadStore,
  listed: readonly Listed[],
): Promise<Map<Partition, PartitionTotals[]>> {
  const all = new Map<Partition, PartitionTotals[]>();
  for (const from of new Set(listed.map((each) => each.from))) {
    const own = listed.filter((each) => each.from === from).map(({ partition }) => partition);
    try {
      for (const [partition, totals] of await partitionTotals(store, from, own)) all.set(partition, totals);
    } catch (error) {
      throw error instanceof BlocksGone ? new LoadGone(from, error) : error;
    }
  }
  return all;
}
