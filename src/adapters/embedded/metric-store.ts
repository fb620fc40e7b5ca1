import type { DeliveryLoad, LoadReport } from "../../ports/load.ts";
import type { LoadOptions, MetricStore } from "../../ports/metric-store.ts";
import { loadRecords } from "../shared/record-delivery.ts";
import type { Database } from "./database.ts";
import { KnownExtents } from "./known-extents.ts";
import { listLoads } from "./loads.ts";
import { loadDelivery } from "./load-delivery.ts";
import { loadTables } from "./load-tables.ts";
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
  const delivered = (delivery: DeliveryLoad, options: LoadOptions): Promise<LoadReport[]> =>
    loadDelivery(database, delivery, options);
  return {
    capabilities: { tables: true },
    forTenant: (tenant) => new EmbeddedTenantMetrics(database, tenant, known, smallGroups),
    load: (input, options = {}) =>
      input.kind === "tables" ? loadTables(database, input, options) : loadRecords(input, options, delivered),
    loadDelivery: (input, options = {}) => delivered(input, options),
    loads: (filter = {}) => listLoads(database, filter),
    remove: (request) => removePartitions(database, request),
    reassign: (dataset, account, to) => reassignAccount(database, dataset, account, to),
  };
}
