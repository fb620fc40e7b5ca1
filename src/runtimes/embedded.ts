import { readFileSync } from "node:fs";
import { createRemoteJWKSet } from "jose";
import { createConnectors } from "../adapters/connectors/connectors.ts";
import { createIds, systemClock } from "../adapters/embedded/clock.ts";
import { createSpool } from "../adapters/embedded/spool.ts";
import { openEmbeddedStore } from "../adapters/embedded/store.ts";
import { InProcessJobs } from "../app/exports/jobs.ts";
import { importFiles, type ImportOptions } from "../app/imports/import-files.ts";
import type { ImportReport } from "../app/imports/report.ts";
import type { Services } from "../app/services.ts";
import { createApp } from "../http/app.ts";
import type { AuthOptions } from "../http/auth.ts";
import type { Logger } from "../http/logger.ts";
import type { InputFile } from "../ports/load.ts";
import { sha256 } from "./digest.ts";
import { createLogger } from "./log.ts";
import { tokenSecret } from "./secret.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface RuntimeOptions {
  /** The data folder; made when it is not there. */
  directory: string;
  env: Environment;
  logger?: Logger;
}

/** The whole service in this process, on one data folder. */
export interface EmbeddedRuntime {
  services: Services;
  directory: string;
  /** Answers an API request. */
  fetch: (request: Request) => Promise<Response>;
  /** Imports files as an operator who sits at the machine. @throws DomainError `import.*` */
  importFiles(files: readonly InputFile[], options: ImportOptions): Promise<ImportReport>;
  /** Stops jobs and closes the store. */
  close(): Promise<void>;
}

export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
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
  const { metrics, tenants, reports, budgets, cache, exports } = store;
  const services: Services = {
    clock: systemClock,
    ids,
    metrics,
    tenants,
    reports,
    budgets,
    cache,
    exports,
    spool: createSpool(directory, () => ids.next()),
    jobs,
    sync: { connections: store.connections, connectors: createConnectors(endpointsOf(env)) },
    digest: sha256,
    checks: [{ name: "store", check: () => store.check() }],
    version: packageVersion(),
    environment: "embedded",
  };
  const app = createApp({ services, auth, logger: options.logger ?? createLogger(env["SECUREBASE_LOG"]) });
  return {
    services,
    directory,
    fetch: async (request) => app.fetch(request),
    importFiles: (files, importOptions) => importFiles(services, files, importOptions),
    close: async () => {
      await jobs.stop();
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

/** The SDK's own variables; S3 is told apart because an emulator wants buckets in the path. */
function endpointsOf(env: Environment): { endpoint?: string; s3Endpoint?: string } {
  const endpoint = env["AWS_ENDPOINT_URL"];
  const s3Endpoint = env["AWS_ENDPOINT_URL_S3"] ?? endpoint;
  return { ...(endpoint !== undefined && { endpoint }), ...(s3Endpoint !== undefined && { s3Endpoint }) };
}
