import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TenantContext } from "../../src/app/services.ts";
import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import type { PartitionKey } from "../../src/core/metrics/facts.ts";
import { makeTenant, type NewTenant } from "../../src/core/tenants/tenant.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { load, LOADED_AT, NOW } from "../conformance/lib/facts.ts";
import { loaderFor } from "./loading.ts";
import { tenantsIn } from "./stored.ts";

/** A tenant with an embedded store of its own, for tests of use cases. */
export interface TestTenant {
  /** A request of its own each time: what was loaded since is seen. */
  readonly context: TenantContext;
  /** Loads facts as one load; `partitions` names those to replace even without facts. */
  load(dataset: DatasetId, facts: readonly LoadedFact[], partitions?: readonly PartitionKey[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a tenant whose clock stands still. @param metrics where its facts are, when not in the embedded store */
export async function testTenant(
  about: Partial<NewTenant> = {},
  now: () => Date = () => NOW,
  metrics?: MetricStore,
): Promise<TestTenant> {
  const directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
  const runtime = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
  const loaded = metrics === undefined ? {} : { metrics, loader: loaderFor(metrics) };
  const services = { ...runtime.services, ...loaded, clock: { now } };
  const tenant = makeTenant({ id: "acme", name: "Acme", ...about }, LOADED_AT);
  await tenantsIn(services).create(tenant);
  return {
    get context(): TenantContext {
      return { services, tenant, principal: { subject: "test", role: "analyst", tenant: tenant.id } };
    },
    load: async (dataset, facts, partitions = []) => {
      await load(services.metrics, facts, { dataset, partitions });
    },
    close: async () => {
      await runtime.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
