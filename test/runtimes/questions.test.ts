import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemoryRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { questionsOfJob, questionsOfRequest } from "../../src/app/analytics/questions.ts";
import { openQuery, runQuery } from "../../src/app/analytics/run-query.ts";
import type { TenantContext } from "../../src/app/services.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits/limits.ts";
import { processEnds } from "../../src/core/jobs/job.ts";
import type { AnalyticsQuery } from "../../src/core/query/query.ts";
import type { RateLimiter } from "../../src/ports/rate-limiter.ts";
import { cost } from "../conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";

const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };
const by = (dimension: string): AnalyticsQuery => ({
  dataset: "cost",
  range: SEPTEMBER,
  groupBy: [dimension],
});
const rates: Limits["rates"] = {
  ...DEFAULT_LIMITS.rates,
  queries: { perMinute: 60, burst: 3 },
  background: { perMinute: 60, burst: 1 },
};

describe("a tenant's questions", () => {
  let tenant: TestTenant;
  let now = 0;
  let taken: [string, number][];
  let services: TenantContext["services"];
  beforeAll(async () => {
    tenant = await testTenant();
    await tenant.load("cost", [cost("2024-09-01", { billed_cost: "1" })]);
  });
  afterAll(() => tenant.close());

  /** The context of another request, on a budget that nobody has used when `fresh`. */
  function request(fresh = true): TenantContext {
    if (fresh) {
      taken = [];
      const limiter = new MemoryRateLimiter(() => now);
      const counting: RateLimiter = {
        take: (key, count, rate) => {
          taken.push([key, count]);
          return limiter.take(key, count, rate);
        },
      };
      services = { ...tenant.context.services, limiter: counting, limits: { ...DEFAULT_LIMITS, rates } };
    }
    const questions = questionsOfRequest(services, "acme", () => undefined);
    return { ...tenant.context, services, questions };
  }
  const counted = (): number => taken.reduce((sum, [, count]) => sum + count, 0);

  it("count once where they are equal, also side by side, and not where they are remembered", async () => {
    const context = request();
    await Promise.all([1, 2, 3].map(() => runQuery(context, by("service"))));
    expect(counted()).toBe(1);
    await runQuery(request(false), by("service"));
    expect(counted()).toBe(1);
    // Streams are not remembered, and still one question of one request.
    const streaming = request();
    for (const table of [
      await openQuery(streaming, by("service")),
      await openQuery(streaming, by("service")),
    ])
      await table.close?.();
    expect(counted()).toBe(1);
  });

  it("that are asked side by side are counted in few takes", async () => {
    const context = request();
    await Promise.all(["day", "week", "month"].map((each) => runQuery(context, by(each))));
    expect(counted()).toBe(3);
    expect(taken.length).toBeLessThanOrEqual(2);
  });

  it("are refused over the budget, with when to come back, and counted when they are asked again", async () => {
    const context = request();
    for (const each of ["region", "account", "resource"]) await runQuery(context, by(each));
    const refused = runQuery(context, by("charge_category"));
    await expect(refused).rejects.toMatchObject({
      code: "request.too-many",
      kind: "rate-limited",
      retryAfter: 1,
    });
    now += 1_000;
    await runQuery(context, by("charge_category"));
    expect(counted()).toBe(5);
  });

  it("of a job have a budget of their own, and wait for it", async () => {
    request();
    const job = new AbortController();
    const questions = questionsOfJob(services, "acme", job.signal);
    const context = { ...tenant.context, services, questions };
    await (await openQuery(context, by("day"))).close?.();
    const second = openQuery(context, by("week"));
    second.catch(() => undefined);
    expect(taken.every(([key]) => key === "background/acme")).toBe(true);
    // People's questions are not touched by that.
    await (await openQuery(request(false), by("day"))).close?.();
    job.abort(processEnds());
    await expect(second).rejects.toMatchObject({ code: "job.process-ends" });
  });
});
