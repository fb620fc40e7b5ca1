import { InProcessJobs } from "../../src/app/exports/jobs.ts";
import type { Services, TenantContext } from "../../src/app/services.ts";
import { createIds } from "../../src/adapters/embedded/clock.ts";
import { createSpool } from "../../src/adapters/embedded/spool.ts";
import type { EmbeddedStore } from "../../src/adapters/embedded/store.ts";
import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import type { PartitionKey } from "../../src/core/metrics/facts.ts";
import { makeTenant, type NewTenant } from "../../src/core/tenants/tenant.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import { sha256 } from "../../src/runtimes/digest.ts";
import { load, LOADED_AT, NOW } from "../conformance/lib/facts.ts";
import { freshStore } from "../conformance/lib/embedded.ts";

/** A tenant with an embedded store of its own, for tests of use cases. */
export interface TestTenant {
  context: TenantContext;
  /** Loads facts as one load; `partitions` names those to replace even without facts. */
  load(dataset: DatasetId, facts: readonly LoadedFact[], partitions?: readonly PartitionKey[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens a tenant whose clock stands still. */
export async function testTenant(
  about: Partial<NewTenant> = {},
  now: () => Date = () => NOW,
): Promise<TestTenant> {
  const clock = { now };
  const fresh = await freshStore((store: EmbeddedStore) => store, { clock });
  const { metrics, tenants, reports, budgets, cache, exports, connections, directory } = fresh.store;
  const ids = createIds(clock);
  const services: Services = {
    ...{ clock, ids, metrics, tenants, reports, budgets, cache, exports, connections },
    spool: createSpool(directory, () => ids.next()),
    jobs: new InProcessJobs(),
    digest: sha256,
    checks: [],
    version: "0.0.0",
    environment: "embedded",
  };
  const tenant = makeTenant({ id: "acme", name: "Acme", ...about }, LOADED_AT);
  await tenants.add(tenant);
  return {
    context: { services, tenant, principal: { subject: "test", role: "analyst", tenant: tenant.id } },
    load: async (dataset, facts, partitions = []) => {
      await load(metrics, facts, { dataset, partitions });
    },
    close: async () => fresh.close(),
  };
}
