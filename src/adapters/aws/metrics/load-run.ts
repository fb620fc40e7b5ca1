import { DomainError } from "../../../core/errors/errors.ts";
import type { Dataset, DatasetId } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import type { PartitionReport } from "../../../ports/load.ts";
import type { Dynamo } from "../dynamo.ts";
import { BlockWriter, newLoadKey, type WrittenPartition } from "./block-writer.ts";
import type { FactRow } from "./codec.ts";
import { commitManifests, commitTogether, registerTenant } from "./commit.ts";
import {
  expireLoad,
  expireSegments,
  type GarbageTarget,
  putIntent,
  removeIntent,
  withoutGarbage,
} from "./garbage.ts";
import {
  findPartition,
  MAX_LISTED_ACCOUNTS,
  type Manifest,
  type Partition,
  readManifest,
  type Segment,
  UNDATED,
} from "./manifest.ts";

export interface LoadStore {
  dynamo: Dynamo;
  table: string;
  now: () => Date;
}

export interface LoadMeta {
  /** Names the load; shared by its partitions. */
  id: string;
  dataset: Dataset;
  format: string;
  files: readonly string[];
  /** RFC 3339, UTC. */
  loadedAt: string;
  dryRun: boolean;
}

/** A partition of a load with everything of it written and every day known. */
export interface FinishedPartition extends PartitionKey {
  rows: number;
  segments: Segment[];
  accounts: Set<string>;
}

/**
 * One dataset of a load: blocks are written under keys of their own as facts come, and then the manifests are swapped. Until then
 * nobody sees them, and if it dies before, housekeeping finds them by the note (`Intent`) made first.
 */
export class LoadRun {
  readonly #store: LoadStore;
  readonly #meta: LoadMeta;
  readonly #target: GarbageTarget;
  readonly #loadKey = newLoadKey();
  readonly #writer: BlockWriter;
  readonly #accountAt: number;
  readonly #accounts = new Map<string, Set<string>>();
  /** The manifests when the load first touched their tenants: what it is going to replace. */
  readonly #seen = new Map<string, Manifest>();

  constructor(store: LoadStore, meta: LoadMeta) {
    this.#store = store;
    this.#meta = meta;
    this.#target = { dynamo: store.dynamo, table: store.table, dataset: meta.dataset.id };
    this.#accountAt = meta.dataset.columns.findIndex(({ name }) => name === meta.dataset.accountColumn);
    this.#writer = new BlockWriter({
      dynamo: store.dynamo,
      table: store.table,
      dataset: meta.dataset,
      loadKey: this.#loadKey,
      dryRun: meta.dryRun,
      onTenant: (tenant) => this.#begin(tenant),
    });
  }

  async #begin(tenant: string): Promise<void> {
    const { dynamo, table, now } = this.#store;
    const manifest = await readManifest(dynamo, table, tenant, this.#meta.dataset.id);
    this.#seen.set(tenant, manifest);
    if (this.#meta.dryRun) return;
    // Before the note, which housekeeping finds by the tenants it knows.
    if (manifest.revision === 0) await registerTenant(dynamo, table, tenant);
    await putIntent(this.#target, { tenant, loadKey: this.#loadKey, since: now().toISOString() });
  }

  /** Replaces a partition even when no fact comes. */
  async open(key: PartitionKey): Promise<void> {
    await this.#writer.open(key);
  }

  /**
   * @param day null while it is not known; the key's period is then a name that `finish` dates
   * @param row the fact's values in the order of the dataset's columns
   */
  async add(key: PartitionKey, day: string | null, row: FactRow): Promise<void> {
    await this.#writer.add(key, day, row);
    const account = row[this.#accountAt];
    if (account !== null && account !== undefined) this.#accountsOf(key, day === null).add(account);
  }

  #accountsOf(key: PartitionKey, undated: boolean): Set<string> {
    const name = `${undated ? UNDATED : ""}\n${nameOf(key)}`;
    let accounts = this.#accounts.get(name);
    if (accounts === undefined) {
      accounts = new Set();
      this.#accounts.set(name, accounts);
    }
    return accounts;
  }

  /** The partitions so far. */
  partitions(): PartitionKey[] {
    return this.#writer.partitions();
  }

  /** Accounts of the partitions to be replaced that no fact of this load has. */
  accountsGone(): string[] {
    const had = this.partitions().flatMap(
      (key) => findPartition(this.#seenOf(key.tenant), key)?.accounts ?? [],
    );
    const has = new Set([...this.#accounts.values()].flatMap((accounts) => [...accounts]));
    return [...new Set(had)].filter((account) => !has.has(account)).sort();
  }

  /**
   * Makes the new facts current.
   * @throws DomainError `import.conflict` when another load took one of the partitions meanwhile; nothing is changed
   */
  async commit(): Promise<PartitionReport[]> {
    const [reports = []] = await commitRuns(this.#store, [this]);
    return reports;
  }

  /**
   * Writes what is still held. Two snapshots of one source that turn out to be of one day are one partition.
   * @param dayOf the day, and so the period, of facts that came without one
   */
  async finish(dayOf?: DayOf): Promise<FinishedPartition[]> {
    const found = new Map<string, FinishedPartition>();
    for (const written of await this.#writer.finish()) {
      const { tenant, source, period, undated } = written;
      const day = undated ? dayOf?.(tenant, period) : undefined;
      const key = { tenant, source, period: day ?? period };
      const partition = found.get(nameOf(key)) ?? { ...key, rows: 0, segments: [], accounts: new Set() };
      found.set(nameOf(key), partition);
      for (const account of this.#accountsOf(written, undated)) partition.accounts.add(account);
      if (written.rows === 0) continue;
      partition.rows += written.rows;
      partition.segments.push(day === undefined ? written.segment : dated(written, day));
    }
    return [...found.values()].sort(byKey);
  }

  /** What the partitions are and take the place of. */
  reports(finished: readonly FinishedPartition[]): PartitionReport[] {
    return finished.map(({ tenant, source, period, rows }) => {
      const before = findPartition(this.#seenOf(tenant), { source, period });
      return { tenant, source, period, rows, replacedRows: before?.rows ?? 0 };
    });
  }

  get dataset(): DatasetId {
    return this.#meta.dataset.id;
  }

  get dryRun(): boolean {
    return this.#meta.dryRun;
  }

  /** Whether a manifest has this load's facts already. */
  isIn(manifest: Manifest): boolean {
    return manifest.partitions.some(({ load }) => load === this.#meta.id);
  }

  /**
   * A tenant's manifest with its partitions of this load in place of those it had.
   * @throws DomainError `import.conflict`
   */
  replace(tenant: string, manifest: Manifest, finished: readonly FinishedPartition[]): Manifest {
    const { id, format, files, loadedAt } = this.#meta;
    const written = finished.filter((partition) => partition.tenant === tenant);
    const replaced: Partition[] = [];
    for (const partition of written) {
      const current = findPartition(manifest, partition);
      const expected = findPartition(this.#seenOf(tenant), partition);
      if (!sameFacts(current, expected)) throw conflict(partition);
      if (current !== undefined) replaced.push(current);
    }
    const since = this.#store.now().toISOString();
    return {
      ...manifest,
      version: manifest.version + 1,
      asOf: manifest.asOf !== null && manifest.asOf > loadedAt ? manifest.asOf : loadedAt,
      partitions: [
        ...manifest.partitions.filter((partition) => !replaced.includes(partition)),
        ...written.map(({ source, period, rows, segments, accounts }) => ({
          ...{ source, period, rows, load: id, format, files, loadedAt, segments },
          ...(accounts.size <= MAX_LISTED_ACCOUNTS && { accounts: [...accounts].sort() }),
        })),
      ],
      garbage: [
        ...manifest.garbage,
        ...replaced.flatMap(({ segments }) => segments.map((segment) => ({ ...segment, since }))),
      ],
    };
  }

  /**
   * Lets the replaced blocks expire and takes back the notes. The load stands whatever happens here: what fails is
   * still on record in the manifest or the note, and housekeeping does it later.
   */
  async cleanUp(manifests: readonly { tenant: string; manifest: Manifest }[]): Promise<void> {
    for (const { tenant, manifest } of manifests) {
      await clearGarbage(this.#store, this.#target, tenant, manifest.garbage).catch(() => undefined);
      await removeIntent(this.#target, tenant, this.#loadKey).catch(() => undefined);
    }
  }

  /** Lets expire what was written. The store's facts are as they were; what fails here is left to housekeeping. */
  async abandon(): Promise<void> {
    await this.#writer.settle();
    if (this.#meta.dryRun) return;
    for (const tenant of this.#writer.tenants()) {
      try {
        await expireLoad(this.#target, tenant, this.#loadKey, this.#store.now());
        await removeIntent(this.#target, tenant, this.#loadKey);
      } catch {
        return;
      }
    }
  }

  #seenOf(tenant: string): Manifest {
    const manifest = this.#seen.get(tenant);
    if (manifest === undefined) throw new Error(`load ${this.#meta.id} did not begin with ${tenant}`);
    return manifest;
  }
}

/** The day of a tenant's facts that came without one, by the name they came under. */
export type DayOf = (tenant: string, period: string) => string;

/**
 * Makes the facts of several datasets current, all of them or none.
 * @returns by run, what its partitions are and took the place of
 * @throws DomainError `import.conflict` when another load took one of the partitions meanwhile; nothing is changed
 */
export async function commitRuns(
  store: LoadStore,
  runs: readonly LoadRun[],
  dayOf?: DayOf,
): Promise<PartitionReport[][]> {
  const finished = new Map<DatasetId, { run: LoadRun; partitions: FinishedPartition[] }>();
  for (const run of runs) finished.set(run.dataset, { run, partitions: await run.finish(dayOf) });
  const all = [...finished.values()];
  const reports = all.map(({ run, partitions }) => run.reports(partitions));
  if (runs.every((run) => run.dryRun)) return reports;
  const names = all.flatMap(({ run: { dataset }, partitions }) =>
    [...new Set(partitions.map(({ tenant }) => tenant))].map((tenant) => ({ tenant, dataset })),
  );
  const after = await commitTogether(
    store,
    names,
    ({ tenant, dataset, manifest }) => {
      const one = finished.get(dataset);
      return one === undefined ? manifest : one.run.replace(tenant, manifest, one.partitions);
    },
    ({ dataset, manifest }) => finished.get(dataset)?.run.isIn(manifest) ?? true,
  );
  for (const { run } of all) await run.cleanUp(after.filter(({ dataset }) => dataset === run.dataset));
  return reports;
}

function dated({ segment }: WrittenPartition, day: string): Segment {
  const chunks = segment.days.flatMap(([, rows]) => rows);
  return { key: segment.key, days: [[day, chunks]], undated: true };
}

function nameOf({ tenant, source, period }: PartitionKey): string {
  return `${tenant}\n${source}\n${period}`;
}

function byKey(a: PartitionKey, b: PartitionKey): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

/** Marks blocks as expiring and then takes them off the manifest. */
export async function clearGarbage(
  store: LoadStore,
  target: GarbageTarget,
  tenant: string,
  garbage: readonly Segment[],
): Promise<void> {
  if (garbage.length === 0) return;
  await expireSegments(target, tenant, garbage, store.now());
  const cleared = new Set(garbage.map(({ key }) => key));
  await commitManifests(
    target,
    [tenant],
    (_, manifest) => withoutGarbage(manifest, cleared),
    (_, manifest) => !manifest.garbage.some(({ key }) => cleared.has(key)),
  );
}

/** Whether a partition is still the one that was seen: another load, or a reassignment, changes its segments. */
export function sameFacts(a: Partition | undefined, b: Partition | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const keys = (p: Partition): string => p.segments.map(({ key }) => key).join(" ");
  return a.load === b.load && keys(a) === keys(b);
}

function conflict(key: PartitionKey): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `Another load replaced ${key.source} ${key.period} of ${key.tenant} while this one was under way; this one was not taken`,
    { fix: "See which of the two files is newer, and import that one again." },
  );
}
