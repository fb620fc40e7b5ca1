import { type CalendarDate, daysBetween } from "../time/dates.ts";

/** How long findings have been open, youngest first: whole days from first observed to the day of their snapshot. */
export const AGE_BUCKETS = [
  { id: "0-7", label: "0 to 7 days", most: 7 },
  { id: "8-30", label: "8 to 30 days", most: 30 },
  { id: "31-90", label: "31 to 90 days", most: 90 },
  { id: "91-180", label: "91 to 180 days", most: 180 },
  { id: "181-365", label: "181 to 365 days", most: 365 },
  { id: "366+", label: "Over a year", most: Infinity },
] as const;
export type AgeBucket = (typeof AGE_BUCKETS)[number]["id"] | "unknown";

/** The bucket's name for people; `unknown` is of findings whose source does not say when they were first observed. */
export function ageLabel(bucket: AgeBucket): string {
  return AGE_BUCKETS.find(({ id }) => id === bucket)?.label ?? "Age not available";
}

/**
 * The age of a finding in a snapshot. A finding first observed after its snapshot's day (a day later in UTC than in
 * the tenant's zone) is 0 days old.
 */
export function ageBucket(firstObserved: CalendarDate | null, snapshot: CalendarDate): AgeBucket {
  if (firstObserved === null) return "unknown";
  const days = Math.max(0, daysBetween(firstObserved, snapshot));
  return AGE_BUCKETS.find(({ most }) => days <= most)?.id ?? "366+";
}
