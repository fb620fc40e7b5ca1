import { type Connection, makeConnection, type NewConnection } from "../../core/connections/connection.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { unknownNameFix } from "../../core/errors/suggest.ts";
import type { StoredConnection, SyncRun } from "../../core/connections/sync-run.ts";
import { plainError } from "../../core/errors/plain.ts";
import { interrupted } from "../../core/jobs/job.ts";
import { cancelJob, findJob, isUnderWay } from "../jobs/jobs.ts";
import { mapPage, type Page, type PageRequest } from "../../core/lists/pages.ts";
import { CONNECTIONS } from "../records/kinds.ts";
import { type RecordPorts, type Records, serviceRecords, type Stored } from "../records/records.ts";
import type { Services, SyncPorts } from "../services.ts";
import { getTenant } from "../tenants/registry.ts";

export function connectionRecords(services: RecordPorts): Records<StoredConnection> {
  return serviceRecords(services, CONNECTIONS);
}

/** @throws DomainError `sync.not-offered` where the runtime pulls nothing */
export function syncPorts(services: Services): SyncPorts {
  if (services.sync !== undefined) return services.sync;
  throw new DomainError("sync.not-offered", "unavailable", "This service does not pull from cloud accounts", {
    fix: "Pull with the command line on a machine, and import from there.",
  });
}

/**
 * Adds a connection; nothing is called yet.
 * @throws DomainError those of `makeConnection`, `connection.exists`, `tenant.not-found`, `sync.not-offered`
 */
export async function addConnection(services: Services, input: NewConnection): Promise<Connection> {
  syncPorts(services);
  const connection = makeConnection(input, services.clock.now().toISOString());
  if (connection.tenant !== undefined) await getTenant(services, connection.tenant);
  await connectionRecords(services).create({ connection, marks: {}, lastRun: null });
  return connection;
}

/** @throws DomainError `sync.not-offered` */
export async function listConnections(services: Services): Promise<StoredConnection[]> {
  syncPorts(services);
  return (await connectionRecords(services).all()).map(({ record }) => record);
}

/** A page of them, by id. @throws DomainError `sync.not-offered` */
export async function pageConnections(
  services: Services,
  page: PageRequest,
): Promise<Page<StoredConnection>> {
  syncPorts(services);
  return mapPage(await connectionRecords(services).page(page), ({ record }) => record);
}

/** @throws DomainError `connection.not-found`, `sync.not-offered` */
export async function getConnection(services: Services, id: string): Promise<StoredConnection> {
  return (await readConnection(services, id)).record;
}

/** As it was read, so that it can be replaced. @throws DomainError those of `getConnection` */
export async function readConnection(services: Services, id: string): Promise<Stored<StoredConnection>> {
  syncPorts(services);
  const found = await connectionRecords(services).find(id);
  if (found !== undefined) return found;
  const known = (await listConnections(services)).map(({ connection }) => connection.id);
  throw new DomainError("connection.not-found", "not-found", `There is no connection "${shorten(id)}"`, {
    field: "id",
    fix: known.length === 0 ? "Add one with: securebase sync add KIND" : unknownNameFix(id, known),
  });
}

/** A run's current state: while it is running, its job knows the progress, or how it ended if its process died. */
export async function runNow(services: Services, run: SyncRun): Promise<SyncRun> {
  if (run.status !== "running") return run;
  const job = await findJob(services, null, run.id);
  if (job !== undefined && isUnderWay(services, job)) return { ...run, progress: job.phase };
  const { code, message, fix } = job?.error ?? plainError(interrupted());
  return {
    ...run,
    status: "failed",
    finishedAt: job?.finishedAt ?? null,
    progress: null,
    error: { code: code ?? "service.internal", message, fix: fix ?? null },
  };
}

/**
 * Forgets a connection, and ends the pull that runs. What it loaded stays.
 * @throws DomainError `connection.not-found`, `sync.not-offered`
 */
export async function removeConnection(services: Services, id: string): Promise<void> {
  const { lastRun } = await getConnection(services, id);
  await connectionRecords(services).remove(id);
  if (lastRun?.status === "running") await cancelJob(services, null, lastRun.id).catch(() => undefined);
}
