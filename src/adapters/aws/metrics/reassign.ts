import { DomainError } from "../../../core/errors/errors.ts";
import { type Dataset, DATASETS, type DatasetId } from "../../../core/metrics/datasets.ts";
import { staysEmpty } from "../../../core/metrics/facts.ts";
import { formatDecimal } from "../../../core/money/decimal.ts";
import { UNASSIGNED } from "../../../core/tenants/tenant.ts";
import { BlockWriter, newLoadKey, type OpenPartition, segmentsOf } from "./block-writer.ts";
import { PARTS, rowsOf } from "./codec.ts";
import { commitManifests, registeredTenants, registerTenant } from "./commit.ts";
import { abandonLoad, type GarbageTarget, putIntent, removeIntent } from "./garbage.ts";
import { clearGarbage, type LoadStore, sameFacts } from "./load-store.ts";
import { findPartition, holdsLoad, type Manifest, type Partition, readManifest } from "./manifest.ts";
import { blocksOf, readBlocks } from "./read-blocks.ts";

interface Job {
  account: string;
  from: string;
  to: string;
}

/** Facts of one tenant that change hands, and what stays of their partitions. */
interface Move {
  account: string;
  from: string;
  partition: Partition;
  stays: OpenPartition;
  goes: OpenPartition;
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

async function reassignFrom(store: LoadStore, dataset: DatasetId, job: Job): Promise<number> {
  const { dynamo, table, now } = store;
  const target: GarbageTarget = { dynamo, table, dataset };
  const loadKey = newLoadKey();
  const writer = new BlockWriter({ dynamo, table, loadKey, dataset: DATASETS[dataset] });
  const both = [job.from, job.to];
  const noted: string[] = [];
  const begin = async (): Promise<void> => {
    if (noted.length > 0) return;
    await registerTenant(dynamo, table, job.to);
    for (const tenant of both) {
      await putIntent(target, { tenant, loadKey, since: now().toISOString() });
      noted.push(tenant);
    }
  };
  try {
    const manifest = await readManifest(dynamo, table, job.from, dataset);
    const moves = await splitFacts(store, job, manifest, { dataset: DATASETS[dataset], writer, begin });
    if (moves.length === 0) return 0;
    await writer.finish();
    const after = await commitManifests(
      target,
      both,
      (tenant, current) => applyMoves(tenant === job.from, current, moves, now().toISOString()),
      (_, current) => holdsLoad(current, loadKey),
    );
    for (const [tenant, current] of after)
      await clearGarbage(store, target, tenant, current.garbage).catch(() => undefined);
    for (const tenant of both) await removeIntent(target, tenant, loadKey).catch(() => undefined);
    return moves.reduce((sum, move) => sum + move.goes.rows, 0);
  } catch (error) {
    await writer.settle();
    for (const tenant of noted) await abandonLoad(target, tenant, loadKey, now()).catch(() => undefined);
    throw error;
  }
}

/** Writes the facts of partitions that hold the account: what stays and what goes. */
async function splitFacts(
  store: LoadStore,
  job: Job,
  manifest: Manifest,
  { dataset, writer, begin }: { dataset: Dataset; writer: BlockWriter; begin: () => Promise<void> },
): Promise<Move[]> {
  const at = dataset.columns.findIndex((column) => column.name === dataset.accountColumn);
  const moves: Move[] = [];
  for (const partition of manifest.partitions) {
    const blocks = blocksOf([partition], () => true);
    let holders = 0;
    await readBlocks(store, job.from, dataset, { blocks, parts: ["narrow"] }, (block) => {
      if (block.text(dataset.accountColumn).values.includes(job.account)) holders += 1;
    });
    if (holders === 0) continue;
    await begin();
    const { source, period } = partition;
    const stays = writer.open({ tenant: job.from, source, period });
    const goes = writer.open({ tenant: job.to, source, period });
    await readBlocks(store, job.from, dataset, { blocks, parts: PARTS }, async (block, ref) => {
      for (const row of rowsOf(block, dataset.columns, formatDecimal)) {
        const full = writer.add(row[at] === job.account ? goes : stays, ref.day, row);
        if (full !== undefined) await full;
      }
    });
    await writer.flush();
    moves.push({ account: job.account, from: job.from, partition, stays, goes });
  }
  return moves;
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
      const rest = {
        ...current,
        ...listed(current, (a) => a.filter((each) => each !== move.account)),
        rows: move.stays.rows,
        segments: segmentsOf(move.stays),
      };
      const keep = rest.rows > 0 || staysEmpty(rest.period, move.from !== UNASSIGNED);
      partitions = keep ? [...others, rest] : others;
    } else {
      const base = current ?? { ...move.partition, rows: 0, segments: [] };
      const segments = [...base.segments, ...segmentsOf(move.goes)];
      const accounts = listed(current ?? { ...base, accounts: [] }, (a) =>
        [...new Set([...a, move.account])].sort(),
      );
      partitions = [...others, { ...base, ...accounts, rows: base.rows + move.goes.rows, segments }];
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

function changed(move: Move): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `A load replaced ${move.partition.source} ${move.partition.period} of ${move.from} while its facts were being moved`,
    { fix: "Map the account again." },
  );
}
