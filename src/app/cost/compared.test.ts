import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cost } from "../../../test/conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { canonicalDecimal, sumDecimals } from "../../core/money/decimal.ts";
import type { LoadedFact } from "../../ports/load.ts";
import { comparedCharges } from "./compared.ts";

let acme: TestTenant;
beforeAll(async () => {
  acme = await testTenant();
});
afterAll(() => acme.close());

const range = { from: "2024-09-01", to: "2024-10-01" };
const PARTITION = { tenant: "acme", source: "focus:AWS:1", period: "2024-09" };

const amount = fc.option(
  fc.integer({ min: -50, max: 500 }).map((n) => canonicalDecimal((n / 10).toFixed(1))),
  {
    nil: null,
  },
);
const kinds = fc.constantFrom<[string, string | null, string | null]>(
  ["Usage", null, null],
  ["Usage", "sp", "Used"],
  ["Usage", "sp", "Unused"],
  ["Purchase", null, null],
  ["Purchase", "sp", null],
  ["Purchase", "sp", "Unused"],
  ["Credit", null, null],
);
const fact = fc
  .record({
    kind: kinds,
    service_name: fc.constantFrom("EC2", "S3", null),
    list_cost: amount,
    contracted_cost: amount,
    effective_cost: amount,
  })
  .map(({ kind: [charge_category, commitment_discount_id, commitment_discount_status], ...values }) =>
    cost("2024-09-02", {
      ...values,
      charge_category,
      commitment_discount_id,
      commitment_discount_status,
    }),
  );

const isFee = ({ values }: LoadedFact): boolean =>
  values["charge_category"] === "Purchase" && values["commitment_discount_status"] === "Unused";
const isCharge = ({ values }: LoadedFact): boolean =>
  values["charge_category"] === "Usage" ||
  (values["charge_category"] === "Purchase" && values["commitment_discount_id"] === null);

/** The pair of a figure, fact by fact. */
function expected(facts: readonly LoadedFact[], higher: string, lower: string): [string, string] | null {
  const has = ({ values }: LoadedFact, name: string): boolean => (values[name] ?? null) !== null;
  const charges = facts.filter(isCharge);
  const both = charges.filter((each) => has(each, higher) && has(each, lower));
  // A fee counts by its effective cost alone, where it is known, and is of no negotiated rate.
  const needed = [higher, lower].filter((name) => name !== "list_cost");
  const fees = facts.filter((each) => isFee(each) && needed.every((name) => has(each, name)));
  const lost = lower === "effective_cost" ? fees : [];
  if (charges.length > 0 && both.length === 0) return null;
  if (both.length === 0 && (charges.length > 0 || lost.length === 0)) return null;
  const sum = (of: readonly LoadedFact[], name: string): string =>
    sumDecimals(of.map(({ values }) => values[name] ?? "0"));
  return [sum(both, higher), sumDecimals([sum(both, lower), sum(lost, lower)])];
}

describe("compared charges", () => {
  it("are told, in all and by service, over the facts that carry both prices and no other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fact, { minLength: 1, maxLength: 12 }), async (facts) => {
        await acme.load("cost", facts, [PARTITION]);
        const { pairs, services } = await comparedCharges(acme.context, { range, filters: [] });
        const pairOf = (pair: { higher: string; lower: string } | null): [string, string] | null =>
          pair === null ? null : [pair.higher, pair.lower];
        expect(pairOf(pairs.total)).toEqual(expected(facts, "list_cost", "effective_cost"));
        expect(pairOf(pairs.commitment)).toEqual(expected(facts, "contracted_cost", "effective_cost"));
        for (const figure of ["negotiated", "commitment", "total"] as const) {
          const parts = services.map((each) => each.pairs[figure]).filter((pair) => pair !== null);
          const whole = pairs[figure];
          if (whole === null) continue;
          expect(sumDecimals(parts.map(({ higher }) => higher))).toBe(whole.higher);
          expect(sumDecimals(parts.map(({ lower }) => lower))).toBe(whole.lower);
        }
      }),
      { numRuns: 30 },
    );
  });
});
