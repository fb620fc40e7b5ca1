import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Services } from "../../src/app/services.ts";
import { listTenants } from "../../src/app/tenants/registry.ts";
import { addTenant } from "../../src/app/tenants/tenants.ts";
import { demoTenants } from "../../src/demo/profiles.ts";
import { silentLogger } from "../../src/http/logger.ts";
import { ensureDemo } from "../../src/runtimes/demo.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";

let directory: string;
let runtime: EmbeddedRuntime;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "securebase-demo-"));
  runtime = await openEmbedded({ directory, env: {}, logger: silentLogger });
});
afterEach(async () => {
  await runtime.close();
  rmSync(directory, { recursive: true, force: true });
});

it("demo data that a killed process left half made is made anew, and whole data is not", async () => {
  const { services } = runtime;
  const said: string[] = [];
  const make = (own: Services = services): Promise<string | undefined> =>
    ensureDemo(own, (text) => void said.push(text));
  const datasets = async (): Promise<string[]> => {
    const loads = await services.metrics.loads();
    return [...new Set(loads.map(({ tenant, dataset }) => `${tenant} ${dataset}`))].sort();
  };
  const loader: Services["loader"] = {
    load: (...load) => services.loader.load(...load),
    loadDelivery: () => Promise.reject(new Error("killed")),
    loadRecords: () => Promise.reject(new Error("killed")),
  };
  // One process died when it had made some of the tenants, the next when their cost was there.
  for (const tenant of demoTenants().slice(0, 2)) await addTenant(services, tenant);
  await expect(make({ ...services, loader })).rejects.toThrow("killed");
  const half = await datasets();
  expect(half.length).toBeGreaterThan(0);
  await make();
  const whole = await datasets();
  expect(whole.length).toBeGreaterThan(half.length);
  expect((await listTenants(services)).map(({ id }) => id)).toEqual(
    demoTenants()
      .map(({ id }) => id)
      .sort(),
  );
  said.length = 0;
  await make();
  expect(said).toEqual([]);
}, 120_000);
