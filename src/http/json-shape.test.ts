import { describe, expect, it } from "vitest";
import { checkJsonShape } from "./json-shape.ts";

const code = (text: string): unknown => {
  try {
    checkJsonShape(text);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("the shape of a body", () => {
  it("has levels, of lists and of objects, up to a number", () => {
    expect(code("[".repeat(64) + "]".repeat(64))).toBeUndefined();
    expect(code("[".repeat(65) + "]".repeat(65))).toBe("request.too-deep");
    expect(code('{"a":'.repeat(65) + "1" + "}".repeat(65))).toBe("request.too-deep");
    expect(code(`[${"[],".repeat(1000)}[]]`)).toBeUndefined();
  });

  it("has values up to a number, whatever they are", () => {
    expect(code(`[${"1,".repeat(9000)}1]`)).toBeUndefined();
    expect(code(`[${"1,".repeat(10_000)}1]`)).toBe("request.too-many-values");
    expect(code(`{${'"a":1,'.repeat(10_000)}"a":1}`)).toBe("request.too-many-values");
  });

  it("does not follow from what stands in texts", () => {
    expect(code(JSON.stringify(["[{,".repeat(50_000), '\\"[[['.repeat(50_000), "\\"]))).toBeUndefined();
    expect(code('"' + "[".repeat(100_000))).toBeUndefined();
  });
});
