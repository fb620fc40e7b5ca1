import { describe, expect, it } from "vitest";
import { unknownRoute } from "./unknown-route.ts";

describe("a path that is not there", () => {
  it.each([
    ["/v1/analytcs", "Did you mean /v1/analytics?"],
    ["/v1/costs/forecast", "Did you mean /v1/analytics/costs/forecast?"],
    ["/v1/compliance", "Did you mean /v1/analytics/compliance?"],
    ["/v1/report/abc/run", "Did you mean /v1/reports/abc/run?"],
    ["/doc", "Did you mean /docs?"],
  ])("%s leads to the one that was meant", (path, fix) => {
    expect(unknownRoute("GET", path)).toMatchObject({ code: "request.unknown-route" });
    expect(unknownRoute("GET", path).fix).toContain(fix);
  });

  it.each([`/v1/reports/${"x".repeat(7000)}/${"y".repeat(7000)}`, `/v1${"/".repeat(14_000)}`])(
    "is told in part when it is long, without a guess",
    (path) => {
      const { message, fix = "" } = unknownRoute("GET", path);
      expect([message.length < 100, fix]).toEqual([true, expect.stringMatching(/^GET /)]);
    },
  );

  it("leads nowhere when nothing is like it", () => {
    expect(unknownRoute("GET", "/wp-login.php").fix).toMatch(/^GET /);
  });
});
