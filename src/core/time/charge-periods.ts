import { type DayRange, firstAndLast } from "./ranges.ts";

/** The longest time one charge may be for: a domain name is registered for up to ten years, a commitment for three. */
const LONGEST_YEARS = 10;
/** How far a charge may lie from the bill it is on: corrections are of earlier periods, prepayments of later ones. */
const FARTHEST_YEARS = 2;
/** Longer than any such number of years, leap days included. */
const YEAR_DAYS = 366;
const DAY_MICROS = 86_400_000_000;

export const LONGEST_MICROS = LONGEST_YEARS * YEAR_DAYS * DAY_MICROS;
export const FARTHEST_MICROS = FARTHEST_YEARS * YEAR_DAYS * DAY_MICROS;

/** When a charge begins and ends, and when the billing period it is on begins: microseconds since 1970. */
export interface ChargePeriod {
  start: bigint;
  /** Not included; undefined where it is not known. */
  end: bigint | undefined;
  billed: bigint;
}

export type PeriodFault = "start-outside" | "billed-outside" | "reversed" | "too-long" | "far-from-bill";

/** In order of precedence: a row with several faults is reported for the first. */
export const PERIOD_FAULTS: readonly PeriodFault[] = [
  "start-outside",
  "billed-outside",
  "reversed",
  "too-long",
  "far-from-bill",
];

/**
 * The fault in a charge's dates; undefined when there is none. A charge begins, and is billed, on days that are
 * plausible; it ends no earlier than it begins (some providers write both alike) and within ten years; and no more than
 * two years lie between it and the beginning of its billing period, so that a commitment paid for in advance, whose
 * years reach beyond the bill, is fine.
 * @param days see `plausibleDays`
 */
export function periodFault({ start, end, billed }: ChargePeriod, days: DayRange): PeriodFault | undefined {
  const [first, after] = [microsOfDay(days.from), microsOfDay(days.to)];
  if (start < first || start >= after) return "start-outside";
  if (billed < first || billed >= after) return "billed-outside";
  if (end !== undefined && end < start) return "reversed";
  if (end !== undefined && end - start > LONGEST_MICROS) return "too-long";
  const last = end ?? start;
  if (start - billed > FARTHEST_MICROS || billed - last > FARTHEST_MICROS) return "far-from-bill";
  return undefined;
}

/** What is wrong with the dates of a row, to follow the text of the one that is to blame. */
export function periodReason(fault: PeriodFault, days: DayRange): string {
  switch (fault) {
    case "start-outside":
    case "billed-outside":
      return `is not within ${firstAndLast(days)}`;
    case "reversed":
      return "is before the charge period starts";
    case "too-long":
      return `is more than ${LONGEST_YEARS} years after the charge period starts`;
    case "far-from-bill":
      return `is more than ${FARTHEST_YEARS} years away from the billing period`;
  }
}

/** The date that a fault is reported for. */
export function dateToBlame(fault: PeriodFault): keyof ChargePeriod {
  if (fault === "billed-outside") return "billed";
  return fault === "reversed" || fault === "too-long" ? "end" : "start";
}

function microsOfDay(day: string): bigint {
  return BigInt(Date.parse(`${day}T00:00:00Z`)) * 1000n;
}
