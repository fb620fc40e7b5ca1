import { DomainError } from "../../../core/errors/errors.ts";
import { DATASETS, type DatasetId } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import type { ReplacedFacts, StagedDataset, StagedFact, StorableLoad } from "../../../ports/staged.ts";
import { inParallel } from "../dynamo.ts";
import { BlockTotals } from "./block-totals.ts";
import { BlockWriter, newLoadKey, type OpenPartition, segmentsOf } from "./block-writer.ts";
import { registerTenant } from "./commit.ts";
import { earlierFacts } from "./earlier-facts.ts";
import { abandonLoad, type GarbageTarget, putIntent, removeIntent } from "./garbage.ts";
import { clearGarbage, type LoadStore, sameFacts } from "./load-store.ts";
import {
  findPartition,
  MAX_LISTED_ACCOUNTS,
  type Manifest,
  type Partition,
  readManifest,
} from "./manifest.ts";

/** A load with the id that its partitions share. */
export interface NamedLoad extends StorableLoad {
  id: string;
}

/**
 * One dataset of a load: blocks are written under keys of their own as facts come, and then the manifests are swapped.
 * Until then nobody sees them, and if it dies before, housekeeping finds them by the note (`Intent`) made first.
 */
export class LoadRun {
  readonly #store: LoadStore;
  readonly #load: NamedLoad;
  readonly #staged: StagedDataset;
  readonly #target: GarbageTarget;
  readonly #loadKey = newLoadKey();
  readonly #writer: BlockWriter;
  readonly #totals: BlockTotals;
  /** In the order of the staged ones. */
  readonly #partitions: readonly { open: OpenPartition; accounts: Set<string> }[];
  /** The manifests when the load began: what it is going to replace. */
  readonly #seen = new Map<string, Manifest>();
  readonly tenants: readonly string[];

  constructor(store: LoadStore, load: NamedLoad, staged: StagedDataset, signal?: AbortSignal) {
    const { dynamo, table } = store;
    const { dataset: id, partitions, sums } = staged;
    const dataset = DATASETS[id];
    this.#store = store;
    this.#load = load;
    this.#staged = staged;
    this.#target = { dynamo, table, dataset: id };
    this.#totals = new BlockTotals(dataset, Object.keys(sums[0]?.values ?? {}));
    const onBlock = this.#totals.add.bind(this.#totals);
    this.#writer = new BlockWriter({ dynamo, table, dataset, loadKey: this.#loadKey, onBlock, signal });
    this.#partitions = partitions.map((key) => ({ open: this.#writer.open(key), accounts: new Set() }));
    this.tenants = [...new Set(partitions.map(({ tenant }) => tenant))];
  }

  get dataset(): DatasetId {
    return this.#staged.dataset;
  }

  /** Reads what is there, and unless it is a dry run notes what would be left behind if the load died. */
  async begin(): Promise<void> {
    const { dynamo, table, now } = this.#store;
    await inParallel(this.tenants, 8, async (tenant) => {
      const manifest = await readManifest(dynamo, table, tenant, this.dataset);
      this.#seen.set(tenant, manifest);
      if (this.#load.dryRun) return;
      // Before the note, which housekeeping finds by the tenants it knows.
      if (manifest.revision === 0) await registerTenant(dynamo, table, tenant);
      await putIntent(this.#target, { tenant, loadKey: this.#loadKey, since: now().toISOString() });
    });
  }

  async replaced(): Promise<ReplacedFacts> {
    const { partitions } = this.#staged;
    return {
      ...(await earlierFacts(this.#store, this.#staged, this.#seen)),
      replacedRows: partitions.map((key) => this.#seenPartition(key)?.rows ?? 0),
    };
  }

  /**
   * Writes the facts' blocks.
   * @param onFacts told of each batch before it is written; may throw to stop
   * @throws what {@link StorableLoad.reconcile} throws
   */
  async write(onFacts: (count: number) => void): Promise<void> {
    const accountAt = DATASETS[this.dataset].columns.findIndex(
      ({ name }) => name === DATASETS[this.dataset].accountColumn,
    );
    let before: { tenant: string; day: string } | undefined;
    for await (const batch of this.#load.facts(this.#staged)) {
      onFacts(batch.length);
      for (const fact of batch) {
        const { open, accounts } = this.#partitionOf(fact);
        // They come together by tenant and day.
        if (before !== undefined && (before.day !== fact.day || before.tenant !== open.tenant))
          await this.#writer.flush();
        before = { tenant: open.tenant, day: fact.day };
        const account = fact.values[accountAt] ?? null;
        if (account !== null && accounts.size <= MAX_LISTED_ACCOUNTS) accounts.add(account);
        const full = this.#writer.add(open, fact.day, fact.values);
        if (full !== undefined) await full;
      }
    }
    await this.#writer.finish();
    this.#load.reconcile(this.#staged, { rows: this.#totals.rows, sums: this.#totals.list() });
  }

  #partitionOf({ part }: StagedFact): { open: OpenPartition; accounts: Set<string> } {
    const partition = this.#partitions[part];
    if (partition === undefined) throw new Error(`a staged fact is of partition ${part}, which there is not`);
    return partition;
  }

  /** Whether facts of an account were written, or may have been where there were too many accounts to list. */
  holds(account: string): boolean {
    return this.#partitions.some(
      ({ accounts }) => accounts.size > MAX_LISTED_ACCOUNTS || accounts.has(account),
    );
  }

  /** Whether a manifest has this load's facts already. */
  isIn(manifest: Manifest): boolean {
    return manifest.partitions.some(({ load }) => load === this.#load.id);
  }

  /**
   * A tenant's manifest with its partitions of this load in place of those it had.
   * @throws DomainError `import.conflict`
   */
  replace(tenant: string, manifest: Manifest): Manifest {
    const { id: load, format, files, loadedAt } = this.#load;
    const own = this.#partitions.filter(({ open }) => open.tenant === tenant);
    const replaced: Partition[] = [];
    for (const { open } of own) {
      const current = findPartition(manifest, open);
      if (!sameFacts(current, this.#seenPartition(open))) throw conflict(open);
      if (current !== undefined) replaced.push(current);
    }
    const since = this.#store.now().toISOString();
    const written = own.map(({ open, accounts }): Partition => {
      const { source, period, rows } = open;
      const listed = accounts.size <= MAX_LISTED_ACCOUNTS ? { accounts: [...accounts].sort() } : {};
      const follows = this.#load.assignment.kind === "owners" ? "all" : [];
      const segments = segmentsOf(open);
      return { source, period, rows, load, format, files, loadedAt, segments, follows, ...listed };
    });
    return {
      ...manifest,
      version: manifest.version + 1,
      asOf: manifest.asOf !== null && manifest.asOf > loadedAt ? manifest.asOf : loadedAt,
      partitions: [...manifest.partitions.filter((partition) => !replaced.includes(partition)), ...written],
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
    if (this.#load.dryRun) return;
    for (const tenant of this.#seen.keys()) {
      try {
        await abandonLoad(this.#target, tenant, this.#loadKey, this.#store.now());
      } catch {
        return;
      }
    }
  }

  #seenPartition(key: PartitionKey): Partition | undefined {
    const manifest = this.#seen.get(key.tenant);
    if (manifest === undefined) throw new Error(`load ${this.#load.id} did not begin with ${key.tenant}`);
    return findPartition(manifest, key);
  }
}

function conflict(key: PartitionKey): DomainError {
  return new DomainError(
    "import.conflict",
    "conflict",
    `Another load replaced ${key.source} ${key.period} of ${key.tenant} while this one was under way; this one was not taken`,
    { fix: "See which of the two files is newer, and import that one again." },
  );
}
