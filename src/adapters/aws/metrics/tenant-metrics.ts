import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import type { Extent } from "../../../core/query/coverage.ts";
import { PlanExecutor } from "../../../core/query/execute.ts";
import type { GroupLimit } from "../../../core/query/group-limit.ts";
import type { QueryPlan } from "../../../core/query/plan.ts";
import type { Row } from "../../../core/query/query.ts";
import {
  type Aggregate,
  type LoadRecord,
  type Snapshot,
  SnapshotGone,
  type TenantMetrics,
} from "../../../ports/metric-store.ts";
import { partsFor } from "./codec.ts";
import type { NamedManifest } from "./commit.ts";
import { loadsOf } from "./loads.ts";
import { extentOf, loadedDays, readManifest } from "./manifest.ts";
import { type BlockReader, blocksOf, BlocksGone, damaged, readBlocks } from "./read-blocks.ts";

const ROWS_PER_BATCH = 2_000;

/** One tenant's facts, read as blocks and added up here. */
export class AwsTenantMetrics implements TenantMetrics {
  readonly #reader: BlockReader;
  readonly #tenant: string;
  readonly #groupLimit: GroupLimit | undefined;

  constructor(reader: BlockReader, tenant: string, groupLimit?: GroupLimit) {
    this.#reader = reader;
    this.#tenant = tenant;
    this.#groupLimit = groupLimit;
  }

  async snapshot(dataset: DatasetId): Promise<Snapshot> {
    const { dynamo, table } = this.#reader;
    const manifest = await readManifest(dynamo, table, this.#tenant, dataset);
    return new AwsSnapshot(this.#reader, { tenant: this.#tenant, dataset, manifest }, this.#groupLimit);
  }
}

/** The facts that a manifest names. Replaced ones stay readable for an hour, which is longer than any request. */
class AwsSnapshot implements Snapshot {
  readonly version: string;
  readonly asOf: string | null;
  readonly extent: Extent | null;
  readonly #reader: BlockReader;
  readonly #of: NamedManifest;
  readonly #groupLimit: GroupLimit | undefined;

  constructor(reader: BlockReader, of: NamedManifest, groupLimit: GroupLimit | undefined) {
    this.#reader = reader;
    this.#groupLimit = groupLimit;
    this.#of = of;
    this.version = String(of.manifest.version);
    this.asOf = of.manifest.asOf;
    this.extent = extentOf(of.manifest);
  }

  async aggregate(plan: QueryPlan, signal?: AbortSignal): Promise<Aggregate> {
    const { tenant, dataset, manifest } = this.#of;
    const executor = new PlanExecutor(plan, loadedDays(manifest), this.#groupLimit);
    const blocks = blocksOf(manifest.partitions, (entry) => executor.wants(entry));
    const parts = partsFor(dataset, executor.columns());
    try {
      await readBlocks(this.#reader, tenant, DATASETS[dataset], { blocks, parts, signal }, (block) => {
        executor.add(block);
      });
    } catch (error) {
      throw error instanceof BlocksGone ? await this.#gone(error) : error;
    }
    const { rows, groups, facts, totals } = executor.finish();
    return { batches: inBatches(rows, signal), groups, facts, totals };
  }

  loads(): Promise<LoadRecord[]> {
    return Promise.resolve(loadsOf(this.#of));
  }

  /** Blocks that the newest manifest names as well are lost, and asking again would not help. */
  async #gone(cause: BlocksGone): Promise<Error> {
    const { tenant, dataset, manifest } = this.#of;
    const { revision } = await readManifest(this.#reader.dynamo, this.#reader.table, tenant, dataset);
    return revision === manifest.revision
      ? damaged(tenant, DATASETS[dataset], cause)
      : new SnapshotGone(dataset, cause);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the rows are here already
async function* inBatches(rows: Iterable<Row>, signal?: AbortSignal): AsyncGenerator<readonly Row[]> {
  let batch: Row[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < ROWS_PER_BATCH) continue;
    signal?.throwIfAborted();
    yield batch;
    batch = [];
  }
  signal?.throwIfAborted();
  if (batch.length > 0) yield batch;
}
