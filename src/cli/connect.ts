import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { type Client, createClient } from "../contract/client.ts";
import type { Role } from "../core/access/access.ts";
import { shorten } from "../core/errors/bounded.ts";
import { invalid } from "../core/errors/errors.ts";
import { openEmbedded } from "../runtimes/embedded.ts";
import { createLogger } from "../runtimes/log.ts";
import { closeToOthers } from "../runtimes/private-files.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import { folderSecret, signToken } from "../runtimes/secret.ts";
import { findServer, type ServerFile } from "../runtimes/server-file.ts";
import { mustBeThere } from "./data-folder.ts";
import type { Effects } from "./effects.ts";

/** How long a command's own token is good for, in seconds. */
const TOKEN_SECONDS = 3_600;

/** The service behind a store: the server that has its folder open, or the store opened by this command. */
export interface OpenService {
  server: ServerFile | undefined;
  /** Set when there is no server. */
  runtime: Runtime | undefined;
  /** A client that acts in a role, for a tenant. */
  as(role: Role, tenant?: string): Client;
  close(): Promise<void>;
}

/** Where the data is: a folder, which some commands may make, or an environment deployed on AWS. */
export type DataPlace = { directory: string; create: boolean } | { environment: string };

const ON_AWS = "aws:";

/**
 * What `--data` says, or SECUREBASE_DATA: a folder's path, or `aws:` and an environment's name.
 * @param missing `make` for commands that data begins with; for others a folder that is not there is a mistyped one
 * @throws DomainError `data.invalid`
 */
export function dataPlace(
  effects: Effects,
  option: string | undefined,
  missing: "make" | "refuse" = "refuse",
): DataPlace {
  const text = option ?? effects.env["SECUREBASE_DATA"] ?? ".securebase";
  if (!text.startsWith(ON_AWS)) return { directory: resolve(text), create: missing === "make" };
  const environment = text.slice(ON_AWS.length);
  if (/^[a-z][a-z0-9-]{0,19}$/.test(environment)) return { environment };
  throw invalid("data.invalid", `"${shorten(text)}" names no environment`, {
    field: "data",
    fix: "Give aws: and the environment's name, for example aws:prod. A folder of that name is ./aws:….",
  });
}

/**
 * The data folder, for commands that only work on one.
 * @throws DomainError `data.not-a-folder`
 */
export function dataFolder(effects: Effects, option: string | undefined, fix: string): string {
  const place = dataPlace(effects, option);
  if ("directory" in place) return place.directory;
  const text = `${ON_AWS}${place.environment} is not a data folder`;
  throw invalid("data.not-a-folder", text, { field: "data", fix });
}

/**
 * Reaches a service. Commands speak to all kinds in the same way, through the API's contract.
 * @throws DomainError `data.not-found`; `store.in-use` when another command has the folder open; `config.missing`, `store.*` on AWS
 */
export async function connect(effects: Effects, place: DataPlace): Promise<OpenService> {
  const { env } = effects;
  if ("directory" in place && !place.create) await mustBeThere(place.directory);
  if ("directory" in place) effects.keepPrivate();
  const server = "directory" in place ? await findServer(place.directory) : undefined;
  // Who works on a folder is known by its secret, whoever signs the users' tokens. On AWS the tokens of this process's
  // requests are for itself alone.
  const secret = "directory" in place ? await folderSecret(place.directory) : randomBytes(32);
  const open = async (): Promise<Runtime> => {
    // The command itself tells what went wrong; a log beside it would tell it twice.
    const logger = createLogger(env["SECUREBASE_LOG"] ?? "silent");
    if ("directory" in place) {
      const opened = await openEmbedded({ directory: place.directory, env, logger });
      await opened.finishClaims();
      return opened;
    }
    // Loaded when needed: the SDK would slow every command on a folder.
    const { openCloud } = await import("../runtimes/cloud.ts");
    return openCloud({ ...place, env, secret, logger });
  };
  const runtime = server === undefined ? await open() : undefined;
  // The server tells it in its log, and so does this command where it keeps one.
  if (runtime !== undefined && "directory" in place && env["SECUREBASE_LOG"] === undefined) {
    const warning = await closeToOthers(place.directory);
    if (warning !== undefined) effects.err(`warning: ${warning}\n`);
  }
  return {
    server,
    runtime,
    as: (role, tenant) =>
      createClient({
        agent: "securebase-cli",
        baseUrl: server?.url ?? "http://embedded.invalid",
        fetch: runtime?.fetch ?? ((request) => fetch(request)),
        token: () => signToken(secret, { role, subject: "cli", tenant }, effects.now(), TOKEN_SECONDS),
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
export async function asTenant(service: OpenService, role: Role, tenant: string): Promise<Client> {
  await service.as("operator").call("getTenant", { params: { id: tenant } });
  return service.as(role, tenant);
}

/** Connects, runs, and closes whatever happens. */
export async function withService<T>(
  effects: Effects,
  place: DataPlace,
  task: (service: OpenService) => Promise<T>,
): Promise<T> {
  const service = await connect(effects, place);
  try {
    return await task(service);
  } finally {
    await service.close();
  }
}
