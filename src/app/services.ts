import type { Principal } from "../core/access/access.ts";
import type { Limits } from "../core/limits/limits.ts";
import type { Digest } from "../core/reports/manifest.ts";
import type { Tenant } from "../core/tenants/tenant.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Connectors } from "../ports/connector.ts";
import type { ExportFiles } from "../ports/export-files.ts";
import type { Loader } from "../ports/loader.ts";
import type { JobRunner } from "../ports/jobs.ts";
import type { MetricStore } from "../ports/metric-store.ts";
import type { QueryCache } from "../ports/query-cache.ts";
import type { RateLimiter } from "../ports/rate-limiter.ts";
import type { RecordStore } from "../ports/records.ts";
import type { Renderers } from "../ports/renderer.ts";
import type { Spool } from "../ports/spool.ts";
import type { UploadStore } from "../ports/uploads.ts";
import type { Questions } from "./analytics/questions.ts";

/** One thing the service needs, as the health check asks it. */
export interface DependencyCheck {
  name: string;
  /** @throws when the dependency cannot do its work */
  check(): Promise<void>;
}

/** What pulling from cloud accounts needs. */
export interface SyncPorts {
  connectors: Connectors;
}

/** All that the use cases need from the outside, put together once by a runtime. */
export interface Services {
  clock: Clock;
  ids: Ids;
  metrics: MetricStore;
  /** Loads files and facts into `metrics`. */
  loader: Loader;
  records: RecordStore;
  cache: QueryCache;
  exportFiles: ExportFiles;
  spool: Spool;
  uploads: UploadStore;
  jobs: JobRunner;
  limiter: RateLimiter;
  limits: Limits;
  renderers: Renderers;
  /** A new SHA-256. */
  digest: () => Digest;
  checks: readonly DependencyCheck[];
  /** Absent where this runtime pulls nothing from cloud accounts. */
  sync?: SyncPorts;
  version: string;
  /** `embedded`, `dev`, `prod`, … */
  environment: string;
}

/** Ties what fails within an answer to the log. */
export interface Trace {
  /** Of the request or the job. */
  id: string;
  onFault(error: unknown, part: string): void;
}

/**
 * The first argument of every use case that touches a tenant's data. Each request and job has one of its own: within
 * it, a dataset is seen as it was when it was first asked about (`snapshotOf`).
 */
export interface TenantContext {
  services: Services;
  tenant: Tenant;
  principal: Principal;
  /** Aborted when nobody waits for the answer any more; absent where somebody always does. */
  signal?: AbortSignal | undefined;
  /** Counts what is asked of the store; absent where nobody does. */
  questions?: Questions | undefined;
  /** Absent where nobody logs. */
  trace?: Trace | undefined;
}
