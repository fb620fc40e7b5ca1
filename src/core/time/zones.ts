import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { didYouMean } from "../errors/suggest.ts";
import { type CalendarDate, dateOfDay, parseDate } from "./dates.ts";

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/**
 * Checks an IANA time zone name and returns it in the runtime's spelling.
 * @throws DomainError `zone.invalid`
 */
export function parseZone(zone: string): string {
  try {
    return zone === "UTC"
      ? zone
      : new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw invalid("zone.invalid", `"${shorten(zone)}" is not an IANA time zone`, {
      field: "zone",
      fix: didYouMean(
        zone,
        Intl.supportedValuesOf("timeZone"),
        "Use a name such as UTC, Europe/Berlin or America/New_York.",
      ),
    });
  }
}

function wallClock(instant: Date, zone: string): { date: CalendarDate; seconds: number } {
  const parts: Record<string, string> = {};
  for (const part of formatterOf(zone).formatToParts(instant)) parts[part.type] = part.value;
  const { year = "", month = "", day = "", hour = "0", minute = "0", second = "0" } = parts;
  return {
    date: `${year.padStart(4, "0")}-${month}-${day}`,
    seconds: Number(hour) * 3600 + Number(minute) * 60 + Number(second),
  };
}

/** The calendar date an instant falls on in a zone. */
export function dateInZone(instant: Date, zone: string): CalendarDate {
  return zone === "UTC" ? instant.toISOString().slice(0, 10) : wallClock(instant, zone).date;
}

/** The first instant of a calendar date in a zone (where midnight falls in a gap, the moment the gap ends). */
export function startOfDay(date: CalendarDate, zone: string): Date {
  const utc = parseDate(date) * 86_400_000;
  if (zone === "UTC") return new Date(utc);
  // Offsets reach from -12:00 to +14:00; find the first minute whose local date is `date`.
  let low = utc - 15 * 3_600_000;
  let high = utc + 13 * 3_600_000;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (dateInZone(new Date(middle), zone) >= date) high = middle;
    else low = middle;
  }
  return new Date(high);
}

/** Minutes a zone is ahead of UTC at an instant. */
export function offsetMinutes(instant: Date, zone: string): number {
  const { date, seconds } = wallClock(instant, zone);
  const local = parseDate(date) * 86_400 + seconds;
  return Math.round((local - Math.floor(instant.getTime() / 1000)) / 60);
}

/** The dates from `from` up to, not including, `to`. */
export function datesIn(from: CalendarDate, to: CalendarDate): CalendarDate[] {
  const first = parseDate(from);
  return Array.from({ length: Math.max(0, parseDate(to) - first) }, (_, i) => dateOfDay(first + i));
}
