import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../money/decimal.ts";
import { mainDriver, type Part } from "./drivers.ts";

describe("mainDriver", () => {
  const parts: Part[] = [
    { name: "EC2", before: "100", now: "130" },
    { name: "S3", before: "50", now: "10" },
    { name: "RDS", before: null, now: "20" },
    { name: "Tax", before: "5", now: "5" },
  ];

  it("names the largest move in the direction of the whole", () => {
    expect(mainDriver("service", parts, "10")).toEqual({
      dimension: "service",
      name: "EC2",
      change: "30",
      sharePercent: "300",
    });
    expect(mainDriver("service", parts, "-10")).toMatchObject({ name: "S3", change: "-40" });
  });

  it("names the largest move of all when the whole stayed the same, without a share", () => {
    expect(mainDriver("service", parts, "0")).toMatchObject({ name: "S3", sharePercent: null });
  });

  it("tells no share of a whole that is nothing beside its parts", () => {
    const cancelling: Part[] = [
      { name: "EC2", before: "0", now: "1000000000000" },
      { name: "Credit", before: "0", now: "-999999999999.999999999999999999" },
    ];
    expect(mainDriver("service", cancelling, "0.000000000000000001")).toMatchObject({
      name: "EC2",
      sharePercent: null,
    });
  });

  it("names nothing when nothing is known or nothing moved", () => {
    expect(mainDriver("service", parts, null)).toBeUndefined();
    expect(mainDriver("service", [{ name: "Tax", before: "5", now: "5" }], "0")).toBeUndefined();
    expect(mainDriver("service", [], "3")).toBeUndefined();
  });

  it("never goes against the whole, and is never exceeded by another part", () => {
    const amounts = fc.option(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(formatDecimal));
    const part = fc.record({ name: fc.string(), before: amounts, now: amounts });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (list) => {
        const change = ({ before, now }: Part): bigint => toScaled(now ?? "0") - toScaled(before ?? "0");
        const exact = list.reduce((sum, each) => sum + change(each), 0n);
        const driver = mainDriver("x", list, formatDecimal(exact));
        if (exact === 0n) return;
        expect(driver).toBeDefined();
        const size = (value: bigint): bigint => (value < 0n ? -value : value);
        const driven = toScaled(driver!.change);
        expect(driven > 0n).toBe(exact > 0n);
        for (const each of list.filter((one) => change(one) > 0n === exact > 0n))
          expect(size(driven) >= size(change(each))).toBe(true);
      }),
    );
  });
});

function toScaled(text: string): bigint {
  const negative = text.startsWith("-");
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const scaled = BigInt(whole + fraction.padEnd(18, "0"));
  return negative ? -scaled : scaled;
}
