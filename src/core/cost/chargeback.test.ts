import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal, parseDecimal, sumDecimals } from "../money/decimal.ts";
import { chargeback } from "./chargeback.ts";
import { percentShares, splitExactly } from "./shares.ts";

const amount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(formatDecimal);
const cost = fc.bigInt({ min: 0n, max: 10n ** 24n }).map(formatDecimal);
const key = fc.option(fc.constantFrom("web", "data", "ml", "ops", ""), { nil: null });
const rule = fc.constantFrom("none" as const, "proportional" as const, "even" as const);

describe("splitExactly", () => {
  it("adds up to the whole, each part within one unit of its due", () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 20n }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n }), weights, (whole, parts) => {
        const sum = parts.reduce((a, b) => a + b, 0n);
        const split = splitExactly(whole, parts);
        if (sum === 0n) {
          expect(split).toBeUndefined();
          return;
        }
        expect(split!.reduce((a, b) => a + b, 0n)).toBe(whole);
        split!.forEach((part, i) => {
          const off = part * sum - whole * parts[i]!;
          expect(off < sum && -off < sum).toBe(true);
        });
      }),
    );
  });

  it("gives thirds of a hundred percent as 33.34, 33.33 and 33.33", () => {
    expect(percentShares([1n, 1n, 1n])).toEqual([3334n, 3333n, 3333n]);
  });
});

describe("chargeback", () => {
  it("adds up to the bill, and its shares to 100, whatever the costs and however they are spread", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, amount), { maxLength: 20 }), rule, (amounts, shared) => {
        const result = chargeback(amounts, shared);
        const bill = sumDecimals(amounts.map(([, value]) => value));
        expect(result.total).toBe(bill);
        expect(sumDecimals(result.lines.map((line) => line.cost))).toBe(bill);
        expect(sumDecimals(result.lines.map((line) => line.direct))).toBe(bill);
        expect(sumDecimals(result.lines.map((line) => line.shared))).toBe("0");
        const shares = result.lines.map((line) => line.sharePercent);
        // All or none: with a bill near 0 a share says nothing.
        if (shares.includes(null)) expect(shares.every((share) => share === null)).toBe(true);
        else expect(sumDecimals(shares as string[])).toBe("100");
      }),
    );
  });

  it("tells no shares of a bill of 0, nor of one that is nothing beside its charges and credits", () => {
    const sharesOf = (...amounts: [string, string][]): (string | null)[] =>
      chargeback(amounts, "none").lines.map((line) => line.sharePercent);
    expect(sharesOf(["web", "5"], ["data", "-5"])).toEqual([null, null, null]);
    expect(
      sharesOf(["web", "999999999999.999999999999999977"], ["data", "-999999999999.99999999999"]),
    ).toEqual([...[null, null, null]]);
    expect(sharesOf(["web", "300"], ["data", "-299"])).toEqual(["30000", "-29900", "0"]);
  });

  it("shows what nobody is named for as a row of its own", () => {
    const result = chargeback(
      [
        ["web", "60"],
        [null, "30"],
        ["data", "5.5"],
        ["", "4.5"],
      ],
      "none",
    );
    expect(result.lines).toEqual([
      { key: "web", direct: "60", shared: "0", cost: "60", sharePercent: "60" },
      { key: "data", direct: "5.5", shared: "0", cost: "5.5", sharePercent: "5.5" },
      { key: null, direct: "34.5", shared: "0", cost: "34.5", sharePercent: "34.5" },
    ]);
    expect(result).toMatchObject({ total: "100", unallocated: "34.5", unallocatedPercent: "34.5" });
  });

  it("spreads shared cost in proportion, and keeps its row to show what was taken off", () => {
    const result = chargeback(
      [
        ["web", "75"],
        ["data", "25"],
        [null, "10.01"],
      ],
      "proportional",
    );
    expect(result.lines).toEqual([
      { key: "web", direct: "75", shared: "7.51", cost: "82.51", sharePercent: "75" },
      { key: "data", direct: "25", shared: "2.5", cost: "27.5", sharePercent: "25" },
      { key: null, direct: "10.01", shared: "-10.01", cost: "0", sharePercent: "0" },
    ]);
    expect(result.notes[0]).toContain("in proportion");
  });

  it("spreads evenly by cents, and lets a refunded key carry nothing in proportion", () => {
    const even = chargeback(
      [
        ["a", "5"],
        ["b", "1"],
        ["c", "1"],
        [null, "1"],
      ],
      "even",
    );
    expect(even.lines.map((line) => line.shared)).toEqual(["0.34", "0.33", "0.33", "-1"]);
    const refunded = chargeback(
      [
        ["a", "5"],
        ["b", "-5"],
        [null, "1"],
      ],
      "proportional",
    );
    expect(refunded.lines.map((line) => line.shared)).toEqual(["1", "0", "-1"]);
  });

  it("says so when there is nobody to carry the shared cost", () => {
    const result = chargeback([[null, "12"]], "proportional");
    expect(result).toMatchObject({ shared: "none", total: "12" });
    expect(result.lines).toEqual([{ key: null, direct: "12", shared: "0", cost: "12", sharePercent: "100" }]);
    expect(result.notes[0]).toContain("could not be spread");
  });

  it("never makes one key carry more than the shared cost", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), cost), { minLength: 1 }),
        cost,
        (own, open) => {
          const result = chargeback([...own, [null, open]], "proportional");
          for (const line of result.lines.slice(0, -1))
            expect(parseDecimal(line.shared) <= parseDecimal(open)).toBe(true);
        },
      ),
    );
  });
});
