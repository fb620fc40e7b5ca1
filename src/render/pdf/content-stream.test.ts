import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContentStream } from "./content-stream.ts";

const written = (use: (content: ContentStream) => void): string => {
  const content = new ContentStream();
  use(content);
  return Buffer.from(content.view()).toString("latin1");
};

describe("a content stream", () => {
  it("writes numbers in hundredths, as a reader reads them", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        const text = written((content) => content.number(value));
        expect(text).toMatch(/^-?\d+(\.\d{1,2})? $/);
        expect(Number(text)).toBeCloseTo(Math.round(value * 100) / 100, 6);
      }),
    );
    const all = [0, -0.001, 1, 10, 0.5, -12.25, 100.05, 999.999];
    expect(all.map((value) => written((content) => content.number(value)))).toEqual([
      "0 ",
      "0 ",
      "1 ",
      "10 ",
      "0.5 ",
      "-12.25 ",
      "100.05 ",
      "1000 ",
    ]);
  });

  it("escapes what a literal string must, and grows", () => {
    expect(written((content) => content.glyph(0x280d))).toBe("\\(\\r");
    expect(written((content) => content.glyph(0x5c29))).toBe("\\\\\\)");
    const long = "x".repeat(50_000);
    expect(
      written((content) => {
        content.text("a");
        content.text(long);
        content.bytes(Buffer.from(long));
      }),
    ).toBe(`a${long}${long}`);
  });
});
