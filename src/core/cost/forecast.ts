import { must } from "../errors/must.ts";
import { addDays, addMonths, type CalendarDate, daysBetween, monthStart } from "../time/dates.ts";
import { datesIn } from "../time/zones.ts";
import type { DayRange } from "../time/ranges.ts";
import { fitDaily, LEAST_DAYS, MODEL_DAYS } from "./daily-model.ts";
import {
  completeMonths,
  type DailyCharge,
  expectMonth,
  type MonthCharges,
  splitMonthCharges,
} from "./month-charges.ts";
import { mean, quantile } from "./stats.ts";

/** Part of outcomes that the interval is made to hold, percent. */
export const LEVEL_PERCENT = 80;
export const MAX_FORECAST_DAYS = 92;
/** Past days the interval is tried at, a week apart. */
const TRIALS = 20;
const TRIAL_STEP = 7;
/** Errors are relative to the cost of a day at that time, but to no less than this part of the current one. */
const LEAST_SCALE = 0.1;

export interface Estimate {
  amount: number;
  /** Ends of the interval; null where the history is too short for one. */
  low: number | null;
  high: number | null;
}

export interface ForecastPoint extends Estimate {
  day: CalendarDate;
}

/** A forecast, in floats: an estimate, never to be added to billed amounts. */
export interface CostForecast {
  /** From the day after the history up to the day asked for. */
  points: readonly ForecastPoint[];
  /** The sum of the points. */
  total: Estimate;
  /**
   * What is still to be booked in months that have begun or will begin: by month, points and month charges together.
   */
  months: readonly (Estimate & { month: CalendarDate })[];
  /** Of the first month's amount what will be booked on days before the forecast: tax, support. */
  pending: number;
}

/**
 * Forecasts cost. Charges of whole months (tax, support, reserved instances) are taken off their first days and
 * expected by month, see `expectMonth`; what runs from day to day follows `fitDaily`. The interval is empirical: the
 * same model is fitted to the history as it was on up to 20 days, a week apart, and the interval of a sum over h days
 * is as wide as the errors it then made over h days, relative to the cost of a day: the ⌈0.8 (n + 1)⌉-th smallest of n
 * (split conformal prediction, Vovk et al. 2005, with the trials taken as exchangeable).
 * @param history days `[from, to)` with known cost; a day without charges cost nothing
 * @param until first day not forecast, at most {@link MAX_FORECAST_DAYS} after `history.to`
 * @returns undefined when the history is shorter than two weeks
 */
export function forecastCost(
  charges: readonly DailyCharge[],
  history: DayRange,
  until: CalendarDate,
): CostForecast | undefined {
  const days = datesIn(history.from, history.to);
  if (days.length < LEAST_DAYS) return undefined;
  const { running, gross, monthly } = splitMonthCharges(charges, days);
  const ahead = datesIn(history.to, until);
  // Whole months are needed for what follows their running cost.
  const end = addMonths(monthStart(addDays(until, -1)), 1);
  const predict = (series: readonly number[]): number[] =>
    fitDaily(series, history.from).predict(Math.max(1, daysBetween(history.to, end)));
  const predicted = predict(running);
  const base = {
    known: gross,
    predicted: gross.every((value, i) => value === running[i]) ? predicted : predict(gross),
  };
  const spread = spreadOf(running, history.from, ahead.length);
  const months = monthsAhead(history, until, base, predicted, monthly);
  const points = ahead.map((day, i): ForecastPoint => {
    const booked = day.endsWith("-01") ? (months.find((m) => m.month === day)?.pending ?? 0) : 0;
    const amount = must(predicted[i], "a prediction for every day ahead") + booked;
    return { day, ...around(amount, spread.day(i + 1)) };
  });
  const sum = points.reduce((total, point) => total + point.amount, 0);
  const firstMonth = months[0];
  const begun = firstMonth !== undefined && firstMonth.month < history.to;
  return {
    points,
    total: around(sum, points.length === 0 ? 0 : spread.sum(points.length)),
    months: months.map(({ month, amount, part }) => {
      const last = addMonths(month, 1) < until ? addMonths(month, 1) : until;
      // Errors grow with the distance: a month's is that of the sum up to its end.
      const width = spread.sum(daysBetween(history.to, last));
      return { month, ...around(amount, width === undefined ? undefined : width * (1 + part)) };
    }),
    pending: begun ? firstMonth.pending : 0,
  };
}

const around = (amount: number, width: number | undefined): Estimate => ({
  amount,
  low: width === undefined ? null : amount - width,
  high: width === undefined ? null : amount + width,
});

interface MonthAhead {
  month: CalendarDate;
  amount: number;
  pending: number;
  /** Month charges that follow the running cost widen its error by their part of it. */
  part: number;
}

/**
 * The remaining cost of each month from the history's end to `until`.
 * @param base running cost without credits, which month charges follow
 */
function monthsAhead(
  history: DayRange,
  until: CalendarDate,
  base: { known: readonly number[]; predicted: readonly number[] },
  predicted: readonly number[],
  monthly: MonthCharges,
): MonthAhead[] {
  const totals = new Map<CalendarDate, number>();
  const add = (day: CalendarDate, value: number): void => {
    totals.set(monthStart(day), (totals.get(monthStart(day)) ?? 0) + value);
  };
  base.known.forEach((value, i) => add(addDays(history.from, i), value));
  base.predicted.forEach((value, i) => add(addDays(history.to, i), value));
  const complete = completeMonths(history.from, history.to);
  const months: MonthAhead[] = [];
  for (let month = monthStart(history.to); month < until; month = addMonths(month, 1)) {
    const expected = expectMonth(monthly, month, totals, complete);
    const ahead = datesIn(history.to, until).reduce(
      (sum, day, i) =>
        sum + (monthStart(day) === month ? must(predicted[i], "a prediction for every day ahead") : 0),
      0,
    );
    const whole = totals.get(month) ?? 0;
    const part = whole === 0 ? 0 : Math.abs(expected.pending / whole);
    months.push({ month, amount: ahead + expected.pending, pending: expected.pending, part });
  }
  return months;
}

interface Spread {
  /** Half the width of the interval of the h-th day. */
  day: (h: number) => number | undefined;
  /** Half the width of the interval of the sum over h days. */
  sum: (h: number) => number | undefined;
}

/** How far off the model was when it was fitted to what was known on earlier days. */
function spreadOf(running: readonly number[], from: CalendarDate, horizon: number): Spread {
  const scale = scaleOf(running);
  const single: number[][] = Array.from({ length: horizon }, () => []);
  const sums: number[][] = Array.from({ length: horizon }, () => []);
  for (let trial = 1; trial <= TRIALS; trial++) {
    const origin = running.length - trial * TRIAL_STEP;
    if (origin < LEAST_DAYS) break;
    const known = running.slice(Math.max(0, origin - MODEL_DAYS), origin);
    const model = fitDaily(known, addDays(from, origin - known.length));
    // A trial from a time of almost no spend would give errors of a thousand times the cost.
    const own = Math.max(scaleOf(known), LEAST_SCALE * scale) || 1;
    const steps = Math.min(horizon, running.length - origin);
    let error = 0;
    model.predict(steps).forEach((value, i) => {
      const off = (must(running[origin + i], "a known day for every step") - value) / own;
      error += off;
      single[i]?.push(Math.abs(off));
      sums[i]?.push(Math.abs(error));
    });
  }
  // A day's error is pooled with those of the days around it, since the trials are few.
  const days = single.map((_, i) => conformal(single.slice(Math.max(0, i - 3), i + 4).flat()));
  return { day: widthOf(days, scale), sum: widthOf(sums.map(conformal), scale) };
}

/**
 * Widths that never shrink with the distance; beyond what was tried they grow with its square root.
 * @returns undefined where nothing was tried
 */
function widthOf(tried: readonly (number | undefined)[], scale: number): Spread["day"] {
  const widths: number[] = [];
  let last = { h: 0, width: 0 };
  tried.forEach((width, i) => {
    if (width !== undefined) last = { h: i + 1, width: Math.max(last.width, width) };
    widths.push(last.h === 0 ? 0 : last.width * Math.sqrt((i + 1) / last.h));
  });
  return (h) => (last.h === 0 ? undefined : (widths[h - 1] ?? 0) * scale);
}

/** The fewest trials an interval needs; with fewer there is none. */
const LEAST_TRIALS = 4;

function conformal(errors: readonly number[]): number | undefined {
  if (errors.length < LEAST_TRIALS) return undefined;
  const share = Math.min(1, Math.ceil((LEVEL_PERCENT / 100) * (errors.length + 1)) / errors.length);
  return quantile(errors, Math.min(1, (share * errors.length - 1) / Math.max(1, errors.length - 1)));
}

function scaleOf(running: readonly number[]): number {
  return mean(running.slice(-28).map(Math.abs));
}
