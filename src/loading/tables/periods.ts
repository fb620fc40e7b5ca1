import {
  type ChargePeriod,
  dateToBlame,
  FARTHEST_MICROS,
  LONGEST_MICROS,
  PERIOD_FAULTS,
  type PeriodFault,
  periodReason,
} from "../../core/time/charge-periods.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { TableMapping } from "../../ports/load.ts";
import { PERIOD, type Reading } from "./readings.ts";
import { literal } from "../../duckdb/sql.ts";

/** What cannot be true of a row although each of its values can be read. */
export interface Implausible {
  /** The condition, over `v0`, `v1`, …. */
  when: string;
  /** Index of the reading that is to blame. */
  reading: number;
  /** What follows its text. */
  reason: string;
}

/** `periodFault` in the engine, over the readings of a file; a test holds both together. */
export function implausiblePeriods(
  mapping: TableMapping,
  all: readonly Reading[],
  days: DayRange,
): Implausible[] {
  const find = (target: string): number => all.findIndex((reading) => reading.target === target);
  const at = { start: find(mapping.start), end: find(mapping.end), billed: find(PERIOD) };
  return PERIOD_FAULTS.flatMap((fault) => {
    const reading = at[dateToBlame(fault)];
    if (all[reading]?.source === undefined) return [];
    const when = faultCondition(
      fault,
      { start: `v${at.start}`, end: `v${at.end}`, billed: `v${at.billed}` },
      days,
    );
    return [{ when, reading, reason: periodReason(fault, days) }];
  });
}

/** @param dates expressions of timestamps; `end` may be null */
export function faultCondition(
  fault: PeriodFault,
  { start, end, billed }: Record<keyof ChargePeriod, string>,
  days: DayRange,
): string {
  const outside = (date: string): string =>
    `(${date} < ${literal(days.from)}::TIMESTAMP OR ${date} >= ${literal(days.to)}::TIMESTAMP)`;
  const micros = (from: string, to: string): string => `epoch_us(${to}) - epoch_us(${from})`;
  switch (fault) {
    case "start-outside":
      return outside(start);
    case "billed-outside":
      return outside(billed);
    case "reversed":
      return `${end} < ${start}`;
    case "too-long":
      return `${micros(start, end)} > ${LONGEST_MICROS}`;
    case "far-from-bill":
      return `(${micros(billed, start)} > ${FARTHEST_MICROS} OR ${micros(`coalesce(${end}, ${start})`, billed)} > ${FARTHEST_MICROS})`;
  }
}
