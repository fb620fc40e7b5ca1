import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalText } from "../../../test/support/nasty.ts";
import { formatDecimal, parseDecimal } from "../../core/money/decimal.ts";
import { dateSerial, exceedsDouble, instantSerial, isDecimal, percentShare, roundsToZero } from "./values.ts";

describe("serial numbers", () => {
  // Values as Excel shows them: DATE(1900,3,1) is 61, DATE(2024,9,1) is 45536, DATE(9999,12,31) is 2958465.
  it.each([
    ["1900-03-01", "61"],
    ["1970-01-01", "25569"],
    ["2024-02-29", "45351"],
    ["2024-09-01", "45536"],
    ["9999-12-31", "2958465"],
  ])("%s is %s", (date, serial) => {
    expect(dateSerial(date)).toBe(serial);
  });

  it.each(["1900-02-28", "0001-01-01", "2024-02-30", "", "n/a"])("%j has none, and stays text", (text) => {
    expect(dateSerial(text)).toBeUndefined();
  });

  it("of instants hold the time of day", () => {
    expect(instantSerial("2024-09-01T00:00:00Z")).toBe("45536");
    expect(instantSerial("2024-09-01T18:00:00.000Z")).toBe("45536.75");
    expect(Number(instantSerial("2024-09-01T00:00:00.001Z")) * 86_400_000).toBeCloseTo(
      45_536 * 86_400_000 + 1,
      0,
    );
    expect(instantSerial("yesterday")).toBeUndefined();
  });
});

describe("numbers", () => {
  it.each(["0", "-1", "12.5", "0.000000000000000001"])("%s may stand in a cell", (text) => {
    expect(isDecimal(text)).toBe(true);
  });

  it.each(["", "-", ".", "1.", "1.2.3", "1-2", "NaN", "Infinity", "1e5", "<v>", " 1", "１"])(
    "%j may not",
    (text) => {
      expect(isDecimal(text)).toBe(false);
    },
  );

  it.each([
    ["123456789012345", false],
    ["0.123456789012345", false],
    ["-0.000000000000123", false],
    ["1000000000000000000", false],
    ["1234567890123456", true],
    ["-123456789.0123456789", true],
  ])("%s has more digits than a double is sure to keep: %s", (text, more) => {
    expect(exceedsDouble(text)).toBe(more);
  });

  it.each([
    ["0", 2, false],
    ["0.004", 2, true],
    ["-0.0049999", 2, true],
    ["0.005", 2, false],
    ["0.01", 2, false],
    ["0.00", 2, false],
    ["0.4", 0, true],
    ["0.5", 0, false],
    ["-1.001", 2, false],
    ["0.000000000000000001", 2, true],
  ])("%s with %i decimals would look like 0: %s", (text, digits, tiny) => {
    expect(roundsToZero(text, digits)).toBe(tiny);
  });

  it("as percentages become exact shares", () => {
    expect(["12.5", "100", "0", "5", "-0.25", "1234.5678"].map(percentShare)).toEqual([
      "0.125",
      "1",
      "0",
      "0.05",
      "-0.0025",
      "12.345678",
    ]);
    fc.assert(
      fc.property(decimalText, (text) => {
        if ((text.split(".")[1] ?? "").length > 16) return;
        expect(percentShare(text)).toBe(formatDecimal(parseDecimal(text) / 100n));
      }),
    );
  });
});
