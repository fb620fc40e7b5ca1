import { type Dataset, type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import type { Extent } from "../../../core/query/coverage.ts";
import { PlanExecutor } from "../../../core/query/execute.ts";
import type { QueryPlan } from "../../../core/query/plan.ts";
import type { Row } from "../../../core/query/query.ts";
import type { Aggregate, DataVersion, TenantMetrics } from "../../../ports/metric-store.ts";
import { partsFor } from "./codec.ts";
import { extentOf, loadedDays, readManifest } from "./manifest.ts";
import { type BlockReader, blocksOf, BlocksGone, damaged, readBlocks } from "./read-blocks.ts";

const ROWS_PER_BATCH = 2_000;
/** A manifest is read again when its blocks expired meanwhile, which takes a query longer than their grace. */
const TRIES = 3;

/** One tenant's facts, read as blocks and added up here. */
export class AwsTenantMetrics implements TenantMetrics {
  readonly #reader: BlockReader;
  readonly #tenant: string;

  constructor(reader: BlockReader, tenant: string) {
    this.#reader = reader;
    this.#tenant = tenant;
  }

  async aggregate(plan: QueryPlan): Promise<Aggregate> {
    const dataset = DATASETS[plan.dataset.id];
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#execute(plan, dataset);
      } catch (error) {
        if (!(error instanceof BlocksGone)) throw error;
        if (attempt === TRIES) throw damaged(this.#tenant, dataset, error);
      }
    }
  }

  async #execute(plan: QueryPlan, dataset: Dataset): Promise<Aggregate> {
    const { dynamo, table } = this.#reader;
    const manifest = await readManifest(dynamo, table, this.#tenant, dataset.id);
    const executor = new PlanExecutor(plan, loadedDays(manifest));
    const blocks = blocksOf(manifest.partitions, (entry) => executor.wants(entry));
    const parts = partsFor(dataset.id, executor.columns());
    await readBlocks(this.#reader, this.#tenant, dataset, { blocks, parts }, (block) => {
      executor.add(block);
    });
    const { rows, groups, facts, totals } = executor.finish();
    return { batches: inBatches(rows), groups, facts, totals };
  }

  async version(dataset: DatasetId): Promise<DataVersion> {
    const { dynamo, table } = this.#reader;
    const manifest = await readManifest(dynamo, table, this.#tenant, dataset);
    return { version: String(manifest.version), asOf: manifest.asOf, extent: extentOf(manifest) };
  }

  async extent(dataset: DatasetId): Promise<Extent | null> {
    return (await this.version(dataset)).extent;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the rows are here already
async function* inBatches(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += ROWS_PER_BATCH) yield rows.slice(at, at + ROWS_PER_BATCH);
}
