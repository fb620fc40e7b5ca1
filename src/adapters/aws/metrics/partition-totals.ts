import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import { LOAD_TOTALS, type PartitionTotals } from "../../../ports/metric-store.ts";
import { BlockTotals } from "./block-totals.ts";
import { partsFor } from "./codec.ts";
import type { Partition } from "./manifest.ts";
import { type BlockReader, blocksOf, readBlocks } from "./read-blocks.ts";

/**
 * What the facts of partitions add up to, by currency: one read of the blocks' columns that hold it.
 * @returns by partition; one without facts, or of a dataset without amounts, is not in it
 * @throws BlocksGone
 */
export async function partitionTotals(
  reader: BlockReader,
  { tenant, dataset: id }: { tenant: string; dataset: DatasetId },
  partitions: readonly Partition[],
): Promise<Map<Partition, PartitionTotals[]>> {
  const dataset = DATASETS[id];
  const totals = new Map(
    partitions.map((partition) => [nameOf(partition), new BlockTotals(dataset, LOAD_TOTALS[id])]),
  );
  const { columns = [] } = [...totals.values()][0] ?? {};
  if (columns.length === 0) return new Map();
  const blocks = blocksOf(partitions, () => true);
  const parts = partsFor(id, columns);
  await readBlocks(reader, tenant, dataset, { blocks, parts }, (block, ref) => {
    totals.get(nameOf(ref))?.add(block);
  });
  return new Map(partitions.map((partition) => [partition, totals.get(nameOf(partition))?.list() ?? []]));
}

function nameOf({ source, period }: { source: string; period: string }): string {
  return `${source}\n${period}`;
}
