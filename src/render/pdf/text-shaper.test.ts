import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasRightToLeft, visualRuns } from "./bidi.ts";
import { PdfFile } from "./file.ts";
import { FONT_FOLDER } from "../../../test/support/rendering.ts";
import { showText, TextShaper } from "./text-shaper.ts";

const newShaper = (): TextShaper =>
  new TextShaper(
    new PdfFile({
      title: "t",
      author: "a",
      subject: "s",
      language: "en",
      created: new Date(0),
      creator: "c",
    }),
    FONT_FOLDER,
  );

describe("the text shaper", () => {
  const shaper = newShaper();

  it("loses no character when it wraps, and keeps every line in its width", () => {
    const word = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.stringMatching(/^[a-z0-9/:.\-_]{0,60}$/),
      fc.constantFrom(
        "\n",
        "a\u00a0",
        "\u2003",
        "\u3000b",
        "Ελλάδα",
        "Москва",
        "漢字🙂",
        "e\u0301\u0302",
        "חשבון",
        "حساب",
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.integer({ min: 30, max: 300 }), (words, width) => {
        const text = words.join(" ");
        const lines = shaper.wrap(text, width, 8);
        const solid = (value: string): string => value.replace(/[ \t\r\n]/g, "");
        expect(solid(lines.join(""))).toBe(solid(text));
        for (const line of lines) {
          // A single letter with all its marks may be wider than a very narrow column.
          if (Array.from(line).length > 4) expect(shaper.width(line, 8)).toBeLessThanOrEqual(width + 1.5);
        }
      }),
      { numRuns: 120 },
    );
  });

  it("breaks at spaces first, then after punctuation, then anywhere", () => {
    expect(shaper.wrap("one two three", 34, 8)).toEqual(["one two", "three"]);
    expect(shaper.wrap("arn:aws:s3:::bucket", 40, 8)).toEqual(["arn:aws:", "s3:::", "bucket"]);
    expect(shaper.wrap("aaaaaaaaaaaaaaaaaaaa", 40, 8).length).toBeGreaterThan(1);
    expect(shaper.wrap("a\nb\r\nc", 100, 8)).toEqual(["a", "b", "c"]);
    expect(shaper.wrap("", 100, 8)).toEqual([""]);
  });

  it("gives all digits one width and kerns letters", () => {
    const widths = Array.from("0123456789", (digit) => shaper.shape(digit).width);
    expect(new Set(widths).size).toBe(1);
    expect(shaper.shape("AV").width).toBeLessThan(shaper.shape("A").width + shaper.shape("V").width - 20);
    expect(shaper.shape("AV").segments[0]?.show).toMatch(/^\[\(.+\)\d+\(.+\)\]TJ$/s);
  });

  it("shows a box for what no font has, keeps its text for copying, and says so", () => {
    const own = newShaper();
    expect(own.missingNote()).toBeUndefined();
    const shaped = own.shape("a漢🙂\u0007b\ud800");
    const actual = shaped.segments.flatMap((segment) => segment.actual ?? []);
    expect(actual).toEqual(["漢🙂\uFFFD", "\uFFFD"]);
    expect(own.missingNote()).toBe(
      "4 different characters could not be shown in this report's fonts and appear as □ " +
        "(U+6F22, U+1F642, U+0007, U+D800); copied text and the other formats have them.",
    );
    expect(showText(shaped, 8)).toContain("/Span<</ActualText<FEFF6F22D83DDE42FFFD>>>BDC");
  });

  it("puts invisible characters nowhere", () => {
    const own = newShaper();
    expect(own.shape("a\u200Bb\uFEFF\uFE0F").width).toBe(own.shape("ab").width);
    expect(own.missingNote()).toBeUndefined();
  });

  it("joins Arabic letters and places Latin marks", () => {
    const joined = shaper.shape("محمد");
    const apart = Array.from("محمد").reduce((sum, letter) => sum + shaper.shape(letter).width, 0);
    expect(joined.width).not.toBeCloseTo(apart, 0);
    expect(joined.segments[0]?.actual).toBe("محمد");
    expect(shaper.shape("\u06A2 \u0615").width).toBeGreaterThan(0);
    expect(shaper.shape("x\u0323").width).toBeCloseTo(shaper.shape("x").width, 0);
  });
});

describe("right-to-left text", () => {
  it("is told from all other", () => {
    expect(hasRightToLeft("abc 123")).toBe(false);
    expect(hasRightToLeft("abc שלום")).toBe(true);
  });

  it("runs from the right, with its numbers from the left", () => {
    expect(visualRuns("שלום 42 abc")).toEqual([
      { text: "abc", rtl: false },
      { text: " ", rtl: true },
      { text: "42", rtl: false },
      { text: "שלום ", rtl: true },
    ]);
  });

  it("stays inside left-to-right text, brackets mirrored", () => {
    expect(visualRuns("see (שלום) now")).toEqual([
      { text: "see (", rtl: false },
      { text: "שלום", rtl: true },
      { text: ") now", rtl: false },
    ]);
    expect(visualRuns("(שלום)")[0]).toEqual({ text: ")שלום(", rtl: true });
  });

  it("never loses a character", () => {
    const part = fc.constantFrom("a", "ש", "ع", "5", " ", ".", "(", "é");
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join("")),
        (text) => {
          const sorted = (value: string): string => Array.from(value.replace(/[()]/g, "|")).sort().join("");
          expect(
            sorted(
              visualRuns(text)
                .map((run) => run.text)
                .join(""),
            ),
          ).toBe(sorted(text));
        },
      ),
    );
  });
});
