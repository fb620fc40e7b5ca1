import type { Clock } from "../../ports/clock.ts";
import type { ExportFiles } from "../../ports/export-files.ts";
import type { MetricStore } from "../../ports/metric-store.ts";
import type { QueryCache } from "../../ports/query-cache.ts";
import type { UploadStore } from "../../ports/uploads.ts";
import type { RecordStore } from "../../ports/records.ts";
import type { AwsConfig } from "./config.ts";
import { Dynamo } from "./dynamo.ts";
import { abandonExports, type ExportHousekeeping } from "./export-housekeeping.ts";
import { createExportFiles } from "./export-files.ts";
import { text } from "./items.ts";
import { type Housekeeping, housekeep } from "./metrics/housekeeping.ts";
import { createMetricStore } from "./metrics/metric-store.ts";
import { ObjectStore } from "./object-store.ts";
import { type CacheMeter, createQueryCache } from "./query-cache.ts";
import { createRecordStore } from "./records.ts";
import { createUploads, sweepUploads } from "./uploads.ts";

/** Everything one environment holds in the cloud, behind the ports. */
export interface AwsStore {
  metrics: MetricStore;
  records: RecordStore;
  exportFiles: ExportFiles;
  uploads: UploadStore;
  cache: QueryCache;
  objects: ObjectStore;
  dynamo: Dynamo;
  /** What the health check asks: each of the four tables, and the bucket. */
  checks: readonly { name: string; check(): Promise<void> }[];
  /** Finishes what loads and exports left undone; to be run daily. */
  housekeep(): Promise<Housekeeping & ExportHousekeeping & { uploadsRemoved: number }>;
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
    metrics: createMetricStore(loads, config.groupLimit),
    records: createRecordStore(dynamo, names.reports, clock),
    exportFiles: createExportFiles(objects),
    uploads: createUploads(objects),
    cache: createQueryCache(dynamo, names.cache, clock, cacheMeter),
    objects,
    dynamo,
    checks: [
      tableCheck(dynamo, names.reports, { customer_id: text("#health"), id: text("#health") }),
      tableCheck(dynamo, names.schedules, { customer_id: text("#health"), schedule_id: text("#health") }),
      tableCheck(dynamo, names.cache, { cache_key: text("#health") }),
      tableCheck(dynamo, names.metrics, { customer_id: text("#health"), sk: text("#health") }),
      { name: names.bucket, check: () => objects.check() },
    ],
    housekeep: async () => ({
      ...(await housekeep(loads)),
      ...(await abandonExports(objects, now())),
      uploadsRemoved: await sweepUploads(objects, now()),
    }),
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
