import { randomUUID } from "node:crypto";
import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import { UNASSIGNED } from "../../../core/tenants/tenant.ts";
import {
  type DeliveredFact,
  type DeliveryEnd,
  type DeliveryLoad,
  type LoadReport,
  MAX_LISTED_REJECTIONS,
  type PartitionReport,
} from "../../../ports/load.ts";
import type { LoadOptions } from "../../../ports/metric-store.ts";
import { checkFact } from "./check-fact.ts";
import { Ledger, UnassignedAccounts } from "./ledger.ts";
import { commitRuns, LoadRun, type LoadStore } from "./load-run.ts";

/**
 * Loads facts of several datasets: the blocks of each are written as its facts come, and the manifests of all are
 * swapped together.
 * @throws DomainError `import.conflict`, `import.invalid-fact`, `store.unavailable`, and whatever the facts or the
 *   delivery's end throw; the store is then as it was
 */
export async function loadDelivery(
  store: LoadStore,
  input: DeliveryLoad,
  options: LoadOptions,
): Promise<LoadReport[]> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const loading = new Loading(store, input);
  try {
    let rows = 0;
    for await (const batch of input.facts) {
      signal?.throwIfAborted();
      for (const fact of batch) await loading.take(fact);
      rows += batch.length;
      onProgress?.({ phase: "reading", rows });
    }
    signal?.throwIfAborted();
    const end = input.end();
    onProgress?.({ phase: "storing", rows });
    return await loading.commit(end);
  } catch (error) {
    await loading.abandon();
    throw error;
  }
}

/** One dataset of a delivery under way. */
interface Part {
  run: LoadRun;
  columns: readonly string[];
  ledger: Ledger;
  unassigned: UnassignedAccounts;
  rows: number;
}

class Loading {
  readonly #store: LoadStore;
  readonly #input: DeliveryLoad;
  readonly #id = randomUUID();
  readonly #parts = new Map<DatasetId, Part>();

  constructor(store: LoadStore, input: DeliveryLoad) {
    this.#store = store;
    this.#input = input;
  }

  async take(fact: DeliveredFact): Promise<void> {
    const part = this.#partOf(fact.dataset);
    checkFact(fact, DATASETS[fact.dataset].columns);
    await part.run.add(
      fact,
      fact.day,
      part.columns.map((name) => fact.values[name] ?? null),
    );
    part.ledger.add(fact.values);
    if (fact.tenant === UNASSIGNED) part.unassigned.add(fact.values);
    part.rows += 1;
  }

  #partOf(id: DatasetId): Part {
    let part = this.#parts.get(id);
    if (part === undefined) {
      const dataset = DATASETS[id];
      const { format, files, loadedAt, dryRun } = this.#input;
      part = {
        run: new LoadRun(this.#store, { id: this.#id, dataset, format, files, loadedAt, dryRun }),
        columns: dataset.columns.map(({ name }) => name),
        ledger: Ledger.forRecords(dataset),
        unassigned: new UnassignedAccounts(dataset),
        rows: 0,
      };
      this.#parts.set(id, part);
    }
    return part;
  }

  async commit(end: DeliveryEnd): Promise<LoadReport[]> {
    const parts = end.datasets.map((dataset) => ({ dataset, ...this.#partOf(dataset) }));
    for (const { dataset, ...key } of end.partitions) await this.#partOf(dataset).run.open(key);
    const partitions = await commitRuns(
      this.#store,
      parts.map(({ run }) => run),
      end.dayOf,
    );
    return parts.map((part, i) =>
      this.#report(part, partitions[i] ?? [], i === 0 ? end.rejections : { count: 0, kept: [] }),
    );
  }

  #report(
    { dataset, ledger, unassigned, rows }: Part & { dataset: DatasetId },
    partitions: readonly PartitionReport[],
    rejected: DeliveryEnd["rejections"],
  ): LoadReport {
    const { format, files, dryRun } = this.#input;
    return {
      ...{ dataset, format, version: "", files },
      rowsRead: rows + rejected.count,
      rowsAccepted: rows,
      rowsRejected: rejected.count,
      rejections: rejected.kept.slice(0, MAX_LISTED_REJECTIONS),
      totals: ledger.totals(),
      partitions,
      unassigned: unassigned.list(),
      warnings: [],
      dryRun,
    };
  }

  async abandon(): Promise<void> {
    for (const { run } of this.#parts.values()) await run.abandon();
  }
}
