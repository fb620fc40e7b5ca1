import type { FactRecord } from "../../core/metrics/facts.ts";
import type { CalendarDate } from "../../core/time/dates.ts";
import type { DeliveryLoad, InputFile, Ownership, TenantZones } from "../../ports/load.ts";
import type { Sample } from "./importer.ts";
import type { Located } from "./json-stream.ts";

export type Values = FactRecord["values"];

/** The facts a finding makes: one for findings, one for each control that its check stands for. */
export interface FindingFacts {
  finding: Values;
  controls: readonly Values[];
}

/** A finding as its source observed it. */
export interface ObservedFinding {
  kind: "finding";
  account: string;
  /** Who reports it, as part of the partition's source. */
  product: string;
  /** Milliseconds since 1970. */
  observedAt: number;
  facts: () => FindingFacts;
}

/** One call of a cloud API. */
export interface ApiCall {
  kind: "api-call";
  account: string;
  region: string | null;
  service: string;
  /** Milliseconds since 1970. */
  at: number;
  /** Unique id of the call; null when the source has none. */
  id: string | null;
}

/** Why a record is rejected: the field at fault, when there is one, and the reason. */
export interface Refused {
  kind: "refused";
  field: string | null;
  reason: string;
}

export type Normalized = ObservedFinding | ApiCall | Refused;

/** A format whose records become facts one by one. */
export interface RecordFormat {
  id: "asff" | "ocsf" | "prowler" | "cloudtrail";
  title: string;
  /** One record of it, for messages: `Security Hub finding`. */
  what: string;
  /** The version found in a file of this format; undefined when the file is of another. */
  detect(sample: Sample): string | undefined;
  /** The records of a file. @throws DomainError `import.*` when the file cannot be read */
  read(file: InputFile): AsyncIterable<readonly Located[]>;
  /** Never throws; a record it cannot use is refused. May turn one record into several (a wrapping event). */
  normalize(record: unknown): readonly Normalized[];
}

/** What to import and for whom. */
export interface RecordInput {
  files: readonly InputFile[];
  owners: Ownership;
  zones: TenantZones;
  /** RFC 3339 instant of the load; observations that lie more than a day after it are refused. */
  loadedAt: string;
  dryRun: boolean;
  /**
   * The day findings are a snapshot of, at most a day after the load; default: the day of the newest observation, in
   * each tenant's zone.
   */
  snapshot?: CalendarDate | undefined;
  /** RFC 3339 instant of an answer that is no file: findings are a snapshot of its day in each tenant's zone. */
  snapshotAt?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** A delivery ready for `Loader.loadDelivery`, which reads the files once, and what they held. */
export interface OpenedRecords {
  delivery: DeliveryLoad;
  /** Complete once the delivery is loaded. */
  counts: RecordCounts;
}

export interface RecordCounts {
  /** Records in the files, refused ones included. A finding may stand for many control results, or none. */
  readonly read: number;
  readonly rejected: number;
}

/** A refusal, in short. */
export function refuse(field: string | null, reason: string): Refused {
  return { kind: "refused", field, reason };
}
