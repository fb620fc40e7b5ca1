import { followsWith } from "../../../core/metrics/assign.ts";
import { type DatasetId, DATASETS } from "../../../core/metrics/datasets.ts";
import { staysEmpty } from "../../../core/metrics/facts.ts";
import { formatDecimal } from "../../../core/money/decimal.ts";
import { UNASSIGNED } from "../../../core/tenants/tenant.ts";
import type { HeldInPartition } from "./assign-held.ts";
import { type BlockWriter, type OpenPartition, segmentsOf } from "./block-writer.ts";
import { PARTS, rowsOf } from "./codec.ts";
import { type LoadStore, sameFacts } from "./load-store.ts";
import { findPartition, type Manifest, type Partition } from "./manifest.ts";
import { blocksOf, readBlocks } from "./read-blocks.ts";

/** A load came between reading what there is and swapping the manifests. */
export class ConcurrentChange extends Error {
  override readonly name = "ConcurrentChange";
}

/** What is to be done with one dataset's facts of two tenants. */
export interface Assignment {
  dataset: DatasetId;
  from: string;
  to: string;
  /** The owner's manifest as it was read. */
  owner: Manifest;
  moves: readonly HeldInPartition[];
  superseded: readonly HeldInPartition[];
}

/** A partition that lost facts, written anew. */
interface Rest {
  tenant: string;
  partition: Partition;
  lost: ReadonlySet<string>;
  stays: OpenPartition;
}

/** Facts that go into the owner's partition of a source and period. */
interface Arrival {
  /** Where they come from. */
  partition: Partition;
  accounts: ReadonlySet<string>;
  goes: OpenPartition;
}

/** What was written, for the manifests to name. */
export interface Rewriting {
  rests: Rest[];
  arrivals: Arrival[];
}

/** Writes the facts of the partitions that change: what stays and what goes. */
export async function rewrite(
  store: LoadStore,
  { dataset, from, to, owner, moves, superseded }: Assignment,
  writer: BlockWriter,
): Promise<Rewriting> {
  const done: Rewriting = { rests: [], arrivals: [] };
  const changed = new Set([...moves, ...superseded].map(({ entry }) => entry));
  for (const partition of changed) {
    const { source, period } = partition;
    const tenant = owner.partitions.includes(partition) ? to : from;
    const accountsIn = (held: readonly HeldInPartition[]): Set<string> =>
      new Set(held.filter(({ entry }) => entry === partition).map(({ account }) => account));
    const going = accountsIn(moves);
    const lost = new Set([...going, ...accountsIn(superseded)]);
    const stays = writer.open({ tenant, source, period });
    const goes = writer.open({ tenant: to, source, period });
    await split(store, { dataset, tenant, partition }, writer, (account) =>
      account === null || !lost.has(account) ? stays : going.has(account) ? goes : undefined,
    );
    done.rests.push({ tenant, partition, lost, stays });
    if (going.size > 0) done.arrivals.push({ partition, accounts: going, goes });
  }
  return done;
}

/** Writes a partition's facts to where each goes by its account, or nowhere. */
async function split(
  store: LoadStore,
  { dataset: id, tenant, partition }: { dataset: DatasetId; tenant: string; partition: Partition },
  writer: BlockWriter,
  placeOf: (account: string | null) => OpenPartition | undefined,
): Promise<void> {
  const dataset = DATASETS[id];
  const at = dataset.columns.findIndex((column) => column.name === dataset.accountColumn);
  const blocks = blocksOf([partition], () => true);
  await readBlocks(store, tenant, dataset, { blocks, parts: PARTS }, async (block, ref) => {
    for (const row of rowsOf(block, dataset.columns, formatDecimal)) {
      const place = placeOf(row[at] ?? null);
      const full = place === undefined ? undefined : writer.add(place, ref.day, row);
      if (full !== undefined) await full;
    }
  });
  await writer.flush();
}

/** The manifest of who gives facts away. @throws ConcurrentChange */
export function applyToSource(
  manifest: Manifest,
  { rests }: Rewriting,
  { from, since }: { from: string; since: string },
): Manifest {
  return withRests(
    manifest,
    rests.filter(({ tenant }) => tenant === from),
    since,
  );
}

/** The manifest of who gets them. @throws ConcurrentChange */
export function applyToOwner(
  manifest: Manifest,
  { rests, arrivals }: Rewriting,
  { owner, to, since }: Pick<Assignment, "owner" | "to"> & { since: string },
): Manifest {
  for (const { partition } of arrivals)
    if (!sameFacts(findPartition(manifest, partition), findPartition(owner, partition)))
      throw new ConcurrentChange();
  const own = rests.filter(({ tenant }) => tenant === to);
  const after = withRests(manifest, own, since);
  let partitions = after.partitions;
  for (const { partition, accounts, goes } of arrivals) {
    const current = findPartition({ ...after, partitions }, partition);
    const base = current ?? emptied(partition);
    const merged: Partition = {
      ...base,
      ...listed(base, (there) => [...new Set([...there, ...accounts])].sort()),
      ...(base.follows !== undefined && { follows: followsWith(base.follows, accounts) }),
      rows: base.rows + goes.rows,
      segments: [...base.segments, ...segmentsOf(goes)],
    };
    partitions = [...partitions.filter((each) => each !== current), merged];
  }
  return { ...after, asOf: newest(after, arrivals), partitions };
}

/** A partition of the same load without facts: what a new owner's begins as. */
function emptied(partition: Partition): Partition {
  return { ...partition, rows: 0, segments: [], accounts: [], follows: "all" };
}

function withRests(manifest: Manifest, rests: readonly Rest[], since: string): Manifest {
  let partitions = manifest.partitions;
  const garbage = [...manifest.garbage];
  for (const { tenant, partition, lost, stays } of rests) {
    const current = findPartition(manifest, partition);
    if (current === undefined || !sameFacts(current, partition)) throw new ConcurrentChange();
    garbage.push(...current.segments.map((segment) => ({ ...segment, since })));
    const rest: Partition = {
      ...current,
      ...listed(current, (there) => there.filter((account) => !lost.has(account))),
      rows: stays.rows,
      segments: segmentsOf(stays),
    };
    const keep = rest.rows > 0 || staysEmpty(rest.period, tenant !== UNASSIGNED);
    partitions = partitions.flatMap((each) => (each !== current ? [each] : keep ? [rest] : []));
  }
  return { ...manifest, version: manifest.version + 1, partitions, garbage };
}

/** The accounts of a partition that lists them, changed. */
function listed(
  { accounts }: Pick<Partition, "accounts">,
  change: (accounts: readonly string[]) => readonly string[],
): { accounts?: readonly string[] } {
  return accounts === undefined ? {} : { accounts: change(accounts) };
}

function newest({ asOf }: Manifest, arrivals: readonly Arrival[]): string | null {
  const instants = [...(asOf === null ? [] : [asOf]), ...arrivals.map(({ partition }) => partition.loadedAt)];
  return instants.sort().at(-1) ?? null;
}
