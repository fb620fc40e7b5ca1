import { createRemoteJWKSet } from "jose";
import { createConnectors } from "../adapters/connectors/connectors.ts";
import { createIds, systemClock } from "../adapters/embedded/clock.ts";
import { createSpool, stagingFolder } from "../adapters/embedded/spool.ts";
import { openEmbeddedStore } from "../adapters/embedded/store.ts";
import { InProcessJobs } from "../app/exports/jobs.ts";
import { importFiles } from "../app/imports/import-files.ts";
import type { Services } from "../app/services.ts";
import { createApp } from "../http/app.ts";
import type { AuthOptions } from "../http/auth.ts";
import { createLoader } from "../loading/loader.ts";
import type { Logger } from "../http/logger.ts";
import { LostErrors } from "../http/lost-errors.ts";
import { createRenderers } from "../render/registry.ts";
import { sha256 } from "./digest.ts";
import { FONT_FOLDER } from "./fonts.ts";
import { endpointsOf } from "./endpoints.ts";
import { createLogger } from "./log.ts";
import { openReaders } from "./readers.ts";
import { type Environment, packageVersion, type Runtime } from "./runtime.ts";
import { tokenSecret } from "./secret.ts";

export { STORE_FILE } from "../adapters/embedded/database.ts";

export interface RuntimeOptions {
  /** The data folder; made when it is not there. */
  directory: string;
  env: Environment;
  logger?: Logger;
}

/** The whole service in this process, on one data folder. */
export interface EmbeddedRuntime extends Runtime {
  directory: string;
  logger: Logger;
  /** Knows the requests under way. */
  lostErrors: LostErrors;
}

/**
 * Opens a data folder and puts the service together on it.
 * @throws DomainError `store.in-use`, `store.unreadable`, `auth.weak-secret`
 */
export async function openEmbedded(options: RuntimeOptions): Promise<EmbeddedRuntime> {
  const { directory, env } = options;
  const auth = await authOptions(directory, env);
  const store = await openEmbeddedStore(directory, { clock: systemClock });
  const ids = createIds(systemClock);
  const jobs = new InProcessJobs();
  const spool = createSpool(directory, () => ids.next());
  const readers = openReaders();
  const { metrics, records, cache, exportFiles } = store;
  const services: Services = {
    clock: systemClock,
    ids,
    metrics,
    records,
    cache,
    exportFiles,
    spool,
    loader: createLoader({
      store: metrics,
      read: readers.read,
      // Facts that are staged in this process share the memory its engine is given.
      engine: () => ({ connect: store.connect, close: () => Promise.resolve() }),
      spool,
      folder: await stagingFolder(directory),
      newName: () => ids.next(),
    }),
    jobs,
    sync: { connectors: createConnectors(endpointsOf(env)) },
    renderers: createRenderers(() => FONT_FOLDER),
    digest: sha256,
    checks: [{ name: "store", check: () => store.check() }],
    version: packageVersion(),
    environment: "embedded",
  };
  const logger = options.logger ?? createLogger(env["SECUREBASE_LOG"]);
  const lostErrors = new LostErrors();
  const app = createApp({ services, auth, logger, lostErrors });
  return {
    ...{ services, directory, logger, lostErrors },
    fetch: async (request) => app.fetch(request),
    importFiles: (files, importOptions) => importFiles(services, files, importOptions),
    close: async () => {
      await jobs.stop();
      await readers.close();
      store.close();
    },
  };
}

/** HS256 with the folder's secret; with SECUREBASE_JWKS_URL also the keys of an OpenID provider. */
async function authOptions(directory: string, env: Environment): Promise<AuthOptions> {
  const jwks = env["SECUREBASE_JWKS_URL"];
  const issuer = env["SECUREBASE_JWT_ISSUER"];
  const audience = env["SECUREBASE_JWT_AUDIENCE"];
  return {
    secret: await tokenSecret(directory, env["SECUREBASE_JWT_SECRET"]),
    ...(jwks !== undefined && { keys: createRemoteJWKSet(new URL(jwks)) }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  };
}
