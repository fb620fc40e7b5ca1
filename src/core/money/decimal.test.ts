import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalDecimal,
  changeBetween,
  decimalOfNumber,
  divideDecimal,
  formatDecimal,
  parseDecimal,
  roundDecimal,
  SCALE,
  sumDecimals,
  tryParseDecimal,
  wideDecimal,
} from "./decimal.ts";
import { DomainError } from "../errors/errors.ts";
import { currencyDigits, formatMoney, formatPercent, formatQuantity } from "./format.ts";

const scaled = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n });

describe("decimals", () => {
  it("reads back what it writes, whatever the value", () => {
    fc.assert(
      fc.property(scaled, (value) => {
        expect(parseDecimal(formatDecimal(value))).toBe(value);
      }),
    );
  });

  it("adds exactly, in any order, where floats would not", () => {
    expect(sumDecimals(["0.1", "0.2"])).toBe("0.3");
    expect(sumDecimals(["1e-18", "99999999999999999999"])).toBe("99999999999999999999.000000000000000001");
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })), (values) => {
        const total = values.reduce((sum, value) => sum + value, 0n);
        expect(sumDecimals(values.map(formatDecimal).reverse())).toBe(formatDecimal(total));
      }),
    );
  });

  it.each([
    ["1e3", "1000"],
    ["-0.0", "0"],
    [".5", "0.5"],
    ["5.", "5"],
    ["+1.50", "1.5"],
    ["1.0E-10", "0.0000000001"],
    ["0e400", "0"],
  ])("takes %s as %s", (text, canonical) => {
    expect(formatDecimal(parseDecimal(text))).toBe(canonical);
  });

  it.each([
    "",
    ".",
    "NaN",
    "Infinity",
    "1e400",
    "1,5",
    "0x10",
    "--1",
    "1 2",
    "1e-19",
    "123456789012345678901",
  ])("refuses %s instead of changing it", (text) => {
    expect(tryParseDecimal(text)).toBeUndefined();
    expect(() => parseDecimal(text)).toThrow(/is not a decimal number/);
  });

  it("takes its own text that is none for a fault of ours, which no client can mend", () => {
    for (const read of [parseDecimal, wideDecimal, (text: string) => roundDecimal(text, 2)]) {
      expect(() => read("NaN")).toThrow(/"NaN" is not a decimal number/);
      expect(() => read("NaN")).not.toThrow(DomainError);
    }
    expect(() => decimalOfNumber(NaN)).toThrow(/NaN is not a number/);
  });

  it("adds, rounds and compares beyond what a fact holds", () => {
    const most = "99999999999999999999.5";
    const twice = sumDecimals([most, most]);
    expect(twice).toBe("199999999999999999999");
    expect(sumDecimals([twice, most])).toBe("299999999999999999998.5");
    expect(roundDecimal(twice, 1)).toBe("199999999999999999999.0");
    expect(changeBetween(`-${twice}`, twice)).toEqual({ absolute: `3${"9".repeat(19)}8`, percent: "200" });
    expect(formatMoney(twice, "USD")).toBe("$199,999,999,999,999,999,999.00");
  });

  it("writes floats of any size", () => {
    const texts = [1e-18, -0, 1234.5678, -1e19, 2 ** 70, 1.5e60].map((n) =>
      formatDecimal(decimalOfNumber(n)),
    );
    expect(texts.slice(0, 5)).toEqual(["0", "0", "1234.5678", `-1${"0".repeat(19)}`, String(2n ** 70n)]);
    expect(texts[5]).toBe(BigInt(1.5e60).toString());
  });

  it("refuses more digits than it can hold and takes trailing zeros beyond them", () => {
    expect(tryParseDecimal(`0.${"0".repeat(SCALE)}1`)).toBeUndefined();
    expect(tryParseDecimal(`0.5${"0".repeat(40)}`)).toBe(parseDecimal("0.5"));
  });

  it("rounds half to even", () => {
    expect(["0.125", "0.135", "-0.125", "2.5", "-0.4"].map((v) => roundDecimal(v, 2))).toEqual([
      "0.12",
      "0.14",
      "-0.12",
      "2.50",
      "-0.40",
    ]);
    expect(roundDecimal("2.5", 0)).toBe("2");
    expect(roundDecimal("-0.001", 2)).toBe("0.00");
  });

  it("keeps canonical text canonical", () => {
    fc.assert(
      fc.property(scaled, (value) => {
        const text = formatDecimal(value);
        expect(canonicalDecimal(text)).toBe(text);
        expect(canonicalDecimal(text.includes(".") ? `${text}000` : `${text}.000`)).toBe(text);
      }),
    );
    expect(canonicalDecimal("-0.000")).toBe("0");
  });

  it("divides to the last place and knows that nothing divides by 0", () => {
    expect(divideDecimal(parseDecimal("1"), parseDecimal("3"))).toBe(parseDecimal("0.333333333333333333"));
    expect(divideDecimal(1n, 0n)).toBeUndefined();
  });

  it("tells the change in percent of the magnitude before", () => {
    expect(changeBetween("80", "100")).toEqual({ absolute: "20", percent: "25" });
    expect(changeBetween("-80", "-100")).toEqual({ absolute: "-20", percent: "-25" });
    const [least, most] = ["0.000000000000000001", "99999999999999999999"];
    expect(changeBetween(least, most)).toEqual({
      absolute: "99999999999999999998.999999999999999999",
      percent: undefined,
    });
    expect(changeBetween("0", "5")).toEqual({ absolute: "5", percent: undefined });
  });
});

describe("amounts for people", () => {
  it("shows minor units, thousands and the sign before the symbol", () => {
    expect(formatMoney("1234567.895", "USD")).toBe("$1,234,567.90");
    expect(formatMoney("-5", "EUR")).toBe("-€5.00");
    expect(formatMoney("1500.4", "JPY")).toBe("¥1,500");
    expect(formatMoney("12", "CHF")).toBe("CHF 12.00");
    expect(currencyDigits("KWD")).toBe(3);
  });

  it("never shows a cost as free", () => {
    expect(formatMoney("0.0000008", "USD")).toBe("$0.0000008");
    expect(formatMoney("-0.004", "USD")).toBe("-$0.004");
    expect(formatMoney("0", "USD")).toBe("$0.00");
    expect(formatQuantity("0.0002355203")).toBe("0.00024");
  });

  it("trims quantities and signs percentages", () => {
    expect(formatQuantity("1234.50")).toBe("1,234.5");
    expect(formatQuantity("1200")).toBe("1,200");
    expect(formatPercent("12.34", true)).toBe("+12.3%");
    expect(formatPercent("-0.04", true)).toBe("0.0%");
  });
});
