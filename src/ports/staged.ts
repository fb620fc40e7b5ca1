import type { DatasetId } from "../core/metrics/datasets.ts";
import type { PartitionKey } from "../core/metrics/facts.ts";
import type { LoadReport } from "./load.ts";

/**
 * Facts that were read, checked and assigned to their tenants, in files that a store's own engine reads: what a load is
 * before it is stored. Whoever made it removes the files afterwards.
 */
export interface StagedLoad {
  format: string;
  /** Names of the files the facts came from. */
  files: readonly string[];
  /** RFC 3339, UTC. */
  loadedAt: string;
  /** Checks and sums, and changes nothing. */
  dryRun: boolean;
  /** Become current together. */
  datasets: readonly StagedDataset[];
}

export interface StagedDataset {
  dataset: DatasetId;
  /**
   * Parquet files, read in this order: `part` (INTEGER, an index into {@link partitions}), `day` (DATE), then the
   * dataset's columns. Their rows lie together by tenant and day.
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
