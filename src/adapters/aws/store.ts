import type { BudgetStore } from "../../ports/budget-store.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ConnectionStore } from "../../ports/connection-store.ts";
import type { ExportStore } from "../../ports/export-store.ts";
import type { MetricStore, TableStore } from "../../ports/metric-store.ts";
import type { QueryCache } from "../../ports/query-cache.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { TenantStore } from "../../ports/tenant-store.ts";
import { createBudgetStore } from "./budget-store.ts";
import type { AwsConfig } from "./config.ts";
import { AwsConnectionStore } from "./connection-store.ts";
import { Dynamo } from "./dynamo.ts";
import { abandonExports, type ExportHousekeeping } from "./export-housekeeping.ts";
import { createExportStore } from "./export-store.ts";
import { text } from "./items.ts";
import { type Housekeeping, housekeep } from "./metrics/housekeeping.ts";
import { createMetricStore } from "./metrics/metric-store.ts";
import { ObjectStore } from "./object-store.ts";
import { type CacheMeter, createQueryCache } from "./query-cache.ts";
import { createReportStore } from "./report-store.ts";
import { AwsTenantStore } from "./tenant-store.ts";

/** Everything one environment holds in the cloud, behind the ports. */
export interface AwsStore {
  metrics: MetricStore & TableStore;
  tenants: TenantStore;
  reports: ReportStore;
  budgets: BudgetStore;
  exports: ExportStore;
  cache: QueryCache;
  connections: ConnectionStore;
  objects: ObjectStore;
  dynamo: Dynamo;
  /** What the health check asks: each of the four tables, and the bucket. */
  checks: readonly { name: string; check(): Promise<void> }[];
  /** Finishes what loads and exports left undone; to be run daily. */
  housekeep(): Promise<Housekeeping & ExportHousekeeping>;
  close(): Promise<void>;
}

/** Opens no connection yet: the first call does. */
export function openAwsStore(config: AwsConfig, clock: Clock, cacheMeter?: CacheMeter): AwsStore {
  const dynamo = new Dynamo(config);
  const objects = new ObjectStore(config);
  const { names } = config;
  const now = (): Date => clock.now();
  const loads = { dynamo, table: names.metrics, now };
  return {
    metrics: createMetricStore(loads),
    tenants: new AwsTenantStore(dynamo, names.reports),
    reports: createReportStore(dynamo, names.reports),
    budgets: createBudgetStore(dynamo, names.reports),
    exports: createExportStore(dynamo, names.reports, objects, clock),
    cache: createQueryCache(dynamo, names.cache, clock, cacheMeter),
    connections: new AwsConnectionStore(dynamo, names.reports),
    objects,
    dynamo,
    checks: [
      tableCheck(dynamo, names.reports, { customer_id: text("#health"), id: text("#health") }),
      tableCheck(dynamo, names.schedules, { customer_id: text("#health"), schedule_id: text("#health") }),
      tableCheck(dynamo, names.cache, { cache_key: text("#health") }),
      tableCheck(dynamo, names.metrics, { customer_id: text("#health"), sk: text("#health") }),
      { name: names.bucket, check: () => objects.check() },
    ],
    housekeep: async () => ({ ...(await housekeep(loads)), ...(await abandonExports(objects, now())) }),
    async close() {
      dynamo.close();
      await objects.close();
    },
  };
}

/** Reads a key nothing has: what proves that table, key names and permission are right, for half a read unit. */
function tableCheck(
  dynamo: Dynamo,
  table: string,
  key: Record<string, { S: string }>,
): { name: string; check(): Promise<void> } {
  return {
    name: table,
    async check() {
      await dynamo.get(table, key, { eventual: true });
    },
  };
}
