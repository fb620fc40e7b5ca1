import type { BudgetStore } from "../../ports/budget-store.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ConnectionStore } from "../../ports/connection-store.ts";
import type { ExportStore } from "../../ports/export-store.ts";
import type { MetricStore, StagedStore } from "../../ports/metric-store.ts";
import type { QueryCache } from "../../ports/query-cache.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { TenantStore } from "../../ports/tenant-store.ts";
import { createBudgetStore } from "./budget-store.ts";
import { systemClock } from "./clock.ts";
import { createConnectionStore } from "./connection-store.ts";
import { Database, type DatabaseOptions } from "./database.ts";
import { createExportStore, sweepExports } from "./export-store.ts";
import { createMetricStore } from "./metric-store.ts";
import { createQueryCache } from "./query-cache.ts";
import { createReportStore } from "./report-store.ts";
import { sweepSpool } from "./spool.ts";
import { createTenantStore } from "./tenant-store.ts";

export interface EmbeddedOptions extends DatabaseOptions {
  /** Times cache entries; default: the machine's. */
  clock?: Clock;
  /** Bytes of cached answers kept in memory. */
  cacheBytes?: number;
}

/** Everything one data folder holds, behind the ports. */
export interface EmbeddedStore {
  metrics: MetricStore & StagedStore;
  tenants: TenantStore;
  reports: ReportStore;
  budgets: BudgetStore;
  exports: ExportStore;
  cache: QueryCache;
  connections: ConnectionStore;
  directory: string;
  /** @throws DomainError `store.unavailable` when the store cannot answer */
  check(): Promise<void>;
  close(): void;
}

/**
 * Opens or creates the store in a data folder and clears what a crash left there.
 * @throws DomainError `store.in-use`, `store.unreadable`, `store.newer-version`
 */
export async function openEmbeddedStore(
  directory: string,
  options: EmbeddedOptions = {},
): Promise<EmbeddedStore> {
  const database = await Database.open(directory, options);
  try {
    await sweepExports(directory);
    await sweepSpool(directory);
  } catch (error) {
    database.close();
    throw error;
  }
  const { clock = systemClock, cacheBytes } = options;
  return {
    metrics: createMetricStore(database),
    tenants: createTenantStore(database),
    reports: createReportStore(database),
    budgets: createBudgetStore(database),
    exports: createExportStore(database),
    cache: createQueryCache({ clock, ...(cacheBytes !== undefined && { maxBytes: cacheBytes }) }),
    connections: createConnectionStore(database),
    directory,
    check: () =>
      database.read(async (connection) => {
        await connection.run("SELECT 1");
      }),
    close: () => database.close(),
  };
}
