import { divideDecimal, divideRounded, formatDecimal, SCALE, wideDecimal } from "../money/decimal.ts";
import type { CalendarDate } from "../time/dates.ts";

/** A level that a source tells for a day, all its resources together. */
export interface DailyLevel {
  source: string;
  day: CalendarDate;
  /** Canonical decimal; null where the day's facts carry no number. */
  value: string | null;
}

const PLACES = 6;

/**
 * The average level: each source's own, over the days it tells, added up over the sources. A source that tells every
 * day and one that tells once a week thus count alike, and a day without facts is not taken for 0.
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
