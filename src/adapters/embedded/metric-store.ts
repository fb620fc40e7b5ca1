import type { MetricStore } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { listLoads } from "./loads.ts";
import { loadRecords } from "./load-records.ts";
import { loadTables } from "./load-tables.ts";
import { reassignAccount } from "./reassign.ts";
import { EmbeddedTenantMetrics } from "./tenant-metrics.ts";

/** The facts of all tenants in the engine's file. */
export function createMetricStore(database: Database): MetricStore {
  const keys = new Map<string, number>();
  return {
    capabilities: { tables: true },
    forTenant: (tenant) => new EmbeddedTenantMetrics(database, tenant, keys),
    load: (input, options = {}) =>
      input.kind === "tables" ? loadTables(database, input, options) : loadRecords(database, input, options),
    loads: (filter = {}) => listLoads(database, filter),
    reassign: (dataset, account, to) => reassignAccount(database, dataset, account, to),
  };
}
