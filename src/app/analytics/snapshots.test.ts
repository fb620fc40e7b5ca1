import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cost } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import type { MetricStore, TenantMetrics } from "../../ports/metric-store.ts";
import { partOf } from "../parts.ts";
import type { TenantContext } from "../services.ts";
import { runQuery } from "./run-query.ts";
import { askAgain, snapshotOf } from "./snapshots.ts";

const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };

describe("what a request sees", () => {
  let tenant: TestTenant;
  let billed = 0;
  const load = (): Promise<void> =>
    tenant.load("cost", [cost("2024-09-01", { service_name: "S", billed_cost: String(++billed) })]);
  const totalOf = async (context: TenantContext, groupBy: string[] = []): Promise<unknown> => {
    const { totals } = await runQuery(context, { dataset: "cost", range: SEPTEMBER, groupBy });
    return totals[0]?.cells.at(-1);
  };
  /** Two parts of an answer, the second of which is asked after something else happened. */
  async function parts(context: TenantContext, between: () => Promise<unknown>): Promise<unknown[]> {
    const first = await partOf(context, "first", () => totalOf(context));
    await between();
    return [first, await partOf(context, "second", () => totalOf(context, ["service"]))];
  }

  beforeAll(async () => (tenant = await testTenant()));
  afterAll(() => tenant.close());
  beforeEach(load);

  it("is all of the same facts: a load that lands midway has everything asked again", async () => {
    let left = 1;
    const answer = await askAgain(() =>
      parts(tenant.context, async () => {
        if (left-- > 0) await load();
      }),
    );
    expect(answer).toEqual(Array(2).fill({ answer: String(billed) }));
  });

  it("is an error, and no mixture, where loads land again and again", async () => {
    const answer = askAgain(() => parts(tenant.context, load));
    await expect(answer).rejects.toMatchObject({ code: "store.snapshot-gone", kind: "unavailable" });
  });

  it("is read once, and again where it could not be read", async () => {
    let reads = 0;
    const { context } = tenant;
    const snapshot: TenantMetrics["snapshot"] = (dataset) =>
      ++reads === 1
        ? Promise.reject(new Error("busy"))
        : context.services.metrics.forTenant("acme").snapshot(dataset);
    const metrics: MetricStore = { ...context.services.metrics, forTenant: () => ({ snapshot }) };
    const counted = { ...context, services: { ...context.services, metrics } };
    await expect(snapshotOf(counted, "cost")).rejects.toThrow("busy");
    await Promise.all([totalOf(counted), totalOf(counted, ["service"]), totalOf(counted, ["region"])]);
    expect(reads).toBe(2);
  });
});
