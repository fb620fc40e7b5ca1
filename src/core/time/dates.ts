import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";

/** A calendar date, `YYYY-MM-DD` (RFC 3339 full-date), in the proleptic Gregorian calendar, years 1 to 9999. */
export type CalendarDate = string;

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.parse("0001-01-01T00:00:00Z") / DAY_MS;
const LAST_DAY = Date.parse("9999-12-31T00:00:00Z") / DAY_MS;
const PATTERN = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Days since 1970-01-01; undefined when the text is no existing calendar date (2024-02-30 is none). */
export function tryParseDate(text: string): number | undefined {
  if (!PATTERN.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().slice(0, 10) === text ? ms / DAY_MS : undefined;
}

/**
 * Days since 1970-01-01 of a calendar date of the service's own; {@link checkDate} reads those of a user.
 * @throws Error for text that is none, which is a fault of ours
 */
export function parseDate(date: CalendarDate): number {
  const day = tryParseDate(date);
  if (day !== undefined) return day;
  throw new Error(`"${date.slice(0, 60)}" is not a calendar date`);
}

/**
 * Days since 1970-01-01 of a calendar date that a user or a file gives.
 * @param field names the offending field in the error
 * @throws DomainError `date.invalid`
 */
export function checkDate(text: string, field: string): number {
  const day = tryParseDate(text);
  if (day !== undefined) return day;
  throw invalid("date.invalid", `${field} "${shorten(text)}" is not a calendar date`, {
    field,
    fix: "Write it as YYYY-MM-DD, for example 2024-09-01.",
  });
}

/**
 * The calendar date `days` after 1970-01-01.
 * @throws RangeError when that is outside of the years 1 to 9999, which would read as another date
 */
export function dateOfDay(days: number): CalendarDate {
  if (days < FIRST_DAY || days > LAST_DAY) throw new RangeError(`day ${days} is in no year from 1 to 9999`);
  return new Date(days * DAY_MS).toISOString().slice(0, 10);
}

/** @throws RangeError as `dateOfDay` */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  return dateOfDay(parseDate(date) + days);
}

/** Days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: CalendarDate, to: CalendarDate): number {
  return parseDate(to) - parseDate(from);
}

/**
 * The same day `months` later; a day that month does not have becomes its last (Jan 31 + 1 -> Feb 28 or 29).
 * @throws RangeError as `dateOfDay`
 */
export function addMonths(date: CalendarDate, months: number): CalendarDate {
  parseDate(date);
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const index = year * 12 + (month - 1) + months;
  const targetYear = Math.floor(index / 12);
  const targetMonth = (index % 12) + 1;
  if (targetYear < 1 || targetYear > 9999)
    throw new RangeError(`${date} and ${months} months is in no year from 1 to 9999`);
  // Years below 100 are taken for those of the last century; 2000 years on, months are as long.
  const last = new Date(Date.UTC(targetYear + 2000, targetMonth, 0)).getUTCDate();
  const pad = (n: number, width: number): string => String(n).padStart(width, "0");
  return `${pad(targetYear, 4)}-${pad(targetMonth, 2)}-${pad(Math.min(day, last), 2)}`;
}

/** The first day of the month a date is in. */
export function monthStart(date: CalendarDate): CalendarDate {
  return `${date.slice(0, 7)}-01`;
}

/** The Monday of the ISO 8601 week a date is in; year 1 begins with one. */
export function weekStart(date: CalendarDate): CalendarDate {
  const day = parseDate(date);
  // 1970-01-01 was a Thursday: three days after a Monday.
  return dateOfDay(day - ((((day + 3) % 7) + 7) % 7));
}
