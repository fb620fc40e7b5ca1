import type { ReportDefinition } from "../core/reports/definition.ts";

/** A saved report. `etag` changes with every write (RFC 9110 strong validator, without quotes). */
export interface SavedReport {
  id: string;
  definition: ReportDefinition;
  /** JWT `sub` of who saved it first. */
  createdBy: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  updatedAt: string;
  etag: string;
}

/** Saved reports of one tenant. */
export interface TenantReports {
  get(id: string): Promise<SavedReport | undefined>;
  /** Newest first; `after` continues behind the id of the last report of the page before. */
  list(page: { limit: number; after?: string }): Promise<SavedReport[]>;
  /** @throws DomainError `report.exists` */
  create(report: SavedReport): Promise<void>;
  /** Replaces the report if its stored etag is `expected`. @throws DomainError `report.changed`, `report.not-found` */
  replace(report: SavedReport, expected: string): Promise<void>;
  /** @throws DomainError `report.changed`, `report.not-found` */
  remove(id: string, expected?: string): Promise<void>;
}

export interface ReportStore {
  forTenant(tenant: string): TenantReports;
}
