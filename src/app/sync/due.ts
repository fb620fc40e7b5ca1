import type { SyncRun } from "../../core/connections/sync-run.ts";
import type { Services } from "../services.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { listConnections, runNow } from "./connections.ts";
import { startSync } from "./start.ts";

/**
 * A pull that went well this recently is not repeated: the event that asks for it came twice. Shorter than any
 * schedule that makes sense, since AWS renews none of these sources within the hour.
 */
const FRESH_MS = 30 * 60_000;

export interface StartedPulls {
  started: { connection: string; run: string }[];
  /** Not due: being pulled, or just pulled. */
  skipped: string[];
  failed: { connection: string; error: unknown }[];
}

/**
 * Whether a schedule is to pull a connection. A dry run loads nothing, and a failed one is to be tried again.
 * @param lastRun as `runNow` has it
 */
export function isDue(lastRun: SyncRun | null, now: Date): boolean {
  if (lastRun === null) return true;
  if (lastRun.status === "running") return false;
  if (lastRun.status === "failed" || lastRun.dryRun) return true;
  const since = now.getTime() - Date.parse(lastRun.startedAt);
  // One that is to come began before the clock was set back.
  return since >= FRESH_MS || since < 0;
}

/**
 * Has every connection that is due pulled, by a job each. One that cannot be started does not keep the others from it.
 */
export async function startDueSyncs(services: Services): Promise<StartedPulls> {
  const outcome: StartedPulls = { started: [], skipped: [], failed: [] };
  for (const stored of await listConnections(services)) {
    const { id } = stored.connection;
    const lastRun = stored.lastRun === null ? null : await runNow(services, stored.lastRun);
    if (!isDue(lastRun, services.clock.now())) {
      outcome.skipped.push(id);
      continue;
    }
    try {
      const run = await startSync(services, id, {}, "schedule");
      outcome.started.push({ connection: id, run: run.id });
    } catch (error) {
      // Another event of the same schedule was quicker.
      if (error instanceof DomainError && error.code === "sync.running") outcome.skipped.push(id);
      else outcome.failed.push({ connection: id, error });
    }
  }
  return outcome;
}
