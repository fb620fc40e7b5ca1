import { tryParseDate } from "../../core/time/dates.ts";

const DAY_MS = 86_400_000;
/** Days from 1899-12-30, the epoch that makes the 1900 date system right from 1900-03-01 on, to 1970-01-01. */
const EPOCH = 25_569;
/** 1900-03-01: before it Excel counts a 29 February 1900 that never was. */
const FIRST_SERIAL = 61;
const MAX_DIGITS = 15;

/** The serial number of a calendar date; undefined when it is none, or one that Excel cannot show. */
export function dateSerial(text: string): string | undefined {
  const day = tryParseDate(text);
  return day === undefined || day + EPOCH < FIRST_SERIAL ? undefined : String(day + EPOCH);
}

/** The serial number of an RFC 3339 instant in UTC, to the millisecond. */
export function instantSerial(text: string): string | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  const serial = ms / DAY_MS + EPOCH;
  return Number.isNaN(ms) || serial < FIRST_SERIAL ? undefined : trimmed(serial.toFixed(9));
}

/** Whether text may stand in a `v` element as a number: an optional sign, digits, at most one point. */
export function isDecimal(text: string): boolean {
  let points = 0;
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) points++;
    else if ((code < 48 || code > 57) && (code !== 45 || i > 0)) return false;
  }
  const last = text.charCodeAt(length - 1);
  return points < 2 && last >= 48 && last <= 57;
}

/** Whether a canonical decimal is not 0, but would be shown as 0 with so many decimals. */
export function roundsToZero(text: string, digits: number): boolean {
  const start = text.charCodeAt(0) === 45 ? 1 : 0;
  if (text.charCodeAt(start) !== 48 || text.length === start + 1) return false;
  const fraction = start + 2;
  for (let i = fraction; i < fraction + digits; i++)
    if (i < text.length && text.charCodeAt(i) !== 48) return false;
  return text.length > fraction + digits && text.charCodeAt(fraction + digits) < 53;
}

/** Whether a decimal has more significant digits than a double is sure to keep (IEEE 754 binary64: 15). */
export function exceedsDouble(text: string): boolean {
  if (text.length <= MAX_DIGITS) return false;
  return text.replace(/[-.]/g, "").replace(/^0+|0+$/g, "").length > MAX_DIGITS;
}

/** A percentage as the share that a percent format shows: `12.5` -> `0.125`, exactly. */
export function percentShare(text: string): string {
  const negative = text.startsWith("-");
  const [whole = "", fraction = ""] = (negative ? text.slice(1) : text).split(".");
  const digits = whole.padStart(3, "0");
  const share = trimmed(`${digits.slice(0, -2)}.${digits.slice(-2)}${fraction}`);
  return negative && share !== "0" ? `-${share}` : share;
}

function trimmed(fixed: string): string {
  return fixed.replace(/^0+(?=\d)/, "").replace(/\.?0+$/, "");
}
