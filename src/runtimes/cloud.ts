import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callerIdentity } from "../adapters/aws/identity.ts";
import { openAwsStore } from "../adapters/aws/store.ts";
import { createConnectors } from "../adapters/connectors/connectors.ts";
import { createIds, systemClock, systemElapsed } from "../adapters/embedded/clock.ts";
import { MemoryRateLimiter } from "../adapters/embedded/rate-limiter.ts";
import { createSpool } from "../adapters/embedded/spool.ts";
import { importDirectly } from "../app/imports/direct.ts";
import { LocalJobs } from "../app/jobs/local-runner.ts";
import { performJob } from "../app/jobs/perform.ts";
import type { Services } from "../app/services.ts";
import { createApp } from "../http/app.ts";
import type { Logger } from "../http/logger.ts";
import { createRenderers } from "../render/registry.ts";
import { sha256 } from "./digest.ts";
import { FONT_FOLDER } from "./fonts.ts";
import { endpointsOf } from "./endpoints.ts";
import { groupLimit } from "./group-limit.ts";
import { readSettings } from "./lambda/settings.ts";
import { readLimits } from "./limits.ts";
import { openReaders } from "./readers.ts";
import { type Environment, packageVersion, type Runtime } from "./runtime.ts";
import { stagingLoader } from "./staging-loader.ts";

export interface CloudOptions {
  /** Name of the deployed environment, as in `securebase-{env}-reports`. */
  environment: string;
  env: Environment;
  /** Signs and verifies the tokens of this process's own requests. */
  secret: Uint8Array;
  logger: Logger;
}

/**
 * Puts the service together in this process on the tables and the bucket of a deployed environment, with the
 * credentials and the region of the surroundings. It has neither the function's time limit nor its limit of 6 MB a
 * request; what it may do is what IAM allows its user.
 * @throws DomainError `config.missing`, `store.refused`, `store.unavailable`
 */
export async function openCloud({ environment, env, secret, logger }: CloudOptions): Promise<Runtime> {
  const { AWS_REGION, AWS_DEFAULT_REGION, SECUREBASE_ACCOUNT } = env;
  const given = AWS_REGION ?? AWS_DEFAULT_REGION;
  const stsEndpoint = env.AWS_ENDPOINT_URL_STS ?? env.AWS_ENDPOINT_URL;
  const { region, account } = await callerIdentity({
    region: given,
    endpoint: stsEndpoint,
    account: SECUREBASE_ACCOUNT,
  });
  const { names, endpoints } = readSettings({
    ...env,
    SECUREBASE_ENV: environment,
    SECUREBASE_ACCOUNT: account,
    AWS_REGION: region,
  });
  const store = openAwsStore(
    {
      region,
      names,
      endpoint: endpoints.dynamodb,
      s3Endpoint: endpoints.s3,
      groupLimit: groupLimit("give this program more memory with NODE_OPTIONS=--max-old-space-size"),
    },
    systemClock,
  );
  const limits = readLimits(env);
  const scratch = await mkdtemp(join(tmpdir(), "securebase-"));
  const ids = createIds(systemClock);
  const jobs = new LocalJobs((key, run) => performJob(services, key, run), { shared: true });
  const { metrics, records, cache, exportFiles, uploads, checks } = store;
  const newName = (): string => ids.next();
  const readers = openReaders();
  const services: Services = {
    clock: systemClock,
    ids,
    metrics,
    records,
    cache,
    exportFiles,
    uploads,
    checks,
    jobs,
    limiter: new MemoryRateLimiter(systemElapsed),
    limits,
    digest: sha256,
    version: packageVersion(),
    environment,
    renderers: createRenderers(() => FONT_FOLDER),
    spool: createSpool(scratch, newName),
    loader: await stagingLoader({
      store: metrics,
      directory: scratch,
      newName,
      limits: limits.imports,
      read: readers.read,
    }),
    sync: { connectors: createConnectors(endpointsOf(env)) },
  };
  const app = createApp({ services, auth: { secret }, logger });
  return {
    services,
    fetch: async (request, origin = {}) => app.fetch(request, origin),
    importFiles: (files, options) => importDirectly(services, files, options),
    close: async () => {
      await jobs.stop();
      await readers.close();
      await store.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
