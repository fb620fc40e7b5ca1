import type { ReportStore, SavedReport } from "../../ports/report-store.ts";
import type { Dynamo } from "./dynamo.ts";
import { type RecordKind, TenantRecords } from "./records.ts";

const REPORTS: RecordKind = { name: "report", order: "newest-first" };

/** Saved reports in the reports table. */
export function createReportStore(dynamo: Dynamo, table: string): ReportStore {
  return { forTenant: (tenant) => new TenantRecords<SavedReport>(dynamo, table, tenant, REPORTS) };
}
