import type { CalendarDate } from "./dates.ts";
import type { DayRange } from "./ranges.ts";

/** No fact can be older: there was no public cloud before. */
export const FIRST_PLAUSIBLE_DAY: CalendarDate = "2000-01-01";

/**
 * The days that facts may be of, as seen from a moment: from 1 January 2000 to the end of the year after next, since
 * bills hold charges of days to come. What lies outside is a mistake at its source: taken in, one row of the year 9999
 * would stretch a tenant's data over thousands of years.
 */
export function plausibleDays(now: Date): DayRange {
  return { from: FIRST_PLAUSIBLE_DAY, to: `${now.getUTCFullYear() + 3}-01-01` };
}
