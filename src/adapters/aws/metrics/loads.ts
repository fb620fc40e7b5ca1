import { DATASET_IDS } from "../../../core/metrics/datasets.ts";
import type { LoadRecord } from "../../../ports/metric-store.ts";
import { inParallel } from "../dynamo.ts";
import { registeredTenants } from "./commit.ts";
import type { LoadStore } from "./load-run.ts";
import { readManifest } from "./manifest.ts";

/** The loads behind the current facts, newest first. */
export async function listLoads(
  store: LoadStore,
  filter: { tenant?: string; limit?: number },
): Promise<LoadRecord[]> {
  const { dynamo, table } = store;
  const tenants = filter.tenant === undefined ? await registeredTenants(dynamo, table) : [filter.tenant];
  const asked = tenants.flatMap((tenant) => DATASET_IDS.map((dataset) => ({ tenant, dataset })));
  const found = await inParallel(asked, 8, async ({ tenant, dataset }) => {
    const { partitions } = await readManifest(dynamo, table, tenant, dataset);
    return partitions.map(({ source, period, load, format, files, rows, loadedAt }): LoadRecord => ({
      ...{ id: load, tenant, dataset, source, period, format, files, rows, loadedAt },
    }));
  });
  const loads = found
    .flat()
    .sort((a, b) => (a.loadedAt === b.loadedAt ? 0 : a.loadedAt < b.loadedAt ? 1 : -1));
  return filter.limit === undefined ? loads : loads.slice(0, filter.limit);
}
