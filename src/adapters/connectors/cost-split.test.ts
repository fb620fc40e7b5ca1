import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal, sumDecimals } from "../../core/money/decimal.ts";
import { type CostLine, CostSplit } from "./cost-split.ts";

const BILL = { source: "cost-explorer:AWS:1", period: "2025-03", payer: "1" };
/** Ten decimals, as Cost Explorer has them. */
const amount = fc
  .bigInt({ min: -(10n ** 16n), max: 10n ** 16n })
  .map((units) => formatDecimal(units * 10n ** 8n));
const line = (service: string, unblended: string, amortized: string): CostLine => ({
  day: "2025-03-01",
  account: "1",
  currency: "USD",
  service,
  unblended,
  amortized,
});

describe("a month of Cost Explorer", () => {
  it("adds up to the wholes to the last digit, whatever the regions say", () => {
    const whole = fc.tuple(fc.constantFrom("a", "b", "c"), amount, amount);
    const part = fc.tuple(fc.constantFrom("eu", "us", "ap"), whole);
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 8 }), fc.array(part, { maxLength: 20 }), (wholes, parts) => {
        const split = new CostSplit();
        for (const [service, billed, effective] of wholes) split.addWhole(line(service, billed, effective));
        for (const [region, [service, billed, effective]] of parts)
          split.addRegion(region, line(service, billed, effective));
        const facts = [...split.facts(BILL, new Map())];
        for (const service of ["a", "b", "c"]) {
          const mine = facts.filter(({ values }) => values["service_name"] === service);
          const of = (i: 1 | 2) => sumDecimals(wholes.filter(([name]) => name === service).map((w) => w[i]));
          expect(sumDecimals(mine.map(({ values }) => values["billed_cost"] ?? "0"))).toBe(of(1));
          expect(sumDecimals(mine.map(({ values }) => values["effective_cost"] ?? "0"))).toBe(of(2));
        }
      }),
    );
  });

  it("puts a difference of rounding where most of the money is, and nowhere else", () => {
    const split = new CostSplit();
    split.addWhole(line("a", "3.0000000001", "3"));
    split.addRegion("eu", line("a", "1", "1"));
    split.addRegion("us", line("a", "2", "2"));
    const facts = [...split.facts(BILL, new Map([["1", "Main"]]))];
    expect(facts.map(({ values }) => [values["region_id"], values["billed_cost"]])).toEqual([
      ["eu", "1"],
      ["us", "2.0000000001"],
    ]);
    expect(facts[0]).toMatchObject({
      day: "2025-03-01",
      values: { charge_period_end: "2025-03-02T00:00:00.000Z", sub_account_name: "Main" },
    });
  });

  it("does not take a regional amount without a whole", () => {
    const split = new CostSplit();
    expect(split.addRegion("eu", line("a", "1", "1"))).toBe(false);
    expect([...split.facts(BILL, new Map())]).toEqual([]);
  });
});
