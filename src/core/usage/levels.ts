import { divideDecimal, divideRounded, formatDecimal, SCALE, wideDecimal } from "../money/decimal.ts";
import type { CalendarDate } from "../time/dates.ts";

/** A source's level on a day, over all its resources. */
export interface DailyLevel {
  source: string;
  day: CalendarDate;
  /** Canonical decimal; null where the day's facts have no number. */
  value: string | null;
}

const PLACES = 6;

/**
 * The average level: each source's average over the days it reports, added up over the sources. A source that reports
 * daily and one that reports weekly thus count alike, and a day without facts does not count as 0.
 * @returns a canonical decimal with at most 6 places; null when no day has a value
 */
export function averageLevel(levels: readonly DailyLevel[]): string | null {
  const sources = new Map<string, { sum: bigint; days: Set<CalendarDate> }>();
  for (const { source, day, value } of levels) {
    if (value === null) continue;
    const own = sources.get(source) ?? { sum: 0n, days: new Set() };
    sources.set(source, own);
    own.sum += wideDecimal(value);
    own.days.add(day);
  }
  if (sources.size === 0) return null;
  let total = 0n;
  for (const { sum, days } of sources.values()) total += divideRounded(sum, BigInt(days.size));
  return rounded(total);
}

/** A total spread over a count (days, resources), with at most 6 places; null when either is not known or 0. */
export function perUnit(total: string | null, count: number | null): string | null {
  if (total === null || count === null || count === 0) return null;
  const ratio = divideDecimal(wideDecimal(total), BigInt(count) * 10n ** BigInt(SCALE));
  return ratio === undefined ? null : rounded(ratio);
}

function rounded(scaled: bigint): string {
  const unit = 10n ** BigInt(SCALE - PLACES);
  return formatDecimal(divideRounded(scaled, unit) * unit);
}
