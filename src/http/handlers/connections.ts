import {
  addConnection,
  getConnection,
  listConnections,
  removeConnection,
  seenRun,
} from "../../app/sync/connections.ts";
import { startSync } from "../../app/sync/run-sync.ts";
import type { StoredConnection, SyncRun } from "../../core/connections/sync-run.ts";
import type { Handlers } from "../call.ts";
import { errorFields } from "../logger.ts";
import { json } from "../respond.ts";

type Names = "listConnections" | "addConnection" | "getConnection" | "removeConnection" | "runConnection";

export const connectionHandlers: Pick<Handlers, Names> = {
  listConnections: async ({ services }) => {
    const now = services.clock.now();
    return json({ items: (await listConnections(services)).map((stored) => shown(stored, now)) });
  },

  addConnection: async ({ services, body }) => {
    const connection = await addConnection(services, body);
    const location = { Location: `/v1/connections/${connection.id}` };
    const stored = { connection, marks: {}, lastRun: null };
    return json(shown(stored, services.clock.now()), 201, location);
  },

  getConnection: async ({ services, params }) =>
    json(shown(await getConnection(services, params.id), services.clock.now())),

  removeConnection: async ({ services, params }) => {
    await removeConnection(services, params.id);
    return new Response(null, { status: 204 });
  },

  runConnection: async ({ services, params, body, logger, requestId }) => {
    const { id } = params;
    const run = await startSync(services, id, body ?? {}, (error) => {
      // The run itself remembers why it failed; who reads the log wants to know as well.
      logger.error({ requestId, connection: id, error: errorFields(error) }, "pull failed");
    });
    return json(shownRun(run), 202);
  },
};

/** What a connection's marks are is its connector's business. */
function shown({ connection, lastRun }: StoredConnection, now: Date) {
  const { access, ...rest } = connection;
  const names = {
    ...(access.kind === "role" && { roleArn: access.roleArn }),
    ...(access.kind === "role" && access.externalId !== undefined && { externalId: access.externalId }),
    ...(access.kind !== "ambient" && access.profile !== undefined && { profile: access.profile }),
  };
  return { ...rest, ...names, lastRun: lastRun === null ? null : shownRun(seenRun(lastRun, now)) };
}

function shownRun({ id, status, dryRun, startedAt, finishedAt, progress, report, error }: SyncRun) {
  return { id, status, dryRun, startedAt, finishedAt, progress, report, error };
}
