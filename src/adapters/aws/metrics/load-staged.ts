import { randomUUID } from "node:crypto";
import type { LoadOptions } from "../../../ports/metric-store.ts";
import type { ReplacedFacts, StorableLoad } from "../../../ports/staged.ts";
import { commitTogether } from "./commit.ts";
import { LoadRun } from "./load-run.ts";
import type { LoadStore } from "./load-store.ts";

/** Takes staged facts in: writes their blocks, and then swaps the manifests of all datasets; see `MetricStore`. */
export async function loadStaged(
  store: LoadStore,
  load: StorableLoad,
  { signal, onProgress }: LoadOptions,
): Promise<ReplacedFacts[]> {
  signal?.throwIfAborted();
  const id = randomUUID();
  const runs = load.datasets.map((staged) => new LoadRun(store, { ...load, id }, staged, signal));
  const rows = load.datasets.reduce((sum, { report }) => sum + report.rowsAccepted, 0);
  try {
    const replaced: ReplacedFacts[] = [];
    for (const run of runs) {
      await run.begin();
      replaced.push(await run.replaced());
    }
    if (load.dryRun) return replaced;
    onProgress?.({ phase: "storing", rows });
    let written = 0;
    for (const run of runs) {
      await run.write((count) => {
        signal?.throwIfAborted();
        written += count;
        onProgress?.({ phase: "storing", rows, fraction: written / rows });
      });
    }
    signal?.throwIfAborted();
    await commit(store, runs);
    return replaced;
  } catch (error) {
    for (const run of runs) await run.abandon();
    signal?.throwIfAborted();
    throw error;
  }
}

async function commit(store: LoadStore, runs: readonly LoadRun[]): Promise<void> {
  const byDataset = new Map(runs.map((run) => [run.dataset, run]));
  const names = runs.flatMap(({ dataset, tenants }) => tenants.map((tenant) => ({ tenant, dataset })));
  const after = await commitTogether(
    store,
    names,
    ({ tenant, dataset, manifest }) => byDataset.get(dataset)?.replace(tenant, manifest) ?? manifest,
    ({ dataset, manifest }) => byDataset.get(dataset)?.isIn(manifest) ?? true,
  );
  for (const run of runs) await run.cleanUp(after.filter(({ dataset }) => dataset === run.dataset));
}
