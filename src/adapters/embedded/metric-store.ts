import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { DeliveryLoad, LoadReport } from "../../ports/load.ts";
import { removeStaged, stageDelivery } from "../../duckdb/stage-delivery.ts";
import type { LoadOptions, MetricStore, StagedStore } from "../../ports/metric-store.ts";
import { loadRecords } from "../shared/record-delivery.ts";
import type { Database } from "./database.ts";
import { KnownExtents } from "./known-extents.ts";
import { listLoads } from "./loads.ts";
import { loadStaged } from "./load-staged.ts";
import { newLoadName } from "./partitions.ts";
import { stagingFolder } from "./spool.ts";
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
export function createMetricStore(
  database: Database,
  options: MetricStoreOptions = {},
): MetricStore & StagedStore {
  const { smallGroups = SMALL_GROUPS } = options;
  const known = { keys: new Map<string, number>(), extents: new KnownExtents() };
  const delivered = (delivery: DeliveryLoad, options: LoadOptions): Promise<LoadReport[]> =>
    loadDelivery(database, delivery, options);
  return {
    forTenant: (tenant) => new EmbeddedTenantMetrics(database, tenant, known, smallGroups),
    load: (input, options = {}) => loadRecords(input, options, delivered),
    loadDelivery: (input, options = {}) => delivered(input, options),
    loadStaged: (staged, options = {}) => loadStaged(database, staged, options),
    loads: (filter = {}) => listLoads(database, filter),
    remove: (request) => removePartitions(database, request),
    reassign: (dataset, account, to) => reassignAccount(database, dataset, account, to),
  };
}

/** Stages the facts beside the store while readers and other writers go on, then takes them in. */
async function loadDelivery(
  database: Database,
  delivery: DeliveryLoad,
  options: LoadOptions,
): Promise<LoadReport[]> {
  const folder = await stagingFolder(database.directory);
  try {
    const connect = (): Promise<DuckDBConnection> => database.acquire();
    const staged = await stageDelivery(connect, delivery, join(folder, newLoadName()), options);
    try {
      return await loadStaged(database, staged, options);
    } finally {
      await removeStaged(staged);
    }
  } catch (error) {
    throw database.translate(error);
  }
}
