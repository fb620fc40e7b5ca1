import type { Connection } from "./connection.ts";

/**
 * What a connection keeps between pulls, as its connector defines it: which delivery of a month was loaded, up to which
 * day it has read. A mark is stored only after the data it stands for.
 */
export type SyncState = Readonly<Record<string, string>>;

/** A pull of a connection: the current one, or the last one. */
export interface SyncRun {
  /** Of its job as well. */
  id: string;
  status: "running" | "done" | "failed";
  dryRun: boolean;
  /** RFC 3339, UTC. */
  startedAt: string;
  finishedAt: string | null;
  /** What it is doing, for people; while it runs, its job knows. */
  progress: string | null;
  /** Of a finished run. */
  report: SyncReport | null;
  /** Of a failed run. */
  error: { code: string; message: string; fix: string | null } | null;
}

/** What an unfinished run has done: deliveries that need not be pulled again, and its calls and warnings. */
export type SyncSoFar = Pick<SyncReport, "deliveries" | "calls" | "warnings">;

/** What a pull did. */
export interface SyncReport {
  connection: string;
  dryRun: boolean;
  deliveries: readonly DeliveryReport[];
  /** Calls to the cloud by IAM action. */
  calls: Readonly<Record<string, number>>;
  warnings: readonly string[];
}

export interface DeliveryReport {
  id: string;
  title: string;
  status: "loaded" | "checked" | "unchanged";
  loads: readonly DeliveredLoad[];
}

/** A load report without its lists. */
export interface DeliveredLoad {
  dataset: string;
  format: string;
  rowsRead: number;
  rowsAccepted: number;
  rowsRejected: number;
  partitions: number;
  /** Accounts no tenant claims. */
  unassigned: number;
  /** By currency, exact decimals; empty for what is no money. */
  totals: readonly { currency: string | null; billed: string | null; effective: string | null }[];
}

/** A connection and the outcome of its pulls. Never holds keys or passwords. */
export interface StoredConnection {
  connection: Connection;
  marks: SyncState;
  lastRun: SyncRun | null;
}
