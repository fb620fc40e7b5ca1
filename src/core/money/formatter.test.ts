import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalDecimal } from "./decimal.ts";
import { formatMoney, formatQuantity } from "./format.ts";
import { moneyFormatter, quantityFormatter } from "./formatter.ts";

const amount = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 16n), fc.stringMatching(/^\d{0,9}$/))
  .map(([negative, whole, fraction]) =>
    canonicalDecimal(`${negative ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`),
  );

describe("formatters for many values", () => {
  it("write money exactly as formatMoney does", () => {
    const currencies = ["USD", "EUR", "JPY", "CHF", "KWD", "XXX"].map(
      (code) => [code, moneyFormatter(code)] as const,
    );
    fc.assert(
      fc.property(amount, fc.constantFrom(...currencies), (value, [code, format]) => {
        expect(format(value)).toBe(formatMoney(value, code));
      }),
    );
    for (const value of [
      "0.005",
      "0.015",
      "2.675",
      "999.995",
      "-0.001",
      "0",
      "1000",
      "-1234567.885",
      "0.0000008",
    ]) {
      for (const [code, format] of currencies) expect(format(value)).toBe(formatMoney(value, code));
    }
  });

  it("write quantities exactly as formatQuantity does", () => {
    const formats = [0, 1, 2, 4].map((places) => [places, quantityFormatter(places)] as const);
    fc.assert(
      fc.property(amount, fc.constantFrom(...formats), (value, [places, format]) => {
        expect(format(value)).toBe(formatQuantity(value, places));
      }),
    );
  });
});
