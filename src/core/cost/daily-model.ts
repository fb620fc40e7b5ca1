import { addDays, addMonths, type CalendarDate, daysBetween, monthStart, parseDate } from "../time/dates.ts";
import { clamp, mean, median, robustSpread } from "./stats.ts";

/** Days a model looks back at most: half a year, so that a pattern that changed is forgotten. */
export const MODEL_DAYS = 182;
/** Two weeks: with less there is no telling a weekday from a trend. */
export const LEAST_DAYS = 14;
const PATTERN_DAYS = 56;
/** Last days of a month that may have a pattern of their own: month-end jobs. */
const END_DAYS = 3;
/** Most of its level that a trend may add a day: some 16 % a month. */
const MOST_SLOPE = 0.005;
/** An effect of month ends below this part is noise. */
const LEAST_END_EFFECT = 0.02;

/**
 * A forecast of a daily series `y` by a weekday pattern, a month-end pattern and a damped trend.
 *
 *     y(n + h) = (l + (φ + φ² + … + φʰ) b) · w(weekday) · e(days to the month's end)
 *
 * `w` is, for each weekday, the median over eight weeks of a day's part of the centred seven-day mean around it,
 * scaled to a mean of 1. `e` is 1 but for the last three days of a month, where it is the median of what such days
 * of the last three months had over their neighbours, if they agree on a direction. Values so adjusted are cleaned:
 * one further than 3 robust deviations from the median of the seven around it is taken for that median (Hampel filter).
 * Level `l` and slope `b` come from Holt's linear smoothing with a damped trend (Gardner and McKenzie 1985)
 *
 *     l(t) = α y(t) + (1 - α) (l(t-1) + φ b(t-1)),   b(t) = β (l(t) - l(t-1)) + (1 - β) φ b(t-1)
 *
 * with b held to 0.5 % of l a day, whose α, β and φ are the ones of a small grid that would have told the mean of the next seven days best. Where a
 * seven-day mean is not above 0, as with credits, patterns are differences instead of factors.
 */
export interface DailyModel {
  /** The level at the end of the data: what an average day costs now. */
  level: number;
  /** The next `days` days, from the day after the data. */
  predict(days: number): number[];
}

/**
 * @param values of consecutive days, at least {@link LEAST_DAYS}; only the last {@link MODEL_DAYS} are looked at
 * @param from the day of the first value
 */
export function fitDaily(values: readonly number[], from: CalendarDate): DailyModel {
  const skipped = Math.max(0, values.length - MODEL_DAYS);
  const y = values.slice(skipped);
  const first = addDays(from, skipped);
  const factors = centredMeans(y).every((m) => m > 0);
  const combine: Combine = factors
    ? { add: (level, effect) => level * effect, take: (value, effect) => value / effect, none: 1 }
    : { add: (level, effect) => level + effect, take: (value, effect) => value - effect, none: 0 };
  const days = calendar(first, y.length);
  const weekdays = weekdayPattern(y, days, combine);
  const flat = y.map((value, i) => combine.take(value, weekdays[days[i]?.weekday ?? 0] ?? combine.none));
  const ends = monthEndPattern(flat, days, combine);
  const clean = hampel(
    flat.map((value, i) => combine.take(value, ends[days[i]?.toEnd ?? END_DAYS] ?? combine.none)),
  );
  const trend = bestTrend(clean);
  const { level, damping } = trend;
  // A step up or down looks like a steep slope for a while; no cloud grows like that for long.
  const most = MOST_SLOPE * Math.abs(level);
  const slope = clamp(trend.slope, -most, most);
  return {
    level,
    predict: (count) => {
      let ahead = 0;
      let factor = damping;
      return calendar(addDays(first, y.length), count).map(({ weekday, toEnd }) => {
        ahead += factor * slope;
        factor *= damping;
        const value = combine.add(level + ahead, weekdays[weekday] ?? combine.none);
        return combine.add(value, ends[toEnd] ?? combine.none);
      });
    },
  };
}

interface Combine {
  add: (level: number, effect: number) => number;
  take: (value: number, effect: number) => number;
  none: number;
}

interface Day {
  /** Monday is 0. */
  weekday: number;
  /** Days to the last day of the month. */
  toEnd: number;
}

function calendar(from: CalendarDate, count: number): Day[] {
  const number = parseDate(from);
  return Array.from({ length: count }, (_, i): Day => {
    const date = addDays(from, i);
    return {
      weekday: (number + i + 3) % 7,
      toEnd: daysBetween(date, addMonths(monthStart(date), 1)) - 1,
    };
  });
}

/** Means of seven days around each day but the first and last three. */
function centredMeans(y: readonly number[]): number[] {
  return y.slice(6).map((_, i) => mean(y.slice(i, i + 7)));
}

function weekdayPattern(y: readonly number[], days: readonly Day[], combine: Combine): number[] {
  const means = centredMeans(y);
  const effects: number[][] = Array.from({ length: 7 }, () => []);
  means.forEach((m, i) => {
    if (i + 3 < y.length - PATTERN_DAYS - 3) return;
    effects[days[i + 3]?.weekday ?? 0]?.push(combine.take(y[i + 3] ?? 0, m));
  });
  const pattern = effects.map((list) => (list.length === 0 ? combine.none : median(list)));
  const center = mean(pattern);
  return pattern.map((effect) => combine.take(effect, center));
}

/** By days to the month's end; empty where month ends are like other days, or fewer than two were seen. */
function monthEndPattern(flat: readonly number[], days: readonly Day[], combine: Combine): number[] {
  const effects: number[][] = Array.from({ length: END_DAYS }, () => []);
  for (let i = flat.length - 1; i >= 10; i--) {
    const list = effects[days[i]?.toEnd ?? END_DAYS];
    if (list === undefined || list.length === 3) continue;
    const before = flat.slice(i - 10, i).filter((_, j) => (days[i - 10 + j]?.toEnd ?? 0) >= END_DAYS);
    list.push(combine.take(flat[i] ?? 0, median(before)));
  }
  const size = combine.none === 1 ? 1 : Math.abs(median(flat));
  const all = effects.flat().map((effect) => (effect - combine.none) / (size || 1));
  const agree = all.every((part) => part > LEAST_END_EFFECT) || all.every((part) => part < -LEAST_END_EFFECT);
  return all.length >= 2 * END_DAYS && agree ? effects.map(median) : [];
}

/** Hampel filter over seven days, so that one odd day moves neither level nor slope. */
function hampel(z: readonly number[]): number[] {
  return z.map((value, i) => {
    const around = z.slice(Math.max(0, i - 3), i + 4);
    const center = median(around);
    // Three values of seven may be a new level; a spread over all of the last weeks tells what is usual.
    const usual = robustSpread(z.slice(Math.max(0, i - 21), i + 7));
    return Math.abs(value - center) > 3 * Math.max(usual, 0.01 * Math.abs(center)) ? center : value;
  });
}

const ALPHAS = [0.06, 0.12, 0.2, 0.3, 0.45];
const BETAS = [0, 0.02, 0.06, 0.15];
const DAMPINGS = [0.9, 0.96, 0.985];

interface Trend {
  level: number;
  slope: number;
  damping: number;
}

function bestTrend(z: readonly number[]): Trend {
  let best: (Trend & { error: number }) | undefined;
  for (const damping of DAMPINGS)
    for (const alpha of ALPHAS)
      for (const beta of BETAS) {
        const fit = smooth(z, alpha, beta, damping);
        if (best === undefined || fit.error < best.error) best = { ...fit, damping };
      }
  if (best === undefined) throw new Error("the grid of a trend is empty");
  return best;
}

/** @returns the last state, and the mean absolute error of the seven-day mean ahead over the last weeks */
function smooth(
  z: readonly number[],
  alpha: number,
  beta: number,
  damping: number,
): { level: number; slope: number; error: number } {
  let level = median(z.slice(0, 7));
  let slope = (median(z.slice(7, 14)) - level) / 7;
  if (!Number.isFinite(slope)) slope = 0;
  // Mean over h = 1 … 7 of φ + … + φʰ: how much of the slope is in the mean of the next seven days.
  let weight = 0;
  for (let h = 1, sum = 0; h <= 7; h++) {
    sum += damping ** h;
    weight += sum / 7;
  }
  let error = 0;
  let count = 0;
  const scored = Math.max(7, z.length - 2 * PATTERN_DAYS);
  let ahead = z.slice(0, 7).reduce((sum, value) => sum + value, 0);
  for (let t = 0; t < z.length; t++) {
    const value = z[t] ?? 0;
    const before = level;
    level = alpha * value + (1 - alpha) * (level + damping * slope);
    slope = beta * (level - before) + (1 - beta) * damping * slope;
    // `ahead` is the sum of z(t+1) … z(t+7).
    ahead += (z[t + 7] ?? 0) - value;
    if (t < scored || t + 7 >= z.length) continue;
    error += Math.abs(ahead / 7 - (level + weight * slope));
    count += 1;
  }
  return { level, slope, error: count === 0 ? 0 : error / count };
}
