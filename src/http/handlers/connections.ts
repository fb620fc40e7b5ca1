import {
  addConnection,
  getConnection,
  pageConnections,
  removeConnection,
  runNow,
} from "../../app/sync/connections.ts";
import { startSync } from "../../app/sync/start.ts";
import type { Services } from "../../app/services.ts";
import type { StoredConnection } from "../../core/connections/sync-run.ts";
import type { Handlers } from "../call.ts";
import { json } from "../respond.ts";

type Names = "listConnections" | "addConnection" | "getConnection" | "removeConnection" | "runConnection";

export const connectionHandlers: Pick<Handlers, Names> = {
  listConnections: async ({ services, query }) => {
    const { items, next } = await pageConnections(services, query);
    return json({ items: await Promise.all(items.map((each) => shown(services, each))), next });
  },

  addConnection: async ({ services, body }) => {
    const connection = await addConnection(services, body);
    const location = { Location: `/v1/connections/${connection.id}` };
    const stored = { connection, marks: {}, lastRun: null };
    return json(await shown(services, stored), 201, location);
  },

  getConnection: async ({ services, params }) =>
    json(await shown(services, await getConnection(services, params.id))),

  removeConnection: async ({ services, params }) => {
    await removeConnection(services, params.id);
    return new Response(null, { status: 204 });
  },

  runConnection: async ({ services, principal, params, body }) =>
    json(await startSync(services, params.id, body ?? {}, principal.subject), 202),
};

/** What a connection's marks are is its connector's business. */
async function shown(services: Services, { connection, lastRun }: StoredConnection) {
  const { access, ...rest } = connection;
  const names = {
    ...(access.kind === "role" && { roleArn: access.roleArn }),
    ...(access.kind === "role" && access.externalId !== undefined && { externalId: access.externalId }),
    ...(access.kind !== "ambient" && access.profile !== undefined && { profile: access.profile }),
  };
  return { ...rest, ...names, lastRun: lastRun === null ? null : await runNow(services, lastRun) };
}
