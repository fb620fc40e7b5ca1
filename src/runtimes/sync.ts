import type { Services } from "../app/services.ts";
import { runSync } from "../app/sync/start.ts";
import type { SyncOptions } from "../app/sync/options.ts";
import type { SyncReport } from "../core/connections/sync-run.ts";

export type { SyncOptions, SyncReport };

/** Pulls a connection in this process; see `runSync`. */
export function pull(runtime: { services: Services }, id: string, options: SyncOptions): Promise<SyncReport> {
  return runSync(runtime.services, id, options);
}
