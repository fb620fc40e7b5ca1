import type { DatasetId } from "../core/metrics/datasets.ts";
import type { PartitionKey } from "../core/metrics/facts.ts";
import type { CalendarDate } from "../core/time/dates.ts";
import type { Assignment, LoadReport } from "./load.ts";

/**
 * Facts that were read, checked and assigned to their tenants, in files beside the store: what a load is before it is
 * stored. Plain data, since it may come from another process. Whoever made it removes the files afterwards.
 */
export interface StagedLoad {
  format: string;
  /** Names of the files the facts came from. */
  files: readonly string[];
  /** RFC 3339, UTC. */
  loadedAt: string;
  assignment: Assignment;
  /** Checks and sums, and changes nothing. */
  dryRun: boolean;
  /** Become current together. */
  datasets: readonly StagedDataset[];
}

export interface StagedDataset {
  dataset: DatasetId;
  /**
   * The fast path of a store whose engine reads Parquet: files in this order, with `part` (INTEGER, an index into
   * {@link partitions}), `day` (DATE) and the dataset's columns. Their rows lie together by tenant and day. Other stores
   * ask for {@link StorableLoad.facts}. None where there are no facts.
   */
  paths: readonly string[];
  /** Those to replace, also where no fact falls in them. None is named twice. */
  partitions: readonly StagedPartition[];
  /** What the staged facts add up to; a store commits only what adds up to the same. */
  sums: readonly CurrencySums[];
  /** What the source adds up to: rejected rows count as far as their amounts can be read. */
  source: readonly CurrencySums[];
  /**
   * The accounts that the facts name, where one that is missing is worth a warning; null where it is not, as in
   * snapshots.
   */
  accounts: readonly string[] | null;
  /** What the load's report says before anything is stored. */
  report: Pick<
    LoadReport,
    | "format"
    | "version"
    | "files"
    | "rowsRead"
    | "rowsAccepted"
    | "rowsRejected"
    | "rejections"
    | "unassigned"
    | "warnings"
  >;
}

/** A partition to write, and how many facts it gets. */
export interface StagedPartition extends PartitionKey {
  rows: number;
}

/** Sums of one currency's amounts. */
export interface CurrencySums {
  /** ISO 4217; null for facts that name none. */
  currency: string | null;
  /** Measure id -> canonical decimal; null when no fact carries a value. */
  values: Readonly<Record<string, string | null>>;
}

export interface StagedFact {
  /** Index of its partition. */
  part: number;
  day: CalendarDate;
  /** In the order of the dataset's columns: decimals in canonical form, instants as RFC 3339, tags as JSON. */
  values: readonly (string | null)[];
}

/** A staged load as a store is given it, with what only the storing process can do. */
export interface StorableLoad extends StagedLoad {
  /** A dataset's facts in the order of its files, so together by tenant and day, as fast as they are asked for. */
  facts(dataset: StagedDataset): AsyncIterable<readonly StagedFact[]>;
  /**
   * To be called with what a store would hold of a dataset, read from what it wrote, before anything becomes current.
   * @throws DomainError `import.not-reconciled` when it is not what was staged, to the last digit
   */
  reconcile(dataset: StagedDataset, stored: StoredFacts): void;
}

/** What a store holds of a dataset's load. */
export interface StoredFacts {
  rows: number;
  /** Of the measures that the staged sums have, in the order of their currencies, null last. */
  sums: readonly CurrencySums[];
}

/** What a store knows of the loads before, of one dataset. */
export interface ReplacedFacts {
  /** Facts that each partition took the place of, in the order of {@link StagedDataset.partitions}. */
  replacedRows: readonly number[];
  /** The accounts of those facts. Only asked for where {@link StagedDataset.accounts} is there. */
  accounts: readonly string[];
  /** Partitions with facts that other tenants have of the same sources and periods and keep. Asked for likewise. */
  kept: readonly StagedPartition[];
}
