import { DomainError } from "../../../core/errors/errors.ts";
import type { Dataset } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import type { PartitionReport } from "../../../ports/load.ts";
import type { Dynamo } from "../dynamo.ts";
import { BlockWriter, newLoadKey, type WrittenPartition } from "./block-writer.ts";
import type { FactRow } from "./codec.ts";
import { commitManifests, registerTenant } from "./commit.ts";
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

/**
 * One load: blocks are written under keys of their own as facts come, and then the manifests are swapped. Until then
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

  /** @param row the fact's values in the order of the dataset's columns */
  async add(key: PartitionKey, day: string, row: FactRow): Promise<void> {
    await this.#writer.add(key, day, row);
    const account = row[this.#accountAt];
    if (account !== null && account !== undefined) this.#accountsOf(key).add(account);
  }

  #accountsOf(key: PartitionKey): Set<string> {
    const name = nameOf(key);
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
    const written = (await this.#writer.finish()).sort(byKey);
    const reports = written.map((partition) => {
      const { tenant, source, period, rows } = partition;
      const before = findPartition(this.#seenOf(tenant), partition);
      return { tenant, source, period, rows, replacedRows: before?.rows ?? 0 };
    });
    if (this.#meta.dryRun) return reports;
    await this.#swap(written);
    return reports;
  }

  async #swap(written: readonly WrittenPartition[]): Promise<void> {
    const tenants = [...new Set(written.map(({ tenant }) => tenant))];
    const after = await commitManifests(
      this.#target,
      tenants,
      (tenant, manifest) =>
        this.#replace(
          tenant,
          manifest,
          written.filter((partition) => partition.tenant === tenant),
        ),
      (_, manifest) => manifest.partitions.some(({ load }) => load === this.#meta.id),
    );
    await this.#cleanUp(after);
  }

  #replace(tenant: string, manifest: Manifest, written: readonly WrittenPartition[]): Manifest {
    const { id, format, files, loadedAt } = this.#meta;
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
        ...written.map(({ source, period, rows, segment }) => ({
          ...{ source, period, rows, load: id, format, files, loadedAt },
          segments: rows === 0 ? [] : [segment],
          ...this.#listedAccounts({ tenant, source, period }),
        })),
      ],
      garbage: [
        ...manifest.garbage,
        ...replaced.flatMap(({ segments }) => segments.map((segment) => ({ ...segment, since }))),
      ],
    };
  }

  #listedAccounts(key: PartitionKey): { accounts?: readonly string[] } {
    const accounts = this.#accountsOf(key);
    return accounts.size > MAX_LISTED_ACCOUNTS ? {} : { accounts: [...accounts].sort() };
  }

  /**
   * Lets the replaced blocks expire and takes back the notes. The load stands whatever happens here: what fails is
   * still on record in the manifest or the note, and housekeeping does it later.
   */
  async #cleanUp(manifests: ReadonlyMap<string, Manifest>): Promise<void> {
    for (const [tenant, manifest] of manifests) {
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
