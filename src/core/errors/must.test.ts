import { describe, expect, it } from "vitest";
import { must } from "./must.ts";

describe("must", () => {
  it("returns values, falsy ones too", () => {
    expect([must(0, "a number"), must("", "a text"), must(false, "a flag")]).toEqual([0, "", false]);
  });

  it.each([undefined, null])("names what is missing instead of %s", (value) => {
    expect(() => must(value, "a day of the range")).toThrow(
      "Broken invariant: a day of the range is missing",
    );
  });
});
