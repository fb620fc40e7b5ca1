import type { Hono } from "hono";
import { createRemoteJWKSet } from "jose";
import { DynamoRateLimiter } from "../../adapters/aws/rate-limiter.ts";
import { readParameter } from "../../adapters/aws/secrets.ts";
import { type AwsStore, openAwsStore } from "../../adapters/aws/store.ts";
import { createIds, systemClock } from "../../adapters/embedded/clock.ts";
import { createSpool } from "../../adapters/embedded/spool.ts";
import type { Services } from "../../app/services.ts";
import { createApp, type HttpEnv } from "../../http/app.ts";
import type { AuthOptions } from "../../http/auth.ts";
import type { Logger } from "../../http/logger.ts";
import type { LostErrors } from "../../http/lost-errors.ts";
import { createRenderers } from "../../render/registry.ts";
import { sha256 } from "../digest.ts";
import { refusingLoader } from "../refusing-loader.ts";
import { lazyConnectors } from "./connectors.ts";
import { layerFonts } from "./fonts.ts";
import { InvocationJobs } from "./jobs.ts";
import type { InvocationMeter } from "./observe.ts";
import type { LambdaSettings } from "./settings.ts";

/** The only place a function instance may write to. */
const SCRATCH = "/tmp";
/** API Gateway takes bodies up to 10 MB, and a function's event 6 MB. "Amazon API Gateway quotas". */
const MAX_UPLOAD_BYTES = 6_000_000;

export interface Composed {
  services: Services;
  store: AwsStore;
  app: Hono<HttpEnv>;
}

/**
 * Puts the service together on the cloud's stores. Opens no connection, except for the secret where it is kept in the
 * Parameter Store.
 * @throws DomainError `config.missing`, `auth.weak-secret`, `store.*`
 */
export async function compose(
  settings: LambdaSettings,
  logger: Logger,
  meter: InvocationMeter,
  version: string,
  lostErrors: LostErrors,
): Promise<Composed> {
  const { region, credentials, endpoints, names, functionName } = settings;
  const clock = systemClock;
  const ids = createIds(clock);
  const shared = { region, ...(credentials !== undefined && { credentials }) };
  const store = openAwsStore(
    {
      ...{ ...shared, names, meter },
      ...(endpoints.dynamodb !== undefined && { endpoint: endpoints.dynamodb }),
      ...(endpoints.s3 !== undefined && { s3Endpoint: endpoints.s3 }),
    },
    clock,
    meter,
  );
  const target = {
    ...{ ...shared, functionName },
    ...(endpoints.lambda !== undefined && { endpoint: endpoints.lambda }),
  };
  const { metrics, records, cache, exportFiles, checks } = store;
  const services: Services = {
    ...{ clock, ids, metrics, records, cache, exportFiles, checks, version },
    spool: createSpool(SCRATCH, () => ids.next()),
    loader: refusingLoader(),
    jobs: new InvocationJobs(target, () => clock.now()),
    sync: { connectors: lazyConnectors(endpoints, credentials) },
    renderers: createRenderers(layerFonts),
    digest: sha256,
    environment: settings.environment,
  };
  const { publicUrl, corsOrigins } = settings;
  const app = createApp({
    ...{ services, logger, lostErrors },
    auth: await authOptions(settings),
    rateLimiter: new DynamoRateLimiter(store.dynamo, names.cache, clock),
    maxUploadBytes: MAX_UPLOAD_BYTES,
    ...(publicUrl !== undefined && { publicUrl }),
    ...(corsOrigins.length > 0 && { cors: { origins: corsOrigins } }),
  });
  return { services, store, app };
}

async function authOptions(settings: LambdaSettings): Promise<AuthOptions> {
  const { region, credentials, endpoints, secretParameter, jwksUrl, issuer, audience } = settings;
  const source = {
    region,
    ...(credentials !== undefined && { credentials }),
    ...(endpoints.ssm !== undefined && { endpoint: endpoints.ssm }),
  };
  const secret =
    settings.secret ??
    (secretParameter === undefined ? undefined : await readParameter(source, secretParameter));
  return {
    ...(secret !== undefined && { secret: new TextEncoder().encode(secret) }),
    ...(jwksUrl !== undefined && { keys: createRemoteJWKSet(new URL(jwksUrl)) }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  };
}
