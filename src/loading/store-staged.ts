import type { Connect } from "../duckdb/staging.ts";
import { interruptOnAbort } from "../duckdb/interrupt.ts";
import { stagedFacts } from "../duckdb/staged-facts.ts";
import type { LoadReport } from "../ports/load.ts";
import type { LoadOptions, MetricStore } from "../ports/metric-store.ts";
import type { StagedDataset, StagedFact, StagedLoad } from "../ports/staged.ts";
import { reconcile, reportOf } from "./report.ts";

/**
 * Has a store take in what was staged.
 * @param connect to an engine that can read the staged files; not called for a store that reads them by itself
 * @returns a report for each dataset
 * @throws DomainError `import.not-reconciled`; what the store throws
 */
export async function storeStaged(
  store: MetricStore,
  staged: StagedLoad,
  connect: Connect,
  options: LoadOptions,
): Promise<LoadReport[]> {
  async function* facts(dataset: StagedDataset): AsyncGenerator<readonly StagedFact[]> {
    const connection = await connect();
    const stopWatching = interruptOnAbort(connection, options.signal);
    try {
      yield* stagedFacts(connection, dataset);
    } finally {
      stopWatching();
      connection.disconnectSync();
    }
  }
  const replaced = await store.loadStaged({ ...staged, facts, reconcile }, options);
  return staged.datasets.map((dataset, i) => {
    const before = replaced[i];
    if (before === undefined) throw new Error(`the store says nothing of ${dataset.dataset}`);
    return reportOf(dataset, before, staged.dryRun);
  });
}
