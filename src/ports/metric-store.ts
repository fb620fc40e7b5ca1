import { DomainError } from "../core/errors/errors.ts";
import type { DatasetId } from "../core/metrics/datasets.ts";
import type { PartitionKey } from "../core/metrics/facts.ts";
import type { Extent } from "../core/query/coverage.ts";
import type { QueryPlan } from "../core/query/plan.ts";
import type { Cell } from "../core/query/query.ts";
import type { ReplacedFacts, StorableLoad } from "./staged.ts";

/**
 * What one measure adds up to over all groups, in one unit (an ISO 4217 currency or a unit of quantity; null where
 * the measure has a fixed unit or the facts name none).
 */
export interface MeasureTotal {
  unit: string | null;
  /**
   * Canonical decimal; null when no fact carried a value. A gauge that counts facts is known to be 0 where there is a
   * snapshot and no fact of it matches.
   */
  value: string | null;
  /** The same over the compared range; absent when the plan has none. */
  previous?: string | null;
  /** Facts in the range that carry no value for the measure, although they match. */
  missing: number;
}

/**
 * The answer to a plan. A row is `[...keys, ...values, ...previous]` (previous only with `plan.compare`): time keys
 * are the first day of their bucket, in the range's own dates also for compared values; a group that exists only in
 * the compared range is a row with null values.
 */
export interface Aggregate {
  /** At most `plan.limit` rows, sorted by `plan.sort` (ties by the keys, ascending, nulls last), in batches of some thousand. */
  batches: AsyncIterable<readonly (readonly Cell[])[]>;
  /** Groups in all, before the limit. */
  groups: number;
  /** Facts in the range that match the filters. */
  facts: number;
  /** One list a measure; more than one entry when facts are in several units. */
  totals: readonly (readonly MeasureTotal[])[];
}

/** What a tenant's data was computed from: changes with every load, so a cache key that holds it never goes stale. */
export interface DataVersion {
  version: string;
  /** RFC 3339 instant of the newest load; null when nothing was loaded. */
  asOf: string | null;
  /**
   * The first and last day with facts, of that version; null when there are none. Days that were not plausible even at
   * the newest load (`plausibleDays`), which a store may hold since it takes what it is given, do not count.
   */
  extent: Extent | null;
}

/**
 * A dataset of a tenant as it is at one version. Everything asked of a snapshot is answered from the facts of that
 * version or not at all, so that answers to several questions belong together. It holds nothing open.
 */
export interface Snapshot extends DataVersion {
  /**
   * Answers a plan for the snapshot's dataset. The caller drains `batches` or calls `return()` on its iterator.
   * @param signal ends the question, and an answer that is still being read
   * @throws SnapshotGone; DomainError `store.unavailable`; the signal's reason when aborted, also from `batches`
   */
  aggregate(plan: QueryPlan, signal?: AbortSignal): Promise<Aggregate>;
  /** The loads behind the facts, newest first, without totals. @throws as `aggregate` */
  loads(signal?: AbortSignal): Promise<LoadRecord[]>;
}

/**
 * The facts of a snapshot can no longer be read: a load or a removal replaced them. The question has to be asked again
 * of a new snapshot.
 */
export class SnapshotGone extends DomainError {
  constructor(dataset: DatasetId, cause?: unknown) {
    super("store.snapshot-gone", "unavailable", `The ${dataset} data changed while it was read`, {
      fix: "Try again; loads under way keep replacing what was asked about.",
      retryAfter: 2,
      cause,
    });
  }
}

export interface Work {
  /** Whether a job asks, for which nobody sits before a screen. */
  background: boolean;
}

/** One tenant's facts. A handle never sees another tenant's. */
export interface TenantMetrics {
  /**
   * The dataset as it is now. Asked before every answer: must not cost more than one short read while the facts stay
   * as they are.
   * @throws DomainError `store.unavailable`
   */
  snapshot(dataset: DatasetId): Promise<Snapshot>;
}

/** A finished load as the store remembers it. */
export interface LoadRecord extends PartitionKey {
  id: string;
  dataset: DatasetId;
  format: string;
  files: readonly string[];
  rows: number;
  /** RFC 3339, UTC. */
  loadedAt: string;
  /** By currency; only where they were asked for, and of datasets without amounts empty. */
  totals?: readonly PartitionTotals[];
}

/** What of a dataset's facts is added up when loads are told of: the amounts that people reconcile by. */
export const LOAD_TOTALS: Readonly<Record<DatasetId, readonly string[]>> = {
  cost: ["billed_cost", "effective_cost"],
  findings: [],
  controls: [],
  usage: [],
};

/** What a partition's facts add up to in one currency. */
export interface PartitionTotals {
  /** ISO 4217; null for facts that name none, which come last. */
  currency: string | null;
  /** The measures of {@link LOAD_TOTALS} -> canonical decimal; null when no fact carries one. */
  values: Readonly<Record<string, string | null>>;
}

/** Partitions to take out: those of a tenant's datasets that are of a source, and of a period when one is named. */
export interface RemovalRequest {
  tenant: string;
  /** Removed together, as findings are with the controls they stand for. */
  datasets: readonly DatasetId[];
  source: string;
  period?: string;
  /** Tells what would go, and changes nothing. */
  dryRun: boolean;
}

export interface RemovedPartition extends PartitionKey {
  dataset: DatasetId;
  rows: number;
  totals: readonly PartitionTotals[];
}

/**
 * Facts of all tenants. A store keeps facts and answers questions; what reads, checks and reports is the loader before
 * it (`Loader`). Loading replaces whole partitions, atomically and durably: when `loadStaged` resolves the new facts
 * survive a kill -9, until then readers see the old ones, and a crash or an error leaves the old ones in place.
 */
export interface MetricStore {
  /** @param work what the handle is for; a store that answers few questions at a time has each kind wait apart */
  forTenant(tenant: string, work?: Work): TenantMetrics;
  /**
   * Replaces the partitions of all datasets, all or none: no reader, and no crash, finds one dataset's new facts beside
   * another's old ones. A dry run changes nothing and tells what would be replaced.
   * @returns what was replaced in each dataset, in their order
   * @throws what {@link StorableLoad.reconcile} throws; DomainError `import.conflict` when another load took one of the
   *   partitions meanwhile, `import.owners-changed` when an account of the facts changed hands since the owners were
   *   read; the signal's reason when aborted; the store is then as it was
   */
  loadStaged(load: StorableLoad, options?: LoadOptions): Promise<ReplacedFacts[]>;
  /**
   * The loads behind the current facts, of one tenant or of all: newest first, of one instant by tenant, dataset, source
   * and period, each the last first but for the datasets. Totals are read from the facts.
   */
  loads(filter?: LoadFilter): Promise<LoadRecord[]>;
  /**
   * Removes partitions of one tenant, all or none: no reader, and no crash, finds one of them gone beside another that
   * is still there, and a load of one of them at the same time comes before it or after it, or is refused. The
   * tenant's versions of the datasets change, so that no remembered answer holds what is gone.
   * @returns what went, by dataset in the order of the request, source and period; empty when there was nothing
   * @throws DomainError `import.conflict` when loads keep getting in between; nothing is removed
   */
  remove(request: RemovalRequest): Promise<RemovedPartition[]>;
  /** Counts how often accounts changed hands; a load says what it was before the owners were read (`Assignment`). */
  ownerChanges(): Promise<number>;
  /**
   * Gives the facts of accounts to the tenant that owns the accounts now, from wherever they are, in all datasets. Loads
   * that were assigned by an owner from before are refused from then on, so that none of them undoes it. May be
   * repeated: what is where it belongs stays as it is.
   *
   * Facts that a load gave to a tenant by name stay with it. Where the owner holds facts of an account of the same source
   * and period already, these are two deliveries of the same thing: the newer one stays and the older one goes, but
   * never one that was loaded for the owner by name; the others are then left where they are.
   * @param to `unassigned` for accounts that nobody owns
   * @throws DomainError `import.conflict` when loads keep getting in between; the signal's reason when aborted, with
   *   some of the facts moved
   */
  assign(accounts: readonly string[], to: string, signal?: AbortSignal): Promise<AssignedFacts>;
  /** The accounts of facts that a tenant was given as the accounts' owner, and so would lose with them. */
  accountsHeld(tenant: string): Promise<string[]>;
}

/** What became of facts whose account has an owner. */
export interface AssignedFacts {
  /** Facts that went to the owner. */
  moved: number;
  /** Facts that went away since the owner has a newer delivery of the same. */
  superseded: number;
  /** Facts that stay elsewhere, since the owner was given the same source and period by name. */
  kept: number;
}

/** Where a load's partition stands in the list: no two stand at the same place. */
export type LoadPlace = Pick<LoadRecord, "loadedAt" | "tenant" | "dataset" | "source" | "period">;

export interface LoadFilter {
  tenant?: string;
  limit?: number;
  /** Only those behind this place, which may be gone by now. */
  after?: LoadPlace;
  /** Adds up each load, which takes reading its facts. */
  totals?: boolean;
}

export interface LoadOptions {
  /** Facts that may be staged. */
  maxRows?: number;
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
}

export interface LoadProgress {
  phase: "reading" | "checking" | "storing";
  /** 0 to 1; absent when unknown. */
  fraction?: number;
  rows?: number;
}
