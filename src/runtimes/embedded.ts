import { createConnectors } from "../adapters/connectors/connectors.ts";
import { createIds, systemClock, systemElapsed } from "../adapters/embedded/clock.ts";
import { MemoryRateLimiter } from "../adapters/embedded/rate-limiter.ts";
import { createSpool, stagingFolder } from "../adapters/embedded/spool.ts";
import { openEmbeddedStore } from "../adapters/embedded/store.ts";
import { must } from "../core/errors/must.ts";
import type { Limits } from "../core/limits/limits.ts";
import { sweepExportFiles } from "../app/exports/sweep.ts";
import { importDirectly } from "../app/imports/direct.ts";
import { careForJobs, finishJobs } from "../app/jobs/care.ts";
import { LocalJobs } from "../app/jobs/local-runner.ts";
import { type PerformedJob, performJob } from "../app/jobs/perform.ts";
import type { Services } from "../app/services.ts";
import { createApp } from "../http/app.ts";
import type { AuthOptions } from "../http/auth.ts";
import { createLoader } from "../loading/loader.ts";
import { errorFields, type Logger, traceOf } from "../http/logger.ts";
import { LostErrors } from "../http/lost-errors.ts";
import { createRenderers } from "../render/registry.ts";
import { given, httpUrl, SettingErrors, tokenSettings } from "./auth-settings.ts";
import { sha256 } from "./digest.ts";
import { FONT_FOLDER } from "./fonts.ts";
import { endpointsOf } from "./endpoints.ts";
import { readLimits } from "./limits.ts";
import { checkLevel, createLogger } from "./log.ts";
import { closeToOthers } from "./private-files.ts";
import { openReaders } from "./readers.ts";
import { type Environment, packageVersion, type Runtime } from "./runtime.ts";
import { folderSecret } from "./secret.ts";

export { STORE_FILE } from "../adapters/embedded/database.ts";

/** How often what has expired is removed. */
const HOUSEKEEPING_MS = 3_600_000;

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
  /** Removes what has expired and what nobody names; done hourly as well. What fails is logged. */
  housekeep(): Promise<void>;
  /** Finishes the claims of accounts that the process before left: until then facts are not where the registry says. */
  finishClaims(): Promise<void>;
  /** Takes up the jobs that the process before left, or ends those it left for the second time. */
  resumeJobs(): Promise<void>;
}

/**
 * Opens a data folder and puts the service together on it.
 * @throws DomainError `store.in-use`, `store.unreadable`, `auth.weak-secret`, `config.*`
 */
export async function openEmbedded(options: RuntimeOptions): Promise<EmbeddedRuntime> {
  const { directory, env } = options;
  const { limits, tokens, publicUrl } = readSettings(env);
  const auth = { own: await folderSecret(directory), ...tokens };
  const logger = options.logger ?? createLogger(env["SECUREBASE_LOG"]);
  const store = await openEmbeddedStore(directory, { clock: systemClock, questions: limits.engine });
  const warning = await closeToOthers(directory);
  if (warning !== undefined) logger.warn({ directory }, warning);
  const ids = createIds(systemClock);
  const jobs = new LocalJobs(async (key, run) => {
    const performed = await performJob(services, key, { ...run, trace: (id) => traceOf(logger, id) });
    if (performed?.job.status === "failed") logFailure(logger, performed);
  });
  const spool = createSpool(directory, () => ids.next());
  const readers = openReaders();
  const { metrics, records, cache, exportFiles, uploads } = store;
  const services: Services = {
    clock: systemClock,
    ids,
    metrics,
    records,
    cache,
    exportFiles,
    uploads,
    spool,
    loader: createLoader({
      store: metrics,
      read: readers.read,
      // Facts that are staged in this process share the memory its engine is given.
      engine: () => ({ connect: store.connect, close: () => Promise.resolve() }),
      spool,
      folder: await stagingFolder(directory),
      limits: limits.imports,
      newName: () => ids.next(),
    }),
    jobs,
    limiter: new MemoryRateLimiter(systemElapsed),
    limits,
    sync: { connectors: createConnectors(endpointsOf(env)) },
    renderers: createRenderers(() => FONT_FOLDER),
    digest: sha256,
    checks: [{ name: "store", check: () => store.check() }],
    version: packageVersion(),
    environment: "embedded",
  };
  const lostErrors = new LostErrors();
  const housekeep = async (): Promise<void> => {
    try {
      await store.housekeep();
      await sweepExportFiles(services);
    } catch (error) {
      logger.error({ error: errorFields(error) }, "what has expired could not be removed");
    }
  };
  const housekeeping = setInterval(() => void housekeep(), HOUSEKEEPING_MS).unref();
  const app = createApp({ services, auth, logger, lostErrors, publicUrl });
  return {
    services,
    directory,
    logger,
    lostErrors,
    housekeep,
    finishClaims: () => finishJobs(services, "claim"),
    resumeJobs: async () => {
      await careForJobs(services, { alone: true });
    },
    fetch: async (request, origin = {}) => app.fetch(request, origin),
    importFiles: (files, importOptions) => importDirectly(services, files, importOptions),
    close: async () => {
      clearInterval(housekeeping);
      await jobs.stop();
      await readers.close();
      store.close();
    },
  };
}

/** The job's record tells its owner why it failed; who reads the log wants to know as well. */
function logFailure(logger: Logger, { job, error }: PerformedJob): void {
  const { id, kind, title } = job;
  logger.error({ job: id, kind, title, error: errorFields(error) }, "job failed");
}

/** The settings of the environment. @throws DomainError the only one that there is, or `config.invalid` that tells all */
function readSettings(env: Environment): {
  limits: Limits;
  tokens: AuthOptions;
  publicUrl: string | undefined;
} {
  const errors = new SettingErrors();
  const tokens = tokenSettings(env, errors);
  const limits = errors.try(() => readLimits(env));
  const level = given(env["SECUREBASE_LOG"]);
  if (level !== undefined) errors.try(() => checkLevel(level));
  const publicUrl = given(env["SECUREBASE_PUBLIC_URL"]);
  if (publicUrl !== undefined) errors.try(() => httpUrl("SECUREBASE_PUBLIC_URL", publicUrl));
  errors.throwIfAny();
  return { tokens, publicUrl, limits: must(limits, "the limits") };
}
