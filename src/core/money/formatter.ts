import { currencyDigits, formatMoney, formatQuantity, groupThousands } from "./format.ts";

/**
 * `formatMoney` for many amounts of one currency: the same text, at a twentieth of the time, since the currency is looked
 * up once and amounts of up to 13 integer digits are rounded without big integers.
 */
export function moneyFormatter(currency: string): (amount: string) => string {
  const digits = currencyDigits(currency);
  const symbol = formatMoney("0", currency).replace(/[\d.]+$/, "");
  const negative = `-${symbol}`;
  return (amount) => {
    const shown = digits > 2 ? undefined : roundPlain(amount, digits);
    // What rounds to nothing, and what is not plain, is formatted the careful way.
    if (shown === undefined) return formatMoney(amount, currency);
    return (amount.charCodeAt(0) === MINUS ? negative : symbol) + shown;
  };
}

/** `formatQuantity` for many values of at most 2 decimals: the same text, mostly without big integers. */
export function quantityFormatter(places = 2): (value: string) => string {
  return (value) => {
    const shown = places > 2 ? undefined : roundPlain(value, places);
    if (shown === undefined) return formatQuantity(value, places);
    return (value.charCodeAt(0) === MINUS ? "-" : "") + withoutZeros(shown);
  };
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** Digits before the point that a double holds exactly together with two after it. */
const MOST = 13;

/**
 * The magnitude of plain decimal text (a sign, digits, a point) rounded half to even to at most 2 places, thousands
 * separated; undefined for other text, for longer numbers, and for what is or becomes zero but for plain "0".
 */
function roundPlain(text: string, places: number): string | undefined {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  let point = text.indexOf(".");
  if (point < 0) point = text.length;
  if (point === start || point - start > MOST || point === text.length - 1) return undefined;
  let kept = 0;
  for (let i = start; i < point; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    kept = kept * 10 + digit;
  }
  const end = point + 1 + places;
  let above = false;
  let half = false;
  for (let i = point + 1; i < text.length || i < end; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - ZERO : 0;
    if (digit < 0 || digit > 9) return undefined;
    if (i < end) kept = kept * 10 + digit;
    else if (i === end) {
      above = digit > 5;
      half = digit === 5;
    } else if (digit > 0 && half) {
      above = true;
      half = false;
    }
  }
  if (above || (half && kept % 2 === 1)) kept++;
  if (kept === 0 && text !== "0") return undefined;
  return places === 0 ? grouped(String(kept)) : fixedPoint(kept, places);
}

function fixedPoint(kept: number, places: number): string {
  const unit = places === 1 ? 10 : 100;
  const fraction = kept % unit;
  const whole = grouped(String((kept - fraction) / unit));
  return `${whole}.${places === 2 && fraction < 10 ? "0" : ""}${fraction}`;
}

/** Drops the zeros at the end of a fraction, and the point with them. */
function withoutZeros(text: string): string {
  if (!text.includes(".")) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  if (text.charCodeAt(end - 1) === POINT) end--;
  return text.slice(0, end);
}

function grouped(digits: string): string {
  if (digits.length <= 3) return digits;
  if (digits.length <= 6) return `${digits.slice(0, -3)},${digits.slice(-3)}`;
  return groupThousands(digits);
}
