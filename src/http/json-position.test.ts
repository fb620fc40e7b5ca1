import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { syntaxErrorAt } from "./json-position.ts";

describe("the place where JSON breaks", () => {
  it.each<[string, number, number, string | undefined]>([
    ["{", 1, 2, undefined],
    ['{"a":1,}', 1, 8, '"}"'],
    ["[1,2,,3]", 1, 6, '","'],
    ["{'a':1}", 1, 2, `"'"`],
    ['{"a" 1}', 1, 6, '"1"'],
    ['{\n  "dataset": cost\n}', 2, 14, '"c"'],
    ['{"a":1} x', 1, 9, '"x"'],
    ["[01]", 1, 2, '"0"'],
    ['"tab\there"', 1, 1, '"\\""'],
    ['{"a":1]', 1, 7, '"]"'],
    ["nul", 1, 1, '"n"'],
    ['{"a":tru}', 1, 6, '"t"'],
  ])("%j", (text, line, column, found) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(syntaxErrorAt(text)).toEqual({ line, column, found });
  });

  it("is the end for every valid text that is cut off inside a bracket", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, cut) => {
        const text = JSON.stringify([value]);
        const part = text.slice(0, 1 + (cut % (text.length - 1)));
        const { line, column } = syntaxErrorAt(part);
        expect(line).toBe(1);
        expect(column).toBeLessThanOrEqual(part.length + 1);
      }),
    );
  });

  it("copes with nesting that would overflow a stack", () => {
    expect(syntaxErrorAt("[".repeat(200_000)).column).toBe(200_001);
  });
});
