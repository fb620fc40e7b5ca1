import { type AwsStore, openAwsStore } from "../../adapters/aws/store.ts";
import { DynamoRateLimiter } from "../../adapters/aws/rate-limiter.ts";
import { createIds, systemClock } from "../../adapters/embedded/clock.ts";
import { createSpool } from "../../adapters/embedded/spool.ts";
import type { Services } from "../../app/services.ts";
import type { GroupLimit } from "../../core/query/group-limit.ts";
import type { Loader } from "../../ports/loader.ts";
import { createRenderers } from "../../render/registry.ts";
import { sha256 } from "../digest.ts";
import { lazyConnectors } from "./connectors.ts";
import { layerFonts } from "./fonts.ts";
import type { Setup } from "./handler.ts";
import { InvocationJobs } from "./jobs.ts";

/** The only place a function instance may write to. */
export const SCRATCH = "/tmp";

export interface Composed {
  services: Services;
  store: AwsStore;
}

/** Where the two functions differ. */
export interface RoleParts {
  /** Makes what loads files and facts. */
  loaderOf: (store: AwsStore, newName: () => string) => Loader | Promise<Loader>;
  groupLimit: GroupLimit;
}

/**
 * Puts the service together on the cloud's stores, for either function. Opens no connection.
 */
export async function compose(
  { settings, meter, version }: Setup,
  { loaderOf, groupLimit }: RoleParts,
): Promise<Composed> {
  const { region, credentials, endpoints, names, workerFunction, limits } = settings;
  const clock = systemClock;
  const ids = createIds(clock);
  const shared = { region, credentials };
  const store = openAwsStore(
    {
      ...shared,
      names,
      meter,
      endpoint: endpoints.dynamodb,
      s3Endpoint: endpoints.s3,
      groupLimit,
    },
    clock,
    meter,
  );
  const worker = {
    ...shared,
    functionName: workerFunction,
    endpoint: endpoints.lambda,
  };
  const { metrics, records, cache, exportFiles, uploads, checks } = store;
  const newName = (): string => ids.next();
  const services: Services = {
    clock,
    ids,
    metrics,
    records,
    cache,
    exportFiles,
    uploads,
    checks,
    version,
    spool: createSpool(SCRATCH, newName),
    loader: await loaderOf(store, newName),
    jobs: new InvocationJobs(worker),
    limiter: new DynamoRateLimiter(store.dynamo, names.cache, clock),
    limits,
    sync: { connectors: lazyConnectors(endpoints, credentials) },
    renderers: createRenderers(layerFonts),
    digest: sha256,
    environment: settings.environment,
  };
  return { services, store };
}
