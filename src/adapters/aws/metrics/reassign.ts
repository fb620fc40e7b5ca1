import { DomainError } from "../../../core/errors/errors.ts";
import { DATASETS, type DatasetId } from "../../../core/metrics/datasets.ts";
import { formatDecimal } from "../../../core/money/decimal.ts";
import { UNASSIGNED } from "../../../core/tenants/tenant.ts";
import { BlockWriter, newLoadKey, type WrittenPartition } from "./block-writer.ts";
import { PARTS, rowsOf } from "./codec.ts";
import { commitManifests, registeredTenants, registerTenant } from "./commit.ts";
import { expireLoad, type GarbageTarget, putIntent, removeIntent } from "./garbage.ts";
import { clearGarbage, type LoadStore, sameFacts } from "./load-run.ts";
import { findPartition, isSnapshotDay, type Manifest, type Partition, readManifest } from "./manifest.ts";
import { type BlockRef, blocksOf, readBlocks } from "./read-blocks.ts";

/** Facts of one tenant that change hands, and what stays of their partitions. */
interface Move {
  account: string;
  from: string;
  partition: Partition;
  moved: number;
  /** Null when nothing stays. */
  stays: WrittenPartition | undefined;
  goes: WrittenPartition | undefined;
}

/**
 * Moves all facts of an account to a tenant: the blocks of the partitions they are in are written anew, without them
 * and with them, and the manifests of both tenants are swapped together.
 * @returns facts moved
 * @throws DomainError `import.conflict` when loads keep getting in between
 */
export async function reassignAccount(
  store: LoadStore,
  dataset: DatasetId,
  account: string,
  to: string,
): Promise<number> {
  let moved = 0;
  for (const from of await registeredTenants(store.dynamo, store.table)) {
    if (from !== to) moved += await reassignFrom(store, dataset, { account, from, to });
  }
  return moved;
}

async function reassignFrom(
  store: LoadStore,
  dataset: DatasetId,
  job: { account: string; from: string; to: string },
): Promise<number> {
  const { dynamo, table, now } = store;
  const target: GarbageTarget = { dynamo, table, dataset };
  const loadKey = newLoadKey();
  const touched: string[] = [];
  try {
    const manifest = await readManifest(dynamo, table, job.from, dataset);
    const writer = new BlockWriter({
      ...{ dynamo, table, loadKey, dataset: DATASETS[dataset], dryRun: false },
      onTenant: async (tenant) => {
        await putIntent(target, { tenant, loadKey, since: now().toISOString() });
        touched.push(tenant);
      },
    });
    const counts = await splitFacts(store, dataset, job, manifest, writer);
    if (counts.size === 0) return 0;
    const written = await writer.finish();
    const moves = manifest.partitions.flatMap((partition): Move[] => {
      const moved = counts.get(partition);
      if (moved === undefined) return [];
      const find = (tenant: string): WrittenPartition | undefined =>
        written.find(
          (w) => w.tenant === tenant && w.source === partition.source && w.period === partition.period,
        );
      return [
        { account: job.account, from: job.from, partition, moved, stays: find(job.from), goes: find(job.to) },
      ];
    });
    await registerTenant(dynamo, table, job.to);
    const after = await commitManifests(
      target,
      [job.from, job.to],
      (tenant, current) => applyMoves(tenant === job.from, current, moves, now().toISOString()),
      (_, current) => hasSegment(current, loadKey),
    );
    for (const [tenant, current] of after)
      await clearGarbage(store, target, tenant, current.garbage).catch(() => undefined);
    for (const tenant of touched) await removeIntent(target, tenant, loadKey).catch(() => undefined);
    return moves.reduce((sum, move) => sum + move.moved, 0);
  } catch (error) {
    for (const tenant of touched) await expireLoad(target, tenant, loadKey, now()).catch(() => undefined);
    throw error;
  }
}

/** Writes the facts of partitions that hold the account: what stays and what goes. @returns facts that go */
async function splitFacts(
  store: LoadStore,
  datasetId: DatasetId,
  job: { account: string; from: string; to: string },
  manifest: Manifest,
  writer: BlockWriter,
): Promise<Map<Partition, number>> {
  const dataset = DATASETS[datasetId];
  const at = dataset.columns.findIndex((column) => column.name === dataset.accountColumn);
  const counts = new Map<Partition, number>();
  for (const partition of manifest.partitions) {
    const blocks = blocksOf({ ...manifest, partitions: [partition] }, () => true);
    const held = { blocks, parts: ["narrow"] as const };
    const holders: BlockRef[] = [];
    await readBlocks(store, job.from, dataset, held, (block, ref) => {
      if (block.text(dataset.accountColumn).values.includes(job.account)) holders.push(ref);
    });
    if (holders.length === 0) continue;
    let moved = 0;
    await readBlocks(store, job.from, dataset, { blocks, parts: PARTS }, async (block, ref) => {
      for (const row of rowsOf(block, dataset.columns, formatDecimal)) {
        const goes = row[at] === job.account;
        if (goes) moved += 1;
        await writer.add(keyFor(goes ? job.to : job.from, partition), ref.day, row);
      }
    });
    counts.set(partition, moved);
  }
  return counts;
}

function keyFor(
  tenant: string,
  { source, period }: Partition,
): { tenant: string; source: string; period: string } {
  return { tenant, source, period };
}

function applyMoves(isSource: boolean, manifest: Manifest, moves: readonly Move[], since: string): Manifest {
  const garbage = [...manifest.garbage];
  let partitions = manifest.partitions;
  for (const move of moves) {
    const current = findPartition(manifest, move.partition);
    const others = partitions.filter((partition) => partition !== current);
    if (isSource) {
      if (current === undefined || !sameFacts(current, move.partition)) throw changed(move);
      garbage.push(...current.segments.map((segment) => ({ ...segment, since })));
      const stays = move.stays === undefined ? [] : [move.stays.segment];
      const rest = {
        ...current,
        ...listed(current, (a) => a.filter((each) => each !== move.account)),
        rows: move.stays?.rows ?? 0,
        segments: stays,
      };
      // An empty snapshot says something about its tenant; an empty month does not.
      const keep = rest.rows > 0 || (move.from !== UNASSIGNED && isSnapshotDay(rest.period));
      partitions = keep ? [...others, rest] : others;
    } else {
      const base = current ?? { ...move.partition, rows: 0, segments: [] };
      const segments = move.goes === undefined ? base.segments : [...base.segments, move.goes.segment];
      const accounts = listed(current ?? { ...base, accounts: [] }, (a) =>
        [...new Set([...a, move.account])].sort(),
      );
      partitions = [...others, { ...base, ...accounts, rows: base.rows + move.moved, segments }];
    }
  }
  return { ...manifest, version: manifest.version + 1, asOf: newest(manifest, moves), partitions, garbage };
}

/** The accounts of a partition that lists them, changed. */
function listed(
  { accounts }: Pick<Partition, "accounts">,
  change: (accounts: readonly string[]) => readonly string[],
): { accounts?: readonly string[] } {
  return accounts === undefined ? {} : { accounts: change(accounts) };
}

function newest(manifest: Manifest, moves: readonly Move[]): string | null {
  const instants = [
    ...(manifest.asOf === null ? [] : [manifest.asOf]),
    ...moves.map((m) => m.partition.loadedAt),
  ];
  return instants.sort().at(-1) ?? null;
}

function hasSegment(manifest: Manifest, loadKey: string): boolean {
  return manifest.partitions.some(({ segments }) =>
    segments.some(({ key }) => key.startsWith(`${loadKey}.`)),
  );
}

function changed(move: Move): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `A load replaced ${move.partition.source} ${move.partition.period} of ${move.from} while its facts were being moved`,
    { fix: "Map the account again." },
  );
}
