import { DEFAULT_LIMITS } from "../../core/limits/limits.ts";
import { type TurnLimits, Turns } from "../../core/limits/turns.ts";
import type { Connect } from "../../duckdb/staging.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ExportFiles } from "../../ports/export-files.ts";
import type { MetricStore } from "../../ports/metric-store.ts";
import type { QueryCache } from "../../ports/query-cache.ts";
import type { UploadStore } from "../../ports/uploads.ts";
import type { RecordStore } from "../../ports/records.ts";
import { systemClock } from "./clock.ts";
import { Database, type DatabaseOptions } from "./database.ts";
import { createExportFiles, sweepExports } from "./export-files.ts";
import { createMetricStore } from "./metric-store.ts";
import { createQueryCache } from "./query-cache.ts";
import { createRecordStore, removeExpired } from "./records.ts";
import { sweepSpool } from "./spool.ts";
import { createUploads, sweepUploads } from "./uploads.ts";

export interface EmbeddedOptions extends DatabaseOptions {
  /** Times cache entries; default: the machine's. */
  clock?: Clock;
  /** Bytes of cached answers kept in memory. */
  cacheBytes?: number;
  /** Questions that the engine answers side by side; default: {@link DEFAULT_LIMITS}. */
  questions?: TurnLimits;
}

/** Everything one data folder holds, behind the ports. */
export interface EmbeddedStore {
  metrics: MetricStore;
  records: RecordStore;
  exportFiles: ExportFiles;
  uploads: UploadStore;
  cache: QueryCache;
  directory: string;
  /** Opens a connection to the store's engine, for work beside it; the caller closes it. */
  connect: Connect;
  /** @throws DomainError `store.unavailable` when the store cannot answer */
  check(): Promise<void>;
  /** Removes what has expired; done when the store is opened, to be repeated daily. */
  housekeep(): Promise<void>;
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
  const { clock = systemClock, cacheBytes, questions = DEFAULT_LIMITS.engine } = options;
  const database = await Database.open(directory, options);
  const exportFiles = createExportFiles(directory);
  const housekeep = async (): Promise<void> => {
    await sweepUploads(directory, clock.now());
    for (const { space, kind, id } of await removeExpired(database, clock.now())) {
      if (kind === "export") await exportFiles.forTenant(space).remove(id);
    }
  };
  try {
    await sweepExports(directory);
    await sweepSpool(directory);
    await housekeep();
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    metrics: createMetricStore(database, { turns: new Turns(questions) }),
    records: createRecordStore(database, clock),
    exportFiles,
    uploads: createUploads(directory),
    cache: createQueryCache({ clock, ...(cacheBytes !== undefined && { maxBytes: cacheBytes }) }),
    directory,
    connect: () => database.acquire(),
    check: () =>
      database.read(async (connection) => {
        await connection.run("SELECT 1");
      }),
    housekeep,
    close: () => database.close(),
  };
}
