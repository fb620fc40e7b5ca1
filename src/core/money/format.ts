import { roundDecimal } from "./decimal.ts";

const SYMBOLS: Record<string, string> = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥" };

/** Minor-unit digits of an ISO 4217 currency: 0 for JPY, 2 for USD; 2 for codes the runtime does not know. */
export function currencyDigits(currency: string): number {
  try {
    const options = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
    return options.maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** Inserts thousands separators into fixed-point text: `1234567.80` -> `1,234,567.80`. */
export function groupThousands(fixed: string): string {
  const [whole = "", fraction] = fixed.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * An amount for people to read, rounded half to even to the currency's minor unit: `-$1,234.50`, `CHF 12.00`.
 * An amount that is not 0 but would round to 0 is shown with two significant digits (`$0.0000008`), since a cost
 * must not look free.
 */
export function formatMoney(amount: string, currency: string): string {
  const digits = currencyDigits(currency);
  const rounded = roundDecimal(amount, digits);
  const shown = /[1-9]/.test(rounded) || !/[1-9]/.test(amount) ? rounded : roundSignificant(amount, 2);
  const negative = shown.startsWith("-");
  const body = groupThousands(negative ? shown.slice(1) : shown);
  const symbol = SYMBOLS[currency] ?? `${currency} `;
  return `${negative && /[1-9]/.test(body) ? "-" : ""}${symbol}${body}`;
}

/** A quantity for people to read: at most `places` decimals, thousands separated, trailing zeros dropped. */
export function formatQuantity(value: string, places = 2): string {
  const rounded = roundDecimal(value, places);
  const shown = /[1-9]/.test(rounded) || !/[1-9]/.test(value) ? rounded : roundSignificant(value, 2);
  const trimmed = shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
  return groupThousands(trimmed === "-0" ? "0" : trimmed);
}

/** A percentage for people to read: `12.5` -> `+12.5%` (signed) or `12.5%`. */
export function formatPercent(value: string, signed = false): string {
  const shown = groupThousands(roundDecimal(value, 1));
  return `${signed && !shown.startsWith("-") && /[1-9]/.test(shown) ? "+" : ""}${shown}%`;
}

function roundSignificant(value: string, digits: number): string {
  const fraction = value.split(".")[1] ?? "";
  const leading = fraction.search(/[1-9]/);
  return roundDecimal(value, Math.min(18, leading + digits)).replace(/0+$/, "");
}
