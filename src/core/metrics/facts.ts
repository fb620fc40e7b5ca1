import type { CalendarDate } from "../time/dates.ts";
import type { DatasetId } from "./datasets.ts";

/**
 * One normalized fact as an importer hands it over: column name -> text, null where the source says nothing.
 * Decimals are decimal strings, instants RFC 3339 in UTC, tags a JSON object of strings. `day` is the calendar date
 * the fact belongs to.
 */
export interface FactRecord {
  day: CalendarDate;
  values: Readonly<Record<string, string | null>>;
}

/** What a load replaces: all facts of one tenant, dataset, source and period. */
export interface PartitionKey {
  tenant: string;
  /** Who delivers it, e.g. `focus:AWS:123456789012`; two sources never replace each other. */
  source: string;
  /** A billing period `2024-09`, or a snapshot day `2024-09-17`. */
  period: string;
}

/**
 * The datasets whose facts come of the same records, so that they are loaded and removed together: a finding also stands
 * for the controls it touches.
 */
export function loadedTogether(dataset: DatasetId): readonly DatasetId[] {
  return dataset === "findings" || dataset === "controls" ? ["findings", "controls"] : [dataset];
}

/** Whether a period is a day, not a month. */
export function isSnapshotDay(period: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(period);
}

/**
 * Whether a partition stays when an account takes its last fact along to another tenant. An empty snapshot says something
 * about its tenant; an empty month does not, and a new import would not make it.
 * @param assigned false where the facts are nobody's
 */
export function staysEmpty(period: string, assigned: boolean): boolean {
  return assigned && isSnapshotDay(period);
}
