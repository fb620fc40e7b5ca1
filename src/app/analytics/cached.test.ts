import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finding } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { cached } from "./cached.ts";

describe("remembered", () => {
  let tenant: TestTenant;
  let computed = 0;
  const ask = (question = "a"): Promise<number> =>
    cached(tenant.context, "findings", [question], () => Promise.resolve(++computed));
  beforeAll(async () => (tenant = await testTenant()));
  afterAll(() => tenant.close());

  it("computes once for those who ask together and those who ask later, until the data changes", async () => {
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    expect([await ask(), await ask("b")]).toEqual([1, 2]);
    await tenant.load("findings", [finding("2024-09-01", { severity: "low" })]);
    expect(await ask()).toBe(3);
  });

  it("does not remember a failure", async () => {
    const fail = (): Promise<number> =>
      cached(tenant.context, "findings", ["c"], () => Promise.reject(new Error("busy")));
    await expect(fail()).rejects.toThrow("busy");
    expect(await ask("c")).toBe(4);
  });

  it("does not remember an answer that is not whole, so that its missing part is tried again", async () => {
    const odd = (): Promise<number> =>
      cached(
        tenant.context,
        "findings",
        ["d"],
        () => Promise.resolve(++computed),
        (answer) => answer % 2 === 0,
      );
    expect([await odd(), await odd(), await odd()]).toEqual([5, 6, 6]);
  });
});
