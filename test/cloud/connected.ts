import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnectors } from "../../src/adapters/connectors/connectors.ts";
import type { ConnectorOptions } from "../../src/adapters/connectors/session.ts";
import { createIds } from "../../src/adapters/embedded/clock.ts";
import { createSpool } from "../../src/adapters/embedded/spool.ts";
import { openEmbeddedStore } from "../../src/adapters/embedded/store.ts";
import { MemoryRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { DEFAULT_LIMITS } from "../../src/core/limits/limits.ts";
import { LocalJobs } from "../../src/app/jobs/local-runner.ts";
import { performJob } from "../../src/app/jobs/perform.ts";
import type { Services } from "../../src/app/services.ts";
import { addConnection } from "../../src/app/sync/connections.ts";
import { addTenant } from "../../src/app/tenants/tenants.ts";
import { jobKey } from "../../src/core/jobs/key.ts";
import type { NewConnection } from "../../src/core/connections/connection.ts";
import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import { planQuery } from "../../src/core/query/plan.ts";
import { sha256 } from "../../src/runtimes/digest.ts";
import { rendererFor } from "../support/rendering.ts";
import { TEST_CREDENTIALS } from "./dynamo-emulator.ts";
import { loaderFor } from "../support/loading.ts";

export interface Connected {
  services: Services;
  setNow(instant: string): void;
  add(input: NewConnection): Promise<string>;
  /** Sums of a measure over all time, as `[...keys, value]` rows of text. */
  ask(tenant: string, dataset: DatasetId, groupBy: string[], measure: string): Promise<(string | null)[][]>;
  close(): Promise<void>;
}

/** The use cases on an embedded store, with connectors that speak to an endpoint of the test's. */
export async function connect(endpoint: string, options: Partial<ConnectorOptions> = {}): Promise<Connected> {
  const directory = mkdtempSync(join(tmpdir(), "securebase-sync-"));
  let now = new Date("2025-03-10T09:30:00.000Z");
  const clock = { now: () => now };
  const store = await openEmbeddedStore(directory, { threads: 2, clock });
  const ids = createIds({ now: () => new Date() });
  const jobs = new LocalJobs((key, run) => performJob(services, key, run));
  const { metrics, records, cache, exportFiles, uploads } = store;
  const spool = createSpool(directory, () => ids.next());
  const services: Services = {
    clock,
    ids,
    metrics,
    records,
    cache,
    exportFiles,
    uploads,
    jobs,
    limiter: new MemoryRateLimiter(() => now.getTime()),
    limits: DEFAULT_LIMITS,
    renderers: rendererFor,
    spool,
    loader: loaderFor(metrics),
    sync: {
      connectors: createConnectors({ endpoint, credentials: TEST_CREDENTIALS, attempts: 3, ...options }),
    },
    digest: sha256,
    checks: [],
    version: "0",
    environment: "test",
  };
  for (const tenant of [
    { id: "acme", name: "Acme", accounts: ["111122223333"], zone: "Europe/Berlin" },
    { id: "beta", name: "Beta", accounts: ["222233334444"] },
  ]) {
    const { claim } = await addTenant(services, tenant);
    if (claim !== undefined) await jobs.ended(jobKey(claim));
  }
  return {
    services,
    setNow: (instant) => (now = new Date(instant)),
    add: async (input) => (await addConnection(services, input)).id,
    ask: (tenant, dataset, groupBy, measure) => ask(services, tenant, dataset, groupBy, measure),
    async close() {
      await jobs.stop();
      store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function ask(
  services: Services,
  tenant: string,
  dataset: DatasetId,
  groupBy: string[],
  measure: string,
): Promise<(string | null)[][]> {
  const query = { dataset, range: { from: "2024-01-01", to: "2026-01-01" }, groupBy, measures: [measure] };
  const plan = planQuery(
    { ...query, sort: groupBy.map((by) => ({ by, order: "asc" as const })) },
    new Date(0),
    "UTC",
  );
  const snapshot = await services.metrics.forTenant(tenant).snapshot(dataset);
  const aggregate = await snapshot.aggregate(plan);
  const rows: (string | null)[][] = [];
  for await (const batch of aggregate.batches) for (const row of batch) rows.push([...row]);
  return rows;
}
