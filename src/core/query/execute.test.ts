import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../money/decimal.ts";
import { Sums } from "./accumulate.ts";
import { compareText, tagValue } from "./filters.ts";
import { GroupIndex } from "./grouping.ts";

describe("Sums", () => {
  it("adds exactly, beyond what a double holds and over columns of different scales", () => {
    const whole = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    const column = fc.record({
      scale: fc.integer({ min: 0, max: 18 }),
      values: fc.array(fc.option(whole, { nil: null }), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(fc.array(column, { maxLength: 5 }), (columns) => {
        const sums = new Sums();
        let expected: bigint | null = null;
        for (const { scale, values } of columns) {
          const numbers = Float64Array.from(values, (value) => value ?? Number.NaN);
          const rows = values.map((_, row) => row);
          sums.add(
            { kind: "numbers", scale, numbers },
            rows,
            rows.map(() => 0),
            1,
          );
          for (const value of values)
            if (value !== null) expected = (expected ?? 0n) + BigInt(value) * 10n ** BigInt(18 - scale);
        }
        expect(sums.sum(0)).toBe(expected);
      }),
    );
  });

  it("keeps a group without values apart from one that adds up to 0", () => {
    const sums = new Sums();
    sums.add({ kind: "wide", values: [5n, -5n, null] }, [0, 1, 2], [0, 0, 1], 2);
    expect([sums.sum(0), sums.sum(1), sums.count(0), sums.count(1)]).toEqual([0n, null, 2, 0]);
    expect(formatDecimal(sums.sum(0) ?? 1n)).toBe("0");
  });
});

describe("GroupIndex", () => {
  it("gives equal keys one number over blocks with different dictionaries, and folds to the first keys", () => {
    const index = new GroupIndex(2);
    const first = index.assign(
      [
        { values: ["a", "b"], codes: [0, 1, 0] },
        { values: ["x", null], codes: [0, 1, 1] },
      ],
      [0, 1, 2],
    );
    const second = index.assign(
      [
        { values: ["b", "a"], codes: [0, 1] },
        { values: [null], codes: [0, 0] },
      ],
      [0, 1],
    );
    expect([...first]).toEqual([0, 1, 2]);
    expect([...second]).toEqual([1, 2]);
    expect(index.valuesOf(2, 2)).toEqual(["a", null]);
    expect(index.prefix(0, 1)).toBe(index.prefix(2, 1));
    expect(index.valuesOf(index.prefix(1, 1), 1)).toEqual(["b"]);
  });
});

describe("compareText", () => {
  it("orders as UTF-8 bytes do", () => {
    const bytes = (text: string): Buffer => Buffer.from(text);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(bytes(a), bytes(b)));
      }),
    );
    expect(compareText("\uffff", "😀")).toBeLessThan(0);
  });
});

describe("tagValue", () => {
  it("finds own keys only", () => {
    expect(tagValue('{"env":"prod"}', "env")).toBe("prod");
    expect(tagValue('{"env":"prod"}', "toString")).toBeNull();
    expect(tagValue(null, "env")).toBeNull();
  });
});
