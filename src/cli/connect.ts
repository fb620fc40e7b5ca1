import { resolve } from "node:path";
import { type Client, createClient } from "../contract/client.ts";
import type { Role } from "../core/access/access.ts";
import { type EmbeddedRuntime, openEmbedded } from "../runtimes/embedded.ts";
import { signToken, tokenSecret } from "../runtimes/secret.ts";
import { findServer, type ServerFile } from "../runtimes/server-file.ts";
import type { Effects } from "./effects.ts";

/** How long a command's own token is good for, in seconds. */
const TOKEN_SECONDS = 3_600;

/** The service behind a data folder: the server that has it open, or the store opened by this command. */
export interface Connection {
  server: ServerFile | undefined;
  /** Set when there is no server. */
  runtime: EmbeddedRuntime | undefined;
  /** A client that acts in a role, for a tenant. */
  as(role: Role, tenant?: string): Client;
  close(): Promise<void>;
}

export function dataFolder(effects: Effects, option: string | undefined): string {
  return resolve(option ?? effects.env["SECUREBASE_DATA"] ?? ".securebase");
}

/**
 * Reaches the service of a data folder. Commands speak to both kinds in the same way, through the API's contract.
 * @throws DomainError `store.in-use` when another command has the store open
 */
export async function connect(effects: Effects, directory: string): Promise<Connection> {
  const server = await findServer(directory);
  const secret = await tokenSecret(directory, effects.env["SECUREBASE_JWT_SECRET"]);
  const runtime = server === undefined ? await openEmbedded({ directory, env: effects.env }) : undefined;
  return {
    server,
    runtime,
    as: (role, tenant) =>
      createClient({
        baseUrl: server?.url ?? "http://embedded.invalid",
        fetch: runtime?.fetch ?? ((request) => fetch(request)),
        token: () =>
          signToken(
            secret,
            { role, subject: "cli", ...(tenant !== undefined && { tenant }) },
            effects.now(),
            TOKEN_SECONDS,
          ),
      }),
    close: async () => {
      await runtime?.close();
    },
  };
}

/**
 * A client for a tenant's data, after a look that the tenant is there.
 * @throws DomainError `tenant.not-found` that names the tenants there are
 */
export async function asTenant(connection: Connection, role: Role, tenant: string): Promise<Client> {
  await connection.as("operator").call("getTenant", { params: { id: tenant } });
  return connection.as(role, tenant);
}

/** Connects, runs, and closes whatever happens. */
export async function withConnection<T>(
  effects: Effects,
  directory: string,
  task: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(effects, directory);
  try {
    return await task(connection);
  } finally {
    await connection.close();
  }
}
