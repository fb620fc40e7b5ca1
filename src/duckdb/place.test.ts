import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeParts, slicesOf, type Target } from "./place.ts";

const target = fc.record({
  rows: fc.integer({ min: 1, max: 60 }),
  tenant: fc.constantFrom("a", "b", "c", "d"),
  day: fc.constantFrom(null, "2024-09-03", "2024-09-04"),
});

describe("slices of a load", () => {
  it("hold every part once, in order, and are sorted unless of one tenant and day", () => {
    fc.assert(
      fc.property(fc.array(target, { maxLength: 40 }), (list) => {
        const targets = list
          .map((each, part): Target => ({ ...each, part, partition: part }))
          .sort((a, b) => (`${a.tenant} ${a.day ?? ""}` < `${b.tenant} ${b.day ?? ""}` ? -1 : 1));
        const slices = slicesOf(targets, 100);
        expect(slices.flatMap(({ parts }) => parts)).toEqual(targets.map(({ part }) => part));
        slices.forEach(({ parts, rows, uniform }, i) => {
          const own = targets.filter(({ part }) => parts.includes(part));
          expect(rows).toBe(own.reduce((sum, each) => sum + each.rows, 0));
          const keys = new Set(own.map(({ tenant, day }) => `${tenant} ${String(day)}`));
          expect(uniform).toBe(keys.size === 1 && own[0]?.day !== null);
          // A sorted slice is no longer than its last part reaches over the bound; only the last one is shorter.
          if (!uniform) expect(rows - (own.at(-1)?.rows ?? 0)).toBeLessThan(100);
          if (i < slices.length - 1) expect(rows).toBeGreaterThanOrEqual(100);
        });
      }),
    );
  });
});

describe("parts whose day is told at the end", () => {
  it("join the partition of their day, beside those that were only named", () => {
    const key = { tenant: "acme", source: "asff:1" };
    const parts = [
      { ...key, period: "0", undated: true, rows: 2 },
      { ...key, period: "1", undated: true, rows: 3 },
      { ...key, period: "2024-09", undated: false, rows: 5 },
    ];
    const named = [{ ...key, source: "asff:0", period: "2024-09-03" }];
    expect(placeParts(parts, () => "2024-09-03", named)).toEqual({
      partitions: [
        { tenant: "acme", source: "asff:0", period: "2024-09-03", rows: 0 },
        { ...key, period: "2024-09", rows: 5 },
        { ...key, period: "2024-09-03", rows: 5 },
      ],
      places: [
        { partition: 2, day: "2024-09-03" },
        { partition: 2, day: "2024-09-03" },
        { partition: 1, day: null },
      ],
    });
  });
});
