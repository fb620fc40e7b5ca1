import type { DayRange } from "./ranges.ts";

/**
 * The days that facts may be of, as seen from a moment: from 1 January 2000, before there was a cloud to tell of, to
 * the end of the year after next, since bills hold charges of days to come. What lies outside is a mistake at its
 * source: taken in, one row of the year 9999 would stretch a tenant's data over thousands of years.
 */
export function plausibleDays(now: Date): DayRange {
  return { from: "2000-01-01", to: `${now.getUTCFullYear() + 3}-01-01` };
}
