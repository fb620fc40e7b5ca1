import type { Connection } from "../core/connections/connection.ts";
import type { ConnectionKind } from "../core/connections/kinds.ts";
import type { SyncState } from "../core/connections/sync-run.ts";
import type { DatasetId } from "../core/metrics/datasets.ts";
import type { FactRecord } from "../core/metrics/facts.ts";
import type { InputFile } from "./load.ts";

/** A fact as a connector found it; the account decides which tenant gets it. */
export interface PulledFact extends FactRecord {
  account: string;
  source: string;
  period: string;
}

export interface PulledPartition {
  account: string;
  source: string;
  period: string;
}

interface Pulled {
  /** Names it within its connection, e.g. the billing period. */
  id: string;
  /** For people: `billing period 2024-09`. */
  title: string;
  /** Marks to store when it has been loaded; read only after its content has been pulled to the end. */
  marks(): SyncState;
  /** Remarks for the user; read only after its content has been pulled to the end. */
  notes(): readonly string[];
}

/** Nothing changed since its mark was stored, so nothing is pulled. */
export interface UnchangedBatch {
  kind: "unchanged";
  id: string;
  title: string;
}

/** Files as they lie in the cloud, to be imported together. `open` downloads. */
export interface FileBatch extends Pulled {
  kind: "files";
  files: readonly InputFile[];
  /** Billing period `YYYY-MM` the files are for. */
  period: string;
  /** The account that pays the bill, where the delivery says so. */
  payer: string | undefined;
}

/** Records as an API answered them, to be normalized by an importer. */
export interface RecordBatch extends Pulled {
  kind: "records";
  /** A record format of the importers. */
  format: "asff";
  /** Added to the format's own sources, so that two regions never replace each other. */
  scope: string;
  records: AsyncIterable<readonly unknown[]>;
}

/** Facts that a connector made from an API's answers. */
export interface FactBatch extends Pulled {
  kind: "facts";
  dataset: DatasetId;
  facts: AsyncIterable<readonly PulledFact[]>;
  /** Partitions to replace even when no fact falls in them; see each connector for what it leaves out. */
  partitions: readonly PulledPartition[];
  /** For costs: the bill they are of, so that it is not counted twice. */
  bill?: { payer: string; period: string };
}

export type SyncBatch = UnchangedBatch | FileBatch | RecordBatch | FactBatch;

/** What a pull is given. */
export interface PullContext {
  now: Date;
  marks: SyncState;
  /** IANA zone of the tenant that has the account. */
  zoneOf(account: string): string;
  signal: AbortSignal;
  /** Called for every call to the cloud, with its IAM action. */
  onCall(action: string): void;
  /** Called with a text for people that says what is being read. */
  onProgress(text: string): void;
}

/** Reads one kind of data from a cloud account. It changes nothing there and knows nothing about stores. */
export interface Connector {
  readonly kind: ConnectionKind;
  /**
   * Yields what there is to load, one batch after the other; the next is fetched only when the one before has been
   * handled. Every call has a timeout and a bounded number of attempts.
   * @throws DomainError `sync.access-denied` (names the missing action), `sync.credentials`, `sync.role`,
   *   `sync.wrong-region`, `sync.not-found`, `sync.not-enabled`, `sync.unavailable`, `sync.unexpected-answer`;
   *   the signal's reason when aborted
   */
  pull(connection: Connection, context: PullContext): AsyncIterable<SyncBatch>;
}

export type Connectors = Readonly<Record<ConnectionKind, Connector>>;
