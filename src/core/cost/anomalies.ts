import { must } from "../errors/must.ts";
import {
  addMonths,
  type CalendarDate,
  dateOfDay,
  daysBetween,
  monthStart,
  parseDate,
} from "../time/dates.ts";
import { median, robustSpread } from "./stats.ts";

/** Days before a day that define what is usual: six weeks, and two months for monthly costs. */
export const USUAL_DAYS = 42;
export const LOOKBACK_DAYS = 66;
const LEVEL_DAYS = 21;
/** Days needed to tell a weekday pattern from chance; after a new level, two of each weekday are enough. */
export const LEAST_USUAL = 28;
const LEAST_AFTER_LEVEL = 14;
/** A day is unusual from this many robust deviations on. */
const DEVIATIONS = 6;
/** The spread is at least this part of the usual amount: otherwise steady series would flag every ripple. */
const LEAST_SPREAD = 0.04;
/** And at least the smallest amount a fact can hold, so that a series that never cost anything has a spread, too. */
const SMALLEST = 1e-18;
/** So many days of a new level in a row, and it is the usual one. */
const NEW_LEVEL_DAYS = 3;
/** As far off as this part of the day in question is as far off as that day. */
const ALIKE = 0.7;
/** So many days alike within the six weeks, and it is nothing new. */
const SEEN_DAYS = 3;

export interface AnomalyDay {
  day: CalendarDate;
  actual: number;
  expected: number;
  /** Robust deviations from the expected amount. */
  score: number;
}

/** Days in a row on which a series was off in one direction. */
export interface Anomaly {
  key: string;
  /** `spike` and `drop` came back within days; `rise` and `fall` are a new level, `days` are then its first ones. */
  kind: "spike" | "drop" | "rise" | "fall";
  days: readonly AnomalyDay[];
  /** Cost beyond the expected over the days, below 0 for a drop. */
  impact: number;
}

/**
 * Finds days on which a series cost unusually much or little. For each day the six weeks before it define what is
 * usual:
 *
 *     z(t) = y(t) - s(weekday),  s(w) = median of weekday w - median of all
 *     expected = median of z over the last 21 days + s(weekday),  spread = 1.4826 · median |z - median z|
 *
 * A day is an anomaly when it is 6 spreads or more from the expected, by at least `leastImpact`, and is nothing seen
 * before: not three of the 42 days, nor the day at the same place in one of the two months before (counted from the
 * first or from the last), were off about as far in the same direction. Anomalous days are left out of the median of
 * 21 days and of the spread; after three in a row the level is taken to be new, what was before no longer counts, and
 * days are judged again two weeks into it. Only earlier days are looked at, so that a verdict does not change later.
 * @param values of consecutive days
 * @param from the day of the first value
 * @param start the first day to be judged; it should have {@link LOOKBACK_DAYS} before it, and needs 28
 * @param leastImpact in the currency of the values
 */
export function findAnomalies(
  key: string,
  values: readonly number[],
  from: CalendarDate,
  start: CalendarDate,
  leastImpact: number,
): Anomaly[] {
  const series = new Series(values, from);
  const anomalies: Anomaly[] = [];
  let run: AnomalyDay[] = [];
  const close = (): void => {
    if (run.length > 0) anomalies.push(anomalyOf(key, run));
    run = [];
  };
  // Earlier days are judged too, where they can be, so that what is usual at the start is free of them.
  const first = daysBetween(from, start);
  for (let t = LEAST_AFTER_LEVEL; t < values.length; t++) {
    const verdict = series.judge(t, leastImpact);
    if (verdict === undefined || Math.sign(verdict.score) !== Math.sign(run[0]?.score ?? verdict.score))
      close();
    if (verdict === undefined) continue;
    series.unusual(t);
    run.push(verdict);
    if (run.length < NEW_LEVEL_DAYS) continue;
    series.newLevel(t - NEW_LEVEL_DAYS + 1);
    close();
  }
  close();
  return anomalies.filter((anomaly) => daysBetween(from, anomaly.days.at(-1)?.day ?? from) >= first);
}

function anomalyOf(key: string, days: readonly AnomalyDay[]): Anomaly {
  const impact = days.reduce((sum, day) => sum + day.actual - day.expected, 0);
  const lasting = days.length >= NEW_LEVEL_DAYS;
  const kind = impact > 0 ? (lasting ? "rise" : "spike") : lasting ? "fall" : "drop";
  return { key, kind, days, impact };
}

class Series {
  readonly #values: readonly number[];
  readonly #odd = new Set<number>();
  readonly #from: number;
  readonly #dates: readonly CalendarDate[];
  /** Index of the first day of the level there is now. */
  #level = 0;

  constructor(values: readonly number[], from: CalendarDate) {
    this.#values = values;
    this.#from = parseDate(from);
    this.#dates = values.map((_, i) => dateOfDay(this.#from + i));
  }

  unusual(t: number): void {
    this.#odd.add(t);
  }

  newLevel(from: number): void {
    this.#level = from;
    this.#odd.clear();
  }

  judge(t: number, leastImpact: number): AnomalyDay | undefined {
    const recent = range(Math.max(this.#level, t - USUAL_DAYS), t);
    if (recent.length < (this.#level === 0 ? LEAST_USUAL : LEAST_AFTER_LEVEL)) return undefined;
    const pattern = this.#weekdays(recent);
    const flat = (i: number): number => this.#value(i) - (pattern[this.#weekday(i)] ?? 0);
    const even = recent.filter((i) => !this.#odd.has(i));
    // When all days are odd, each in its own way, all of them define what is usual.
    const usual = even.length === 0 ? recent : even;
    const level = median(usual.slice(-LEVEL_DAYS).map(flat));
    const spread = Math.max(
      robustSpread(usual.map(flat)),
      LEAST_SPREAD * Math.abs(level),
      leastImpact / DEVIATIONS,
      SMALLEST,
    );
    const off = flat(t) - level;
    const score = off / spread;
    if (Math.abs(score) < DEVIATIONS || Math.abs(off) < leastImpact) return undefined;
    const alike = (i: number): boolean => i >= 0 && (flat(i) - level) / off >= ALIKE;
    if (recent.filter(alike).length >= SEEN_DAYS) return undefined;
    if (this.#monthsBefore(t).some(alike)) return undefined;
    const actual = this.#value(t);
    return { day: must(this.#dates[t], "a date for every value"), actual, expected: actual - off, score };
  }

  #value(i: number): number {
    return this.#values[i] ?? 0;
  }

  /** With the odd days in it, which a median does not mind: left out, a weekday that is odd at first stayed so. */
  #weekdays(recent: readonly number[]): number[] {
    const all = median(recent.map((i) => this.#value(i)));
    return Array.from({ length: 7 }, (_, weekday) => {
      const own = recent.filter((i) => this.#weekday(i) === weekday).map((i) => this.#value(i));
      return median(own) - all;
    });
  }

  #weekday(i: number): number {
    return (this.#from + i + 3) % 7;
  }

  /** The days at the same place in the two months before, counted from the first and from the last of the month. */
  #monthsBefore(t: number): number[] {
    const date = must(this.#dates[t], "a date for every value");
    const start = monthStart(date);
    const toEnd = daysBetween(date, addMonths(start, 1));
    return [1, 2].flatMap((back) => {
      const fromStart = parseDate(addMonths(date, -back)) - this.#from;
      const fromEnd = parseDate(addMonths(start, 1 - back)) - toEnd - this.#from;
      return [fromStart, fromEnd];
    });
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
