import type { GroupLimit } from "../../../core/query/group-limit.ts";
import type { MetricStore } from "../../../ports/metric-store.ts";
import { accountsHeld, assignAccounts } from "./assign.ts";
import { listLoads } from "./loads.ts";
import { loadStaged } from "./load-staged.ts";
import type { LoadStore } from "./load-store.ts";
import { ownerChanges } from "./owner-changes.ts";
import { removePartitions } from "./remove.ts";
import { AwsTenantMetrics } from "./tenant-metrics.ts";

/** The facts of all tenants in the metrics table; see `manifest.ts` for how they are laid out. */
export function createMetricStore(store: LoadStore, groupLimit?: GroupLimit): MetricStore {
  return {
    forTenant: (tenant) => new AwsTenantMetrics(store, tenant, groupLimit),
    loadStaged: (load, options = {}) => loadStaged(store, load, options),
    loads: (filter = {}) => listLoads(store, filter),
    remove: (request) => removePartitions(store, request),
    ownerChanges: () => ownerChanges(store),
    assign: (accounts, to, signal) => assignAccounts(store, accounts, to, signal),
    accountsHeld: (tenant) => accountsHeld(store, tenant),
  };
}
