import type { ImportLimits } from "../core/limits/limits.ts";
import type { CalendarDate } from "../core/time/dates.ts";
import type { DeliveryLoad, InputFile, LoadReport, Ownership, RecordLoad, TenantZones } from "./load.ts";
import type { LoadOptions } from "./metric-store.ts";

/** Files to load as one delivery. */
export interface FileLoad {
  files: readonly InputFile[];
  /** One of the registry's formats, or `auto`. */
  format: string;
  owners: Ownership;
  zones: TenantZones;
  /** The day findings are a snapshot of; the day of the newest observation when undefined. */
  snapshot: CalendarDate | undefined;
  /** RFC 3339, UTC. */
  loadedAt: string;
  /** Read, check and sum, and change nothing. */
  dryRun: boolean;
  /** The loader's own when not given. */
  limits?: ImportLimits;
}

/** What the files turned out to hold, and what became of it. */
export interface LoadedFiles {
  /** As detected; for files that hold nothing what was asked for. */
  format: string;
  version: string;
  /** Names of files that hold nothing. */
  empty: readonly string[];
  /** What is told of files that are no data. */
  remarks: readonly string[];
  /** Records in the files, when a record may stand for several facts or for none. */
  records: { read: number; rejected: number } | undefined;
  /** One a dataset; none when the files are empty. */
  reports: readonly LoadReport[];
}

/**
 * The one way into a metric store: facts are read, checked, assigned to their tenants, summed and warned about here,
 * whatever the store is. A load becomes current as a whole, or nothing changes.
 */
export interface Loader {
  /**
   * Finds out what files hold and loads it as one delivery.
   * @throws DomainError `import.*` when a file cannot be read, is of no known format, or holds too much
   * @throws the signal's reason when aborted
   */
  load(input: FileLoad, options?: LoadOptions): Promise<LoadedFiles>;
  /**
   * Loads facts of several datasets that come one by one: no reader, and no crash, finds one dataset's new facts beside
   * another's old ones.
   * @returns a report for each of the delivery's datasets, in their order
   * @throws DomainError `import.*` when a fact or the delivery cannot be used
   * @throws what the facts throw; the signal's reason when aborted
   */
  loadDelivery(input: DeliveryLoad, options?: LoadOptions): Promise<LoadReport[]>;
  /** The same for facts of one dataset, each of a known day. */
  loadRecords(input: RecordLoad, options?: LoadOptions): Promise<LoadReport>;
}
