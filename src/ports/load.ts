import { listed as listNames } from "../core/errors/bounded.ts";
import type { DatasetId, FactType } from "../core/metrics/datasets.ts";
import type { FactRecord, PartitionKey } from "../core/metrics/facts.ts";
import type { CalendarDate } from "../core/time/dates.ts";

/** A file to import. `path` is set when it lies on the local disk, so that an engine may read it by itself. */
export interface InputFile {
  /** As the user named it; shown in reports and errors. */
  name: string;
  /** Bytes, when known. */
  size?: number;
  path?: string;
  /** The raw bytes, still compressed; may be called more than once. */
  open(): AsyncIterable<Uint8Array>;
  /** To be told of bytes as they are unpacked. @throws DomainError `import.too-large` */
  onUnpacked?: (bytes: number) => void;
}

/** What is unpacked when a table is read; the importers hand over anything else unpacked. */
export type Compression = "none" | "gzip";

/** How a tabular file is written, as the importer found it. */
export type TableFormat =
  | {
      kind: "csv";
      compression: Compression;
      delimiter: string;
      /** Column names as the header has them, byte-order mark removed. */
      header: readonly string[];
    }
  | { kind: "parquet"; columns: readonly string[] };

/**
 * A column of a source file, by a name that is compared without case; `COLUMN->KEY` is the value of a key (compared
 * exactly) in a column that holds what tags are written as: a JSON object or a map.
 */
export type SourceName = string;

/** One fact column and the source column it is read from. */
export interface FieldMapping {
  /** A column of the dataset. */
  target: string;
  /** In order of preference; the first one a file has is read. */
  from: readonly SourceName[];
  type: FactType;
  /** A row without a value is rejected, and a file without the column is refused. */
  required: boolean;
  /** Source values to rename, e.g. older spellings. */
  rename?: Readonly<Record<string, string>>;
  /** For texts and decimals that are not read from the same column in every row: the first case that holds, else `from`. */
  cases?: readonly FieldCase[];
  /** For tags: how the columns begin that hold a tag each, keyed by their names. Read where a file has none of `from`. */
  tagColumns?: readonly string[];
  /** For tags: how a key may begin, and what it begins with instead; of several that fit the first counts. */
  tagKeys?: readonly { begins: string; instead: string }[];
}

/** Where a field's value comes from in some of the rows. */
export interface FieldCase {
  /** All of them must hold; of none at all the case always does. */
  when: readonly FieldCondition[];
  then: FieldValue;
}

/** A column that has one of these texts, or without them any value. One that a file lacks has none. */
export interface FieldCondition {
  column: readonly SourceName[];
  is?: readonly string[];
}

/**
 * A text as it would stand in a column; another column's text; or, for decimals, an exact sum of columns, in which one
 * without a value adds nothing, and which is unknown when none has one or when it does not fit.
 */
export type FieldValue =
  | { text: string }
  | { column: readonly SourceName[] }
  | { sum: readonly { column: readonly SourceName[]; sign: 1 | -1 }[] };

/**
 * What a format's specification asks for and real files do not always hold. It never refuses a row: breaking it is
 * counted and told, see {@link conformanceWarning}. A `target` is a fact column, or `period`.
 */
export interface ConformanceRule {
  /** What must hold, and the section that asks for it, e.g. `EffectiveCost must not be null (Effective Cost)`. */
  text: string;
  check:
    | { kind: "present"; columns: readonly SourceName[] }
    /** Told of rows refused since the field's text is none of its type. */
    | { kind: "readable"; target: string }
    /** Told of rows without a value, taken or refused for it, in which the conditions hold. */
    | { kind: "not-null"; target: string; where?: readonly RuleCondition[] }
    /** Told of rows taken in which the field has another text and the conditions hold. */
    | { kind: "values"; target: string; allowed: readonly string[]; where?: readonly RuleCondition[] }
    /** Told of rows taken in which the field has one of the texts and the conditions hold. */
    | { kind: "never"; target: string; values: readonly string[]; where?: readonly RuleCondition[] };
}

/**
 * What holds of a row that a rule is for: a fact column has one of some texts, or none of them, which no value at all
 * is as well; without either it has a value. A column that no file has is without a value in every row.
 */
export interface RuleCondition {
  target: string;
  is?: readonly string[];
  isNot?: readonly string[];
}

/** `FOCUS: EffectiveCost must not be null (Effective Cost): 3 rows`, or with the names of missing columns instead. */
export function conformanceWarning(
  format: string,
  { text }: ConformanceRule,
  broken: number | readonly string[],
): string {
  const what = typeof broken === "number" ? `${broken} ${broken === 1 ? "row" : "rows"}` : broken.join(", ");
  return `${format.toUpperCase()}: ${text}: ${what}`;
}

const LISTED_NAMES = 20;

/** Names in a report's remarks; of many the first, and how many more there are. */
export function listed(names: readonly string[]): string {
  return listNames(names, LISTED_NAMES);
}

/**
 * How the rows of a tabular format become facts: data, which the loader carries out.
 *
 * Values are read as text and trimmed of nothing: a decimal as `tryParseDecimal` reads it, an instant as
 * `tryParseInstant` does, tags as `tryParseTags` does. A value that is no exact decimal or no instant rejects its
 * row; tags that cannot be read are dropped and counted in a warning, since money is never lost for a tag.
 */
export interface TableMapping {
  dataset: DatasetId;
  /** `focus`, `cur`, … and its version as detected. */
  format: string;
  version: string;
  /** Words that stand for a missing value, beside the empty field; compared exactly. */
  nullWords: readonly string[];
  fields: readonly FieldMapping[];
  /**
   * Source columns the format defines and this mapping leaves out, a `*` at the end standing for anything; any other is
   * reported as not used.
   */
  ignored: readonly string[];
  /** What to check beside; none when left out. */
  rules?: readonly ConformanceRule[];
  /**
   * Fact columns with the instants a row covers. A period of a day or longer, or of unknown length, belongs to the
   * calendar date its start has in UTC, since a bill's day cannot be split; a shorter one to the date its start has
   * in the tenant's zone.
   */
  start: string;
  end: string;
  /**
   * Source columns in order of preference; the month of its instant (`YYYY-MM` in UTC) is the partition's period. A row
   * whose dates `periodFault` finds fault with is rejected, days being plausible as of the load.
   */
  period: readonly string[];
  /** Fact columns that name the deliverer; the partition's source is `format:VALUE:VALUE`, `-` where one is empty. */
  source: readonly string[];
  /** Fact columns that say whose a row is: the first one with a value is looked up in the claims. */
  accounts: readonly string[];
  /** Measures whose totals are reported by currency, e.g. billed_cost and effective_cost. */
  reportTotals: readonly string[];
}

/** Who owns the facts: one tenant for all, or whoever claims the fact's account. */
export type Ownership =
  | { kind: "tenant"; tenant: string }
  /** `seen`: what `MetricStore.ownerChanges` said before the claims were read. */
  | { kind: "accounts"; claims: readonly AccountClaim[]; seen: number };

/**
 * How a load knew whose its facts are: all were given to a tenant by name, whatever their accounts, and stay with it when
 * accounts change hands; or each went to its account's owner, of whom the load knew since `seen`, which is what
 * `MetricStore.ownerChanges` said before the owners were read.
 */
export type Assignment = { kind: "named" } | { kind: "owners"; seen: number };

export function assignmentOf(owners: Ownership): Assignment {
  return owners.kind === "tenant" ? { kind: "named" } : { kind: "owners", seen: owners.seen };
}

export interface AccountClaim {
  account: string;
  tenant: string;
}

/** IANA zones of the tenants a load may reach; a tenant that is not listed counts days in UTC. */
export type TenantZones = Readonly<Record<string, string>>;

export interface TableLoad {
  mapping: TableMapping;
  files: readonly { file: InputFile; table: TableFormat }[];
  owners: Ownership;
  zones: TenantZones;
  loadedAt: string;
  /** Reads, checks and sums, and changes nothing. */
  dryRun: boolean;
}

/** Facts made one by one, for formats that are no tables. All of a partition's facts come in one load. */
export interface RecordLoad {
  dataset: DatasetId;
  format: string;
  files: readonly string[];
  records: AsyncIterable<readonly LoadedFact[]>;
  /** Partitions to replace even when no fact falls in them: a snapshot without findings empties the one before. */
  partitions: readonly PartitionKey[];
  rejections: RejectionLog;
  assignment: Assignment;
  loadedAt: string;
  dryRun: boolean;
}

export interface LoadedFact extends FactRecord, PartitionKey {}

/**
 * A fact of a delivery that is read once. A snapshot's day is that of its newest observation, so it is known at the
 * end: until then `day` is null and `period` a name of the delivery's own, which {@link DeliveryEnd.dayOf} dates.
 */
export interface DeliveredFact extends Omit<LoadedFact, "day"> {
  dataset: DatasetId;
  day: CalendarDate | null;
}

/** What a delivery knows when all its facts were pulled. */
export interface DeliveryEnd {
  /** What it says something about, facts or not: each gets a report, in this order. */
  datasets: readonly DatasetId[];
  /** The day of the facts that came without one; their partition's period as well. */
  dayOf: (tenant: string, period: string) => CalendarDate;
  /** Partitions to replace even when no fact falls in them. */
  partitions: readonly (PartitionKey & { dataset: DatasetId })[];
  /** Of the records behind the facts; told in the first dataset's report. */
  rejections: RejectionLog;
}

/**
 * Facts of several datasets that come together, as findings do with the controls they stand for, and become current
 * together: readers see all of them or none. Of any partition all facts come in one load.
 */
export interface DeliveryLoad {
  format: string;
  files: readonly string[];
  facts: AsyncIterable<readonly DeliveredFact[]>;
  /**
   * Called once, when `facts` has ended.
   * @throws DomainError when nothing of it can be used; the load ends with it
   */
  end: () => DeliveryEnd;
  assignment: Assignment;
  loadedAt: string;
  dryRun: boolean;
}

/** A row that was not taken, and why. */
export interface Rejection {
  file: string;
  /** 1-based line of the file the row starts on, the header counted; null where the format has no lines (Parquet). */
  line: number | null;
  /** 1-based data row. */
  row: number | null;
  /** Source column, when one is to blame. */
  field: string | null;
  reason: string;
}

/** Rejections counted in full and kept up to a bound. */
export interface RejectionLog {
  count: number;
  kept: readonly Rejection[];
}

/** How many rejections a report lists; all are counted. */
export const MAX_LISTED_REJECTIONS = 100;

/** A reconciliation line: what the source adds up to and what the store now holds, as canonical decimals. */
export interface CurrencyTotals {
  currency: string | null;
  /** Over all rows read, rejected ones included as far as their amounts can be read; by measure id. */
  source: Readonly<Record<string, string | null>>;
  /** Over the facts stored. */
  loaded: Readonly<Record<string, string | null>>;
}

export interface PartitionReport extends PartitionKey {
  rows: number;
  /** Rows of the earlier load that this one took the place of. */
  replacedRows: number;
}

export interface LoadReport {
  dataset: DatasetId;
  format: string;
  version: string;
  files: readonly string[];
  rowsRead: number;
  rowsAccepted: number;
  rowsRejected: number;
  rejections: readonly Rejection[];
  totals: readonly CurrencyTotals[];
  partitions: readonly PartitionReport[];
  /** Accounts no tenant claims; their facts went to the unassigned tenant. */
  unassigned: readonly { account: string; name: string | null; rows: number }[];
  /** Visible remarks: columns that are missing or not used, accounts of the earlier load that are gone. */
  warnings: readonly string[];
  dryRun: boolean;
}
