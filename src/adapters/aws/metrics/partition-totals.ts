import { type Dataset, type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import { formatDecimal } from "../../../core/money/decimal.ts";
import { Sums } from "../../../core/query/accumulate.ts";
import type { FactBlock } from "../../../core/query/blocks.ts";
import { LOAD_TOTALS, type PartitionTotals } from "../../../ports/metric-store.ts";
import { partsFor } from "./codec.ts";
import type { Manifest, Partition } from "./manifest.ts";
import { type BlockReader, blocksOf, readBlocks } from "./read-blocks.ts";

/**
 * What the facts of partitions add up to, by currency: one read of the blocks' columns that hold it.
 * @param partitions of `manifest`
 * @returns by partition; one without facts, or of a dataset without amounts, is not in it
 * @throws BlocksGone
 */
export async function partitionTotals(
  reader: BlockReader,
  { tenant, dataset: id, manifest }: { tenant: string; dataset: DatasetId; manifest: Manifest },
  partitions: readonly Partition[],
): Promise<Map<Partition, PartitionTotals[]>> {
  const dataset = DATASETS[id];
  const measures = dataset.measures.filter((measure) => LOAD_TOTALS[id].includes(measure.id));
  const unit = measures[0]?.unit;
  if (unit === undefined || !("column" in unit)) return new Map();
  const columns = measures.map(({ column }) => column);
  const totals = new Map(
    partitions.map((partition) => [nameOf(partition), new Totals(unit.column, columns)]),
  );
  const blocks = blocksOf({ ...manifest, partitions: [...partitions] }, () => true);
  const parts = partsFor(id, [unit.column, ...columns]);
  await readBlocks(reader, tenant, dataset, { blocks, parts }, (block, ref) => {
    totals.get(nameOf(ref))?.add(block);
  });
  return new Map(
    partitions.map((partition) => [partition, totals.get(nameOf(partition))?.list(measures) ?? []]),
  );
}

function nameOf({ source, period }: { source: string; period: string }): string {
  return `${source}\n${period}`;
}

/** Exact sums of one partition, by currency. */
class Totals {
  readonly #unit: string;
  readonly #sums: readonly { column: string; sums: Sums }[];
  readonly #groups = new Map<string | null, number>();

  constructor(unit: string, columns: readonly string[]) {
    this.#unit = unit;
    this.#sums = columns.map((column) => ({ column, sums: new Sums() }));
  }

  add(block: FactBlock): void {
    const { values, codes } = block.text(this.#unit);
    const groupOf = values.map((currency) => this.#groupOf(currency));
    const rows = Uint32Array.from({ length: block.rows }, (_, row) => row);
    const groups = rows.map((row) => groupOf[codes[row] ?? 0] ?? 0);
    for (const { column, sums } of this.#sums)
      sums.add(block.decimals(column), rows, groups, this.#groups.size);
  }

  #groupOf(currency: string | null): number {
    const known = this.#groups.get(currency) ?? this.#groups.size;
    this.#groups.set(currency, known);
    return known;
  }

  list(measures: Dataset["measures"]): PartitionTotals[] {
    const byCurrency = [...this.#groups].sort(([a], [b]) =>
      a === null ? 1 : b === null ? -1 : a < b ? -1 : 1,
    );
    return byCurrency.map(([currency, group]) => {
      const amounts = measures.map(({ id }, i): [string, string | null] => {
        const sum = this.#sums[i]?.sums.sum(group) ?? null;
        return [id, sum === null ? null : formatDecimal(sum)];
      });
      return { currency, values: Object.fromEntries(amounts) };
    });
  }
}
