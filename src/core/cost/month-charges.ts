import { must } from "../errors/must.ts";
import { addMonths, type CalendarDate, daysBetween, monthStart } from "../time/dates.ts";
import { mean, median, robustSpread } from "./stats.ts";

/** What one kind of charge (a service and charge category) cost on a day. */
export interface DailyCharge {
  day: CalendarDate;
  key: string;
  amount: number;
}

/** Charges of whole months, which bills put on the month's first day: month -> amount, by kind of charge. */
export type MonthCharges = ReadonlyMap<string, ReadonlyMap<CalendarDate, number>>;

/**
 * Days around the first of a month: all of them show how much a kind of charge varies, the same weekdays what it costs.
 */
const AROUND = 7;
const SAME_WEEKDAY = [-14, -7, 7, 14];
/** A first of the month stands out by this many robust deviations and this part of an ordinary day. */
const DEVIATIONS = 4;
const LEAST_PART = 0.5;
/** The last complete months, from which the next are expected. */
const LAST_MONTHS = 3;

/**
 * Takes charges of whole months (tax, support, reserved instances) off the first days they are booked on, so that what
 * is left runs from day to day.
 * @param days of the history, consecutive
 * @returns `gross` is what runs without credits, which taxes are not reduced by
 */
export function splitMonthCharges(
  charges: readonly DailyCharge[],
  days: readonly CalendarDate[],
): { running: number[]; gross: number[]; monthly: MonthCharges } {
  const at = new Map(days.map((day, i) => [day, i]));
  const byKey = new Map<string, number[]>();
  for (const { day, key, amount } of charges) {
    const index = at.get(day);
    if (index === undefined) continue;
    let series = byKey.get(key);
    if (series === undefined) byKey.set(key, (series = days.map(() => 0)));
    series[index] = (series[index] ?? 0) + amount;
  }
  const running = days.map(() => 0);
  const gross = days.map(() => 0);
  const monthly = new Map<string, Map<CalendarDate, number>>();
  for (const [key, series] of byKey) {
    const lumps = lumpsOf(series, days);
    if (lumps.size > 0) monthly.set(key, lumps);
    const isCredit = series.reduce((sum, value) => sum + value, 0) < 0;
    series.forEach((value, i) => {
      const rest = value - (lumps.get(must(days[i], "a day for every amount")) ?? 0);
      running[i] = (running[i] ?? 0) + rest;
      if (!isCredit) gross[i] = (gross[i] ?? 0) + rest;
    });
  }
  return { running, gross, monthly };
}

function lumpsOf(series: readonly number[], days: readonly CalendarDate[]): Map<CalendarDate, number> {
  const lumps = new Map<CalendarDate, number>();
  days.forEach((day, i) => {
    if (!day.endsWith("-01")) return;
    const around = series
      .slice(Math.max(0, i - AROUND), i + AROUND + 1)
      .filter((_, j) => days[Math.max(0, i - AROUND) + j]?.endsWith("-01") === false);
    const alike = SAME_WEEKDAY.map((offset) => series[i + offset]).filter((value) => value !== undefined);
    if (around.length < AROUND || alike.length < 2) return;
    const usual = median(alike);
    const lump = must(series[i], "an amount for every day") - usual;
    const noise = Math.max(DEVIATIONS * robustSpread(around), LEAST_PART * Math.abs(usual));
    if (Math.abs(lump) > noise) lumps.set(day, lump);
  });
  return lumps;
}

/** The expected charges of a month, from the months before it. */
export interface ExpectedMonth {
  /** In the whole month. */
  total: number;
  /** Of that what is not booked yet. */
  pending: number;
}

/**
 * Expects the charges of a month from its last complete months before. A kind of charge that had the same part of
 * running cost each time (tax, support) is expected to have it again; one that had the same amount a day (reserved
 * instances) costs that, and is complete once it is booked. A kind that is not in most of those months is not expected.
 * @param month first day; it may have begun
 * @param running cost of a month without credits by its first day, forecast where it is not over
 * @param complete first days of the complete months, oldest first
 */
export function expectMonth(
  monthly: MonthCharges,
  month: CalendarDate,
  running: ReadonlyMap<CalendarDate, number>,
  complete: readonly CalendarDate[],
): ExpectedMonth {
  const last = complete.filter((start) => start < month).slice(-LAST_MONTHS);
  let [total, pending] = [0, 0];
  for (const amounts of monthly.values()) {
    const booked = amounts.get(month);
    const seen = last.filter((start) => amounts.has(start));
    if (seen.length === 0 || seen.length * 2 <= last.length) {
      total += booked ?? 0;
      continue;
    }
    const ran = seen.map((start) => running.get(start) ?? 0);
    // Where nothing ran in a month, a charge cannot be a part of its running cost.
    const parts = ran.includes(0)
      ? []
      : seen.map(
          (start, i) =>
            must(amounts.get(start), "a charge in every month that has one") /
            must(ran[i], "a running cost for every month"),
        );
    const daily = seen.map(
      (start) => must(amounts.get(start), "a charge in every month that has one") / daysIn(start),
    );
    const follows = parts.length > 0 && unsteadiness(parts) < unsteadiness(daily);
    const expected = follows ? median(parts) * (running.get(month) ?? 0) : median(daily) * daysIn(month);
    // What is booked once does not grow; what follows the running cost grows with it, and never shrinks.
    const missing = booked === undefined ? expected : follows ? grown(booked, expected) - booked : 0;
    total += (booked ?? 0) + missing;
    pending += missing;
  }
  return { total, pending };
}

function grown(booked: number, expected: number): number {
  return booked < 0 ? Math.min(booked, expected) : Math.max(booked, expected);
}

/** How far the farthest is from the mean, in parts of it; without limit where the mean is 0. */
function unsteadiness(values: readonly number[]): number {
  const center = mean(values);
  if (center === 0) return Number.MAX_VALUE;
  return Math.max(...values.map((value) => Math.abs(value / center - 1)));
}

function daysIn(month: CalendarDate): number {
  return daysBetween(month, addMonths(month, 1));
}

/** The complete months of a history `[from, to)`, by their first days. */
export function completeMonths(from: CalendarDate, to: CalendarDate): CalendarDate[] {
  const months: CalendarDate[] = [];
  let start = monthStart(from);
  if (start < from) start = addMonths(start, 1);
  for (; addMonths(start, 1) <= to; start = addMonths(start, 1)) months.push(start);
  return months;
}
