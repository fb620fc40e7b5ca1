import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { must } from "../errors/must.ts";
import { unknownNameFix } from "../errors/suggest.ts";
import { addDays, addMonths, type CalendarDate, checkDate, daysBetween, monthStart } from "./dates.ts";
import { dateInZone } from "./zones.ts";

export const PRESETS = ["7d", "30d", "90d", "12m", "mtd", "last-month"] as const;
export type RangePreset = (typeof PRESETS)[number];

/** Whole days `[from, to)` of the tenant's time zone: `to` is not included. */
export interface DayRange {
  from: CalendarDate;
  to: CalendarDate;
}

/** A range as asked for: a preset relative to today, or explicit days. */
export type RangeRequest = { preset: RangePreset } | DayRange;

/**
 * The days that can be asked about: more than there can be facts of, and far from the first and the last year a
 * calendar date has, so that the days before and after a range, which it is compared with, are dates as well.
 */
export const ASKED_DAYS: DayRange = { from: "1900-01-01", to: "3000-01-01" };
/** Those, and the days before them that an answer may have to look at. */
export const REACHED_DAYS: DayRange = { from: "1800-01-01", to: ASKED_DAYS.to };

/** The longest range a query may span, in days (ten years and leap days). */
export const MAX_RANGE_DAYS = 3660;

/**
 * Turns a requested range into days. Presets are relative to the current date in `zone`: `7d`, `30d` and `90d` are
 * the last complete days, today excluded; `12m` is the last twelve complete months; `mtd` runs from the first of
 * this month through today; `last-month` is the month before this one.
 * @param within the days that explicit ones must be among
 * @throws DomainError `date.invalid`, `date.out-of-reach`, `range.empty`, `range.too-long`, `range.unknown-preset`
 */
export function resolveRange(
  request: RangeRequest,
  now: Date,
  zone: string,
  within: DayRange = ASKED_DAYS,
): DayRange {
  if ("preset" in request) return presetRange(request.preset, dateInZone(now, zone));
  checkDate(request.from, "from");
  checkDate(request.to, "to");
  checkWithin(request.from, within, "from");
  checkWithin(request.to, within, "to");
  const days = daysBetween(request.from, request.to);
  if (days <= 0) {
    throw invalid("range.empty", `The range from ${request.from} to ${request.to} contains no day`, {
      field: "to",
      fix: `"to" is not included; give a date after ${request.from}.`,
    });
  }
  if (days > MAX_RANGE_DAYS) {
    throw invalid("range.too-long", `The range spans ${days} days; at most ${MAX_RANGE_DAYS} are allowed`, {
      field: "from",
      fix: "Use a shorter range.",
    });
  }
  return { from: request.from, to: request.to };
}

/**
 * @param field names the date in the error
 * @throws DomainError `date.out-of-reach` when the date is none of the days
 */
export function checkWithin(date: CalendarDate, days: DayRange, field: string): void {
  if (date >= days.from && date < days.to) return;
  throw invalid("date.out-of-reach", `${field} ${date} is not within ${firstAndLast(days)}`, {
    field,
    fix: "Check the year, or give a day within that time.",
  });
}

/** The first and last day of a range, for a sentence: `2000-01-01 and 2026-12-31`. */
export function firstAndLast({ from, to }: DayRange): string {
  return `${from} and ${addDays(to, -1)}`;
}

function presetRange(preset: RangePreset, today: CalendarDate): DayRange {
  const month = monthStart(today);
  switch (preset) {
    case "7d":
      return { from: addDays(today, -7), to: today };
    case "30d":
      return { from: addDays(today, -30), to: today };
    case "90d":
      return { from: addDays(today, -90), to: today };
    case "12m":
      return { from: addMonths(month, -12), to: month };
    case "mtd":
      return { from: month, to: addDays(today, 1) };
    case "last-month":
      return { from: addMonths(month, -1), to: month };
  }
}

/** @throws DomainError `range.unknown-preset` naming the presets there are */
export function parsePreset(text: string): RangePreset {
  const preset = PRESETS.find((candidate) => candidate === text);
  if (preset !== undefined) return preset;
  throw invalid("range.unknown-preset", `"${shorten(text)}" is not a known range`, {
    field: "range",
    allowed: PRESETS,
    fix: `${unknownNameFix(text, PRESETS)} Or give from and to as YYYY-MM-DD.`,
  });
}

export type Comparison = "previous-period" | "previous-year";
export const COMPARISONS: readonly Comparison[] = ["previous-period", "previous-year"];

/** How a date of the comparison range moves to line up with the range it is compared with. */
export interface ComparedRange extends DayRange {
  shift: { unit: "day" | "month"; count: number };
}

/**
 * The range to compare with. `previous-year` is the same dates a year earlier. `previous-period` is as many whole
 * months before when the range is whole months (September against August, although one is shorter), and as many
 * days before otherwise.
 */
export function comparedRange(range: DayRange, comparison: Comparison): ComparedRange {
  const wholeMonths = monthsIn(range);
  if (comparison === "previous-year") return shiftMonths(range, 12);
  if (wholeMonths !== undefined) return shiftMonths(range, wholeMonths);
  const days = daysBetween(range.from, range.to);
  return { from: addDays(range.from, -days), to: range.from, shift: { unit: "day", count: days } };
}

function shiftMonths(range: DayRange, months: number): ComparedRange {
  return {
    from: addMonths(range.from, -months),
    to: addMonths(range.to, -months),
    shift: { unit: "month", count: months },
  };
}

/** The number of whole calendar months a range covers; undefined when it starts or ends within one. */
export function monthsIn(range: DayRange): number | undefined {
  if (!range.from.endsWith("-01") || !range.to.endsWith("-01")) return undefined;
  const index = (date: CalendarDate): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
  const months = index(range.to) - index(range.from);
  return months > 0 ? months : undefined;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A date for people to read, the same on every machine: `1 Sep 2024`. */
export function describeDate(date: CalendarDate): string {
  return `${Number(date.slice(8, 10))} ${must(MONTHS[Number(date.slice(5, 7)) - 1], "the name of a month")} ${date.slice(0, 4)}`;
}

/** A range for people to read; the last day is included: `1 Sep 2024 – 30 Sep 2024`. */
export function describeRange(range: DayRange): string {
  const last = addDays(range.to, -1);
  return last === range.from
    ? describeDate(range.from)
    : `${describeDate(range.from)} – ${describeDate(last)}`;
}
