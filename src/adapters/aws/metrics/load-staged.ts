import { randomUUID } from "node:crypto";
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { DomainError } from "../../../core/errors/errors.ts";
import type { LoadOptions } from "../../../ports/metric-store.ts";
import type { ReplacedFacts, StorableLoad } from "../../../ports/staged.ts";
import { commitTogether } from "./commit.ts";
import { LoadRun } from "./load-run.ts";
import type { LoadStore } from "./load-store.ts";
import { ownersUnchanged } from "./owner-changes.ts";

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
    await commit(store, load, runs);
    return replaced;
  } catch (error) {
    for (const run of runs) await run.abandon();
    signal?.throwIfAborted();
    throw error;
  }
}

async function commit(
  store: LoadStore,
  { assignment }: StorableLoad,
  runs: readonly LoadRun[],
): Promise<void> {
  const byOwners = async (): Promise<TransactWriteItem[]> =>
    assignment.kind === "named"
      ? []
      : [await ownersUnchanged(store, assignment.seen, (account) => runs.some((run) => run.holds(account)))];
  const byDataset = new Map(runs.map((run) => [run.dataset, run]));
  const names = runs.flatMap(({ dataset, tenants }) => tenants.map((tenant) => ({ tenant, dataset })));
  const after = await commitTogether(
    store,
    names,
    ({ tenant, dataset, manifest }) => byDataset.get(dataset)?.replace(tenant, manifest) ?? manifest,
    ({ dataset, manifest }) => byDataset.get(dataset)?.isIn(manifest) ?? true,
    byOwners,
  ).catch(async (error: unknown) => {
    // Facts that were moved meanwhile are in the way like another load's: then the cause is that they were.
    if (error instanceof DomainError && error.code === "import.conflict") await byOwners();
    throw error;
  });
  for (const run of runs) await run.cleanUp(after.filter(({ dataset }) => dataset === run.dataset));
}
