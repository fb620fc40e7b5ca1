import { createIds, systemClock } from "../../src/adapters/embedded/clock.ts";
import { EXPORTS, REPORTS, TENANTS } from "../../src/app/records/kinds.ts";
import { type Records, recordsOf, serviceRecords } from "../../src/app/records/records.ts";
import { connectionRecords } from "../../src/app/sync/connections.ts";
import type { StoredConnection } from "../../src/core/connections/sync-run.ts";
import type { ExportJob } from "../../src/core/exports/export-job.ts";
import type { SavedReport } from "../../src/core/reports/saved-report.ts";
import type { Tenant } from "../../src/core/tenants/tenant.ts";
import type { RecordStore } from "../../src/ports/records.ts";

/** Anything that keeps records: a store or the services. */
interface Keeper {
  records: RecordStore;
}

const ids = createIds(systemClock);

export function connectionsIn({ records }: Keeper): Records<StoredConnection> {
  return connectionRecords({ records, ids });
}

export function tenantsIn({ records }: Keeper): Records<Tenant> {
  return serviceRecords({ records, ids }, TENANTS);
}

export function reportsIn({ records }: Keeper, tenant: string): Records<SavedReport> {
  return recordsOf({ services: { records, ids }, tenant: { id: tenant } }, REPORTS);
}

export function exportsIn({ records }: Keeper, tenant: string): Records<ExportJob> {
  return recordsOf({ services: { records, ids }, tenant: { id: tenant } }, EXPORTS);
}
