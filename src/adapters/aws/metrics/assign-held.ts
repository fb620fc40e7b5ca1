import type { HeldFacts } from "../../../core/metrics/assign.ts";
import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import { partsFor } from "./codec.ts";
import type { LoadStore } from "./load-store.ts";
import { findPartition, type Manifest, type Partition } from "./manifest.ts";
import { blocksOf, readBlocks } from "./read-blocks.ts";

/** One account's facts in a partition as a manifest has it. */
export interface HeldInPartition extends HeldFacts {
  entry: Partition;
}

/** Whose facts are looked for, and in what. */
export interface Sought {
  dataset: DatasetId;
  accounts: ReadonlySet<string>;
}

/** What a tenant's partitions hold of accounts. */
export async function holdings(
  store: LoadStore,
  { dataset: id, accounts }: Sought,
  tenant: string,
  partitions: readonly Partition[],
): Promise<HeldInPartition[]> {
  const dataset = DATASETS[id];
  const found: HeldInPartition[] = [];
  for (const entry of partitions) {
    if (entry.accounts !== undefined && !entry.accounts.some((account) => accounts.has(account))) continue;
    const rows = new Map<string, number>();
    const request = {
      blocks: blocksOf([entry], () => true),
      parts: partsFor(id, [dataset.accountColumn]),
    };
    await readBlocks(store, tenant, dataset, request, (block) => {
      const { values, codes } = block.text(dataset.accountColumn);
      for (let row = 0; row < block.rows; row++) {
        const account = values[codes[row] ?? 0] ?? null;
        if (account !== null && accounts.has(account)) rows.set(account, (rows.get(account) ?? 0) + 1);
      }
    });
    const { source, period, loadedAt, follows = "all" } = entry;
    for (const [account, count] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
      found.push({
        entry,
        partition: JSON.stringify([tenant, source, period]),
        source,
        period,
        loadedAt,
        follows,
        account,
        rows: count,
      });
  }
  return found;
}

/** What the owner holds of accounts in the places where others have facts of them. */
export function holdingsAt(
  store: LoadStore,
  sought: Sought & { to: string },
  owner: Manifest,
  others: readonly HeldInPartition[],
): Promise<HeldInPartition[]> {
  const places = new Set(others.map(({ entry }) => findPartition(owner, entry)));
  const partitions = [...places].filter((partition) => partition !== undefined);
  return holdings(store, sought, sought.to, partitions);
}
