import { addDays, addMonths, type CalendarDate, dateOfDay, monthStart, parseDate } from "../time/dates.ts";
import { clamp, mean, median, robustSpread } from "./stats.ts";

/** Days a model looks back at most: half a year, so that a pattern that changed is forgotten. */
export const MODEL_DAYS = 182;
/** Two weeks: with less a weekday pattern cannot be told from a trend. */
export const LEAST_DAYS = 14;
const PATTERN_DAYS = 56;
/** Last days of a month that may have a pattern of their own: month-end jobs. */
const END_DAYS = 3;
/** Most of its level that a trend may add a day: some 16 % a month. */
const MOST_SLOPE = 0.005;
/** An effect of month ends below this part is noise. */
const LEAST_END_EFFECT = 0.02;
/** Days with an expected part below this of an average day say nothing about the level. */
const LEAST_FACTOR = 0.05;
/** Where credits take more than the rest of what a week's days cost, its mean is no measure of them. */
const LEAST_NET = 0.1;

/**
 * A forecast of a daily series `y` by a weekday pattern, a month-end pattern and a damped trend.
 *
 *     y(n + h) = (l + (φ + φ² + … + φʰ) b) · w(weekday) · e(days to the month's end)
 *
 * `w` is, for each weekday, the median over eight weeks of a day's part of the centred seven-day mean around it, scaled
 * to a mean of 1. `e` is 1 but for the last three days of a month, where it is the median of what such days of the last
 * three months had over their neighbours, if they agree on a direction. Where `w` or `e` is next to 0, as on Sundays
 * that cost nothing, a day says nothing about the level: it is left out of what follows, and time stands still on it.
 * Values so adjusted are cleaned: one further than 3 robust deviations from the median of the seven around it is taken
 * for that median (Hampel filter), unless the like came in other weeks, too. Level `l` and slope `b` come from Holt's
 * linear smoothing with a damped trend (Gardner and McKenzie 1985)
 *
 *     l(t) = α y(t) + (1 - α) (l(t-1) + φ b(t-1)),   b(t) = β (l(t) - l(t-1)) + (1 - β) φ b(t-1)
 *
 * with b held to 0.5 % of l a day, whose α, β and φ are the values of a small grid that would have predicted the mean
 * of the next week best. Where a seven-day mean is not clearly above 0, as with credits, patterns are differences
 * instead of factors.
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
  const combine = hasFactors(y) ? FACTORS : DIFFERENCES;
  const days = calendar(first, y.length);
  const weekdays = weekdayPattern(y, days, combine);
  const ofWeekday = ({ weekday }: Day): number => weekdays[weekday] ?? combine.none;
  const flat = without(
    days.map((day, i) => ({ day, value: y[i] ?? 0 })),
    ofWeekday,
    combine,
  );
  const ends = monthEndPattern(flat, combine);
  const ofEnd = ({ toEnd }: Day): number => ends[toEnd] ?? combine.none;
  const clean = hampel(without(flat, ofEnd, combine).map(({ value }) => value));
  const informative = weekdays.filter((effect) => combine.informs(effect)).length;
  const trend = bestTrend(clean, informative);
  const { level, damping } = trend;
  // A step up or down looks like a steep slope for a while; no cloud grows like that for long.
  const most = MOST_SLOPE * (7 / informative) * Math.abs(level);
  const slope = clamp(trend.slope, -most, most);
  return {
    level,
    predict: (count) => {
      let ahead = 0;
      let factor = damping;
      return calendar(addDays(first, y.length), count).map((day) => {
        const [weekday, end] = [ofWeekday(day), ofEnd(day)];
        if (combine.informs(weekday) && combine.informs(end)) {
          ahead += factor * slope;
          factor *= damping;
        }
        return combine.add(combine.add(level + ahead, weekday), end);
      });
    },
  };
}

/** How an effect and a level make a value. */
interface Combine {
  add: (level: number, effect: number) => number;
  take: (value: number, effect: number) => number;
  none: number;
  /** Whether a value with this effect says anything about the level. */
  informs: (effect: number) => boolean;
}

const FACTORS: Combine = {
  add: (level, effect) => level * effect,
  take: (value, effect) => value / effect,
  none: 1,
  informs: (effect) => effect >= LEAST_FACTOR,
};

const DIFFERENCES: Combine = {
  add: (level, effect) => level + effect,
  take: (value, effect) => value - effect,
  none: 0,
  informs: () => true,
};

/** Weeks without any cost, before a service is used or while no facts came, say nothing against factors. */
function hasFactors(y: readonly number[]): boolean {
  const sizes = centredMeans(y.map(Math.abs));
  return sizes.some((size) => size > 0) && centredMeans(y).every((m, i) => m >= LEAST_NET * (sizes[i] ?? 0));
}

interface DayValue {
  day: Day;
  value: number;
}

/** Removes an effect from each day, and leaves out days that then say nothing about the level. */
function without(series: readonly DayValue[], effectOf: (day: Day) => number, combine: Combine): DayValue[] {
  return series.flatMap(({ day, value }) => {
    const effect = effectOf(day);
    return combine.informs(effect) ? [{ day, value: combine.take(value, effect) }] : [];
  });
}

interface Day {
  /** Monday is 0. */
  weekday: number;
  /** Days to the last day of the month. */
  toEnd: number;
}

function calendar(from: CalendarDate, count: number): Day[] {
  const first = parseDate(from);
  let next = 0;
  return Array.from({ length: count }, (_, i): Day => {
    const number = first + i;
    if (number >= next) next = parseDate(addMonths(monthStart(dateOfDay(number)), 1));
    return { weekday: (number + 3) % 7, toEnd: next - number - 1 };
  });
}

/** Means of seven days around each day but the first and last three. */
function centredMeans(y: readonly number[]): number[] {
  return y.slice(6).map((_, i) => mean(y.slice(i, i + 7)));
}

function weekdayPattern(y: readonly number[], days: readonly Day[], combine: Combine): number[] {
  const effects: number[][] = Array.from({ length: 7 }, () => []);
  centredMeans(y).forEach((m, i) => {
    if (i + 3 < y.length - PATTERN_DAYS - 3) return;
    if (combine === FACTORS && m === 0) return;
    effects[days[i + 3]?.weekday ?? 0]?.push(combine.take(y[i + 3] ?? 0, m));
  });
  const pattern = effects.map((list) => (list.length === 0 ? combine.none : median(list)));
  const center = mean(pattern);
  // Cost that comes every few days is on no weekday most of the time: there is no pattern then.
  if (!combine.informs(center)) return pattern.map(() => combine.none);
  return pattern.map((effect) => combine.take(effect, center));
}

/** By days to the month's end; empty where month ends are like other days, or fewer than two were seen. */
function monthEndPattern(flat: readonly DayValue[], combine: Combine): number[] {
  const effects: number[][] = Array.from({ length: END_DAYS }, () => []);
  for (let i = flat.length - 1; i >= 10; i--) {
    const { day, value } = flat[i] ?? { day: { toEnd: END_DAYS }, value: 0 };
    const list = effects[day.toEnd];
    if (list === undefined || list.length === 3) continue;
    const before = flat.slice(i - 10, i).filter((each) => each.day.toEnd >= END_DAYS);
    const usual = before.length === 0 ? 0 : median(before.map((each) => each.value));
    if (combine === FACTORS && usual <= 0) continue;
    list.push(combine.take(value, usual));
  }
  const size = combine === FACTORS ? 1 : Math.abs(median(flat.map(({ value }) => value)));
  const all = effects.flat().map((effect) => (effect - combine.none) / (size || 1));
  const agree = all.every((part) => part > LEAST_END_EFFECT) || all.every((part) => part < -LEAST_END_EFFECT);
  if (all.length < 2 * END_DAYS || !agree) return [];
  return effects.map((list) => (list.length === 0 ? combine.none : median(list)));
}

/** Days of another week that are as far off as this part of a day are off like it. */
const ALIKE = 0.5;
/** So many of them within three weeks to either side, and a day is no odd one. */
const SEEN_DAYS = 2;

/** Hampel filter over seven days, so that one odd day moves neither level nor slope. */
function hampel(z: readonly number[]): number[] {
  return z.map((value, i) => {
    const around = z.slice(Math.max(0, i - 3), i + 4);
    const center = median(around);
    // Three values of seven may be a new level; the spread over the last weeks shows what is usual.
    const usual = robustSpread(z.slice(Math.max(0, i - 21), i + 7));
    const off = value - center;
    if (Math.abs(off) <= 3 * Math.max(usual, 0.01 * Math.abs(center))) return value;
    const otherWeeks = [...z.slice(Math.max(0, i - 21), Math.max(0, i - 3)), ...z.slice(i + 4, i + 22)];
    const alike = otherWeeks.filter((other) => (other - center) / off >= ALIKE);
    return alike.length >= SEEN_DAYS ? value : center;
  });
}

const ALPHAS = [0.06, 0.12, 0.2, 0.3, 0.45];
const BETAS = [0, 0.02, 0.06, 0.15];
const DAMPINGS = [0.9, 0.96, 0.985];
/** Last weeks whose forecasts are compared. */
const SCORED_WEEKS = 16;

interface Trend {
  level: number;
  slope: number;
  damping: number;
}

/** @param week values a week */
function bestTrend(z: readonly number[], week: number): Trend {
  let best: (Trend & { error: number }) | undefined;
  for (const damping of DAMPINGS)
    for (const alpha of ALPHAS)
      for (const beta of BETAS) {
        const fit = smooth(z, week, { alpha, beta, damping });
        if (best === undefined || fit.error < best.error) best = { ...fit, damping };
      }
  if (best === undefined) throw new Error("the grid of a trend is empty");
  return best;
}

/** @returns the last state, and the mean absolute error of the mean of the week ahead over the last weeks */
function smooth(
  z: readonly number[],
  week: number,
  { alpha, beta, damping }: { alpha: number; beta: number; damping: number },
): { level: number; slope: number; error: number } {
  let level = median(z.slice(0, 7));
  let slope = z.length < 14 ? 0 : (median(z.slice(7, 14)) - level) / 7;
  // Mean over h = 1 … week of φ + … + φʰ: how much of the slope is in the mean of the week ahead.
  let weight = 0;
  for (let h = 1, sum = 0; h <= week; h++) {
    sum += damping ** h;
    weight += sum / week;
  }
  let error = 0;
  let count = 0;
  const scored = Math.max(7, z.length - SCORED_WEEKS * week);
  let ahead = z.slice(0, week).reduce((sum, value) => sum + value, 0);
  for (let t = 0; t < z.length; t++) {
    const value = z[t] ?? 0;
    const before = level;
    level = alpha * value + (1 - alpha) * (level + damping * slope);
    slope = beta * (level - before) + (1 - beta) * damping * slope;
    // `ahead` is the sum of the week behind t.
    ahead += (z[t + week] ?? 0) - value;
    if (t < scored || t + week >= z.length) continue;
    error += Math.abs(ahead / week - (level + weight * slope));
    count += 1;
  }
  return { level, slope, error: count === 0 ? 0 : error / count };
}
