import type { DeliveryLoad, LoadReport } from "../../../ports/load.ts";
import type { LoadOptions, MetricStore, TableStore } from "../../../ports/metric-store.ts";
import { loadRecords } from "../../shared/record-delivery.ts";
import { loadDelivery } from "./load-delivery.ts";
import { listLoads } from "./loads.ts";
import { loadTables } from "./load-tables.ts";
import type { LoadStore } from "./load-run.ts";
import { reassignAccount } from "./reassign.ts";
import { removePartitions } from "./remove.ts";
import { AwsTenantMetrics } from "./tenant-metrics.ts";

/** The facts of all tenants in the metrics table; see `manifest.ts` for how they are laid out. */
export function createMetricStore(store: LoadStore): MetricStore & TableStore {
  const delivered = (delivery: DeliveryLoad, options: LoadOptions): Promise<LoadReport[]> =>
    loadDelivery(store, delivery, options);
  return {
    forTenant: (tenant) => new AwsTenantMetrics(store, tenant),
    load: (input, options = {}) => loadRecords(input, options, delivered),
    loadTables: (input, options = {}) => loadTables(store, input, options),
    loadDelivery: (input, options = {}) => delivered(input, options),
    loads: (filter = {}) => listLoads(store, filter),
    remove: (request) => removePartitions(store, request),
    reassign: (dataset, account, to) => reassignAccount(store, dataset, account, to),
  };
}
