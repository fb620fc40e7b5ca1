import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdSet } from "./id-set.ts";

describe("IdSet", () => {
  it("knows every id again and takes no two for one, through all its growth", () => {
    const set = new IdSet();
    const id = (i: number) => `71c88be9-ea5c-43c7-8c82-${i.toString(16).padStart(12, "0")}`;
    let fresh = 0;
    for (let i = 0; i < 100_000; i++) if (set.add(id(i))) fresh++;
    expect(fresh).toBe(100_000);
    for (let i = 0; i < 100_000; i += 7) if (set.add(id(i))) fresh++;
    expect(fresh).toBe(100_000);
    expect(set.size).toBe(100_000);
  });

  it("behaves as a set of strings does", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 200 }), (ids) => {
        const ours = new IdSet();
        const theirs = new Set<string>();
        for (const id of ids) {
          expect(ours.add(id)).toBe(!theirs.has(id));
          theirs.add(id);
        }
      }),
    );
  });
});
