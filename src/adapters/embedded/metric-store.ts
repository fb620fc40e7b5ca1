import type { MetricStore } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { KnownExtents } from "./known-extents.ts";
import { listLoads } from "./loads.ts";
import { loadStaged } from "./load-staged.ts";
import { reassignAccount } from "./reassign.ts";
import { removePartitions } from "./remove.ts";
import { EmbeddedTenantMetrics } from "./tenant-metrics.ts";

export interface MetricStoreOptions {
  /**
   * Answers of at most so many groups are finished outside of the engine, which would spend more time on planning
   * that than it takes; 0: none. Default 2,048.
   */
  smallGroups?: number;
}

const SMALL_GROUPS = 2_048;

/** The facts of all tenants in the engine's file. */
export function createMetricStore(database: Database, options: MetricStoreOptions = {}): MetricStore {
  const { smallGroups = SMALL_GROUPS } = options;
  const known = { keys: new Map<string, number>(), extents: new KnownExtents() };
  return {
    forTenant: (tenant) => new EmbeddedTenantMetrics(database, tenant, known, smallGroups),
    loadStaged: (load, options = {}) => loadStaged(database, load, options),
    loads: (filter = {}) => listLoads(database, filter),
    remove: (request) => removePartitions(database, request),
    reassign: (dataset, account, to) => reassignAccount(database, dataset, account, to),
  };
}
