import { type Connection, makeConnection, type NewConnection } from "../../core/connections/connection.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { unknownNameFix } from "../../core/errors/suggest.ts";
import type { StoredConnection, SyncRun } from "../../core/connections/sync-run.ts";
import type { Services, SyncPorts } from "../services.ts";
import { getTenant } from "../tenants/tenants.ts";
import { connectionRecords } from "./runs.ts";

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

/** @throws DomainError `connection.not-found`, `sync.not-offered` */
export async function getConnection(services: Services, id: string): Promise<StoredConnection> {
  syncPorts(services);
  const found = await connectionRecords(services).find(id);
  if (found !== undefined) return found.record;
  const known = (await listConnections(services)).map(({ connection }) => connection.id);
  throw new DomainError("connection.not-found", "not-found", `There is no connection "${shorten(id)}"`, {
    field: "id",
    fix: known.length === 0 ? "Add one with: securebase sync add KIND" : unknownNameFix(id, known),
  });
}

/** A run as it is to be shown: one whose process died without a word did not do so by itself. */
export function seenRun(run: SyncRun, now: Date): SyncRun {
  if (run.status !== "running" || run.aliveUntil > now.toISOString()) return run;
  return {
    ...run,
    status: "failed",
    finishedAt: run.aliveUntil,
    progress: null,
    error: {
      code: "sync.interrupted",
      message: "The pull stopped without a word; its process is gone",
      fix: "Pull again; what it loaded stays.",
    },
  };
}

/**
 * Forgets a connection. What it loaded stays.
 * @throws DomainError `connection.not-found`, `sync.not-offered`
 */
export async function removeConnection(services: Services, id: string): Promise<void> {
  await getConnection(services, id);
  await connectionRecords(services).remove(id);
}
