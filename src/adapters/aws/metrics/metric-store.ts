import type { MetricStore } from "../../../ports/metric-store.ts";
import { listLoads } from "./loads.ts";
import { loadRecords } from "./load-records.ts";
import type { LoadStore } from "./load-run.ts";
import { reassignAccount } from "./reassign.ts";
import { AwsTenantMetrics } from "./tenant-metrics.ts";

/** The facts of all tenants in the metrics table; see `manifest.ts` for how they are laid out. */
export function createMetricStore(store: LoadStore): MetricStore {
  return {
    capabilities: { tables: false },
    forTenant: (tenant) => new AwsTenantMetrics(store, tenant),
    load: (input, options = {}) => {
      if (input.kind === "records") return loadRecords(store, input, options);
      throw new Error("not yet");
    },
    loads: (filter = {}) => listLoads(store, filter),
    reassign: (dataset, account, to) => reassignAccount(store, dataset, account, to),
  };
}
