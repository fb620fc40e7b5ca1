import { currencyDigits, formatMoney, formatQuantity, groupThousands } from "./format.ts";

const PLAIN = /^(-?)(\d{1,13})(?:\.(\d+))?$/;

/**
 * `formatMoney` for many amounts of one currency: the same text, at a twentieth of the time, since the currency is looked
 * up once and amounts of up to 13 integer digits are rounded without big integers.
 */
export function moneyFormatter(currency: string): (amount: string) => string {
  const digits = currencyDigits(currency);
  const symbol = formatMoney("0", currency).replace(/[\d.]+$/, "");
  return (amount) => {
    const match = PLAIN.exec(amount);
    const shown = match === null || digits > 2 ? undefined : roundPlain(match, digits);
    // What rounds to nothing, and what is not plain, is formatted the careful way.
    if (match === null || shown === undefined) return formatMoney(amount, currency);
    return `${match[1] ?? ""}${symbol}${shown}`;
  };
}

/** `formatQuantity` for many values: the same text, whole numbers without big integers. */
export function quantityFormatter(places = 2): (value: string) => string {
  return (value) => {
    const match = PLAIN.exec(value);
    if (match?.[3] === undefined && match !== null && value !== "-0")
      return `${match[1] ?? ""}${grouped(stripZeros(match[2] ?? ""))}`;
    const shown = match === null || places > 2 ? undefined : roundPlain(match, places);
    if (match === null || shown === undefined) return formatQuantity(value, places);
    return `${match[1] ?? ""}${shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown}`;
  };
}

/** The magnitude rounded half to even with thousands separated; undefined when it rounds to zero. */
function roundPlain(match: RegExpExecArray, digits: number): string | undefined {
  const [, , whole = "0", fraction = ""] = match;
  let kept = Number(whole + fraction.slice(0, digits).padEnd(digits, "0"));
  const next = fraction.charCodeAt(digits) - 48;
  if (next > 5 || (next === 5 && (/[1-9]/.test(fraction.slice(digits + 1)) || kept % 2 === 1))) kept++;
  if (kept === 0)
    return /[1-9]/.test(fraction) || match[1] === "-"
      ? undefined
      : digits === 0
        ? "0"
        : `0.${"0".repeat(digits)}`;
  const text = String(kept).padStart(digits + 1, "0");
  if (digits === 0) return grouped(text);
  return `${grouped(text.slice(0, -digits))}.${text.slice(-digits)}`;
}

function stripZeros(digits: string): string {
  return digits.length > 1 && digits.startsWith("0") ? String(Number(digits)) : digits;
}

function grouped(digits: string): string {
  if (digits.length <= 3) return digits;
  if (digits.length <= 6) return `${digits.slice(0, -3)},${digits.slice(-3)}`;
  return groupThousands(digits);
}
