import { refuseClaim } from "../../core/connections/claim.ts";
import type { StoredConnection, SyncMarks, SyncRun } from "../../core/connections/sync-run.ts";
import { CONNECTIONS } from "../records/kinds.ts";
import { type RecordPorts, type Records, serviceRecords } from "../records/records.ts";

/** The runs of connections, each noted on its connection: one is current, and changes nothing once another is. */
export interface SyncRuns {
  /**
   * Makes a run, or the next part of one, the connection's current one, unless `refuseClaim` says why not.
   * @param now RFC 3339 instant
   * @throws DomainError `sync.running`, `sync.lost`, `connection.not-found`
   */
  begin(id: string, run: SyncRun, now: string): Promise<void>;
  /**
   * Stores the state of the connection's current run and adds marks to those there are.
   * @returns false, and nothing is stored, when the run is no longer the current one
   */
  update(id: string, run: SyncRun, marks?: SyncMarks): Promise<boolean>;
}

export function connectionRecords(services: RecordPorts): Records<StoredConnection> {
  return serviceRecords(services, CONNECTIONS);
}

export function syncRuns(services: RecordPorts): SyncRuns {
  const connections = connectionRecords(services);
  return {
    async begin(id, run, now) {
      const begun = await connections.change(id, (stored) => {
        const refused = refuseClaim(id, stored.lastRun, run, now);
        if (refused !== undefined) throw refused;
        return { ...stored, lastRun: run };
      });
      if (begun === undefined) throw CONNECTIONS.errors.notFound(id);
    },
    async update(id, run, marks = {}) {
      const updated = await connections.change(id, (stored) =>
        stored.lastRun?.id === run.id
          ? { ...stored, lastRun: run, marks: { ...stored.marks, ...marks } }
          : undefined,
      );
      return updated !== undefined;
    },
  };
}
