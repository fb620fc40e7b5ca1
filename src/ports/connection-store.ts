import type { Connection } from "../core/connections/connection.ts";
import type { SyncMarks } from "./connector.ts";

/** A pull of a connection: the one that runs, or the last one. */
export interface SyncRun {
  id: string;
  status: "running" | "done" | "failed";
  dryRun: boolean;
  /** RFC 3339, UTC. */
  startedAt: string;
  finishedAt: string | null;
  /** While it runs: until when it is believed to be alive unless it says so again. */
  aliveUntil: string;
  /** What it is doing, for people. */
  progress: string | null;
  /** Of a finished run. */
  report: SyncReport | null;
  /** Of a failed run. */
  error: { code: string; message: string; fix: string | null } | null;
  /** Processes that have worked on it, the present one included; 1 where nothing is said. */
  part?: number;
  /** What earlier parts and this one have done of a run that is not at its end. */
  soFar?: SyncSoFar;
}

/** Deliveries that need not be pulled again in this run, and what it took. */
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

export interface StoredConnection {
  connection: Connection;
  marks: SyncMarks;
  lastRun: SyncRun | null;
}

/** Connections and what became of their pulls. Never holds keys or passwords. */
export interface ConnectionStore {
  get(id: string): Promise<StoredConnection | undefined>;
  /** By id. */
  list(): Promise<StoredConnection[]>;
  /** @throws DomainError `connection.exists` */
  add(connection: Connection): Promise<void>;
  /** @throws DomainError `connection.not-found` */
  remove(id: string): Promise<void>;
  /**
   * Makes a run, or the next part of one, the connection's current one, unless `refuseClaim` says why not.
   * @param now RFC 3339 instant
   * @throws DomainError `sync.running`, `sync.lost`, `connection.not-found`
   */
  begin(id: string, run: SyncRun, now: string): Promise<void>;
  /**
   * Stores the state of the connection's current run and adds marks to those there are.
   * @returns false, and nothing is stored, when the run is no longer the current one
   */
  update(id: string, run: SyncRun, marks?: SyncMarks): Promise<boolean>;
}
