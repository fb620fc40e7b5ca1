import { addDays, addMonths, type CalendarDate, monthStart, weekStart } from "../time/dates.ts";
import type { DayRange } from "../time/ranges.ts";
import type { LoadedDay } from "./blocks.ts";
import { passesFilter } from "./filters.ts";
import type { PlannedKey, QueryPlan } from "./plan.ts";

/** One of the ranges a plan reads: its own, or the one it is compared with. */
export interface Period {
  range: DayRange;
  /** The date in the plan's own range that a day of this period lines up with. */
  align: (day: CalendarDate) => CalendarDate;
}

export function periodsOf(plan: QueryPlan): Period[] {
  const own: Period = { range: plan.range, align: (day) => day };
  if (plan.compare === undefined) return [own];
  const { from, to, shift } = plan.compare;
  const move = shift.unit === "day" ? addDays : addMonths;
  const first = plan.range.from;
  const last = addDays(plan.range.to, -1);
  // 29 February against 28 February: a day that would fall outside counts for the nearest day of the range.
  const align = (day: CalendarDate): CalendarDate => {
    const moved = move(day, shift.count);
    return moved < first ? first : moved > last ? last : moved;
  };
  return [own, { range: { from, to }, align }];
}

export function isTimeKey(key: PlannedKey): boolean {
  return key.dimension.column === "day";
}

/** The first day of the bucket a time dimension puts a day into. */
export function bucketOf(kind: PlannedKey["dimension"]["kind"], day: CalendarDate): CalendarDate {
  if (kind === "week") return weekStart(day);
  return kind === "month" ? monthStart(day) : day;
}

export function includes(range: DayRange, day: CalendarDate): boolean {
  return day >= range.from && day < range.to;
}

/**
 * For gauges: which loaded days count in a period. In each bucket of time a source's last snapshot stands for the
 * bucket, since snapshots repeat what is still there and must not be added. The snapshot is picked before its facts
 * are filtered, but within the days that filters on time leave.
 * @param keys the plan's time keys; without any the whole period is one bucket
 */
export function lastSnapshots(
  plan: QueryPlan,
  period: Period,
  loaded: readonly LoadedDay[],
  keys: readonly PlannedKey[],
): ReadonlySet<string> {
  const last = new Map<string, LoadedDay>();
  for (const entry of loaded) {
    if (!includes(period.range, entry.day)) continue;
    const aligned = period.align(entry.day);
    if (!passesTime(plan, aligned)) continue;
    const bucket = [entry.source, ...keys.map((key) => bucketOf(key.dimension.kind, aligned))].join("\n");
    const held = last.get(bucket);
    if (held === undefined || held.day < entry.day) last.set(bucket, entry);
  }
  return new Set([...last.values()].map(snapshotName));
}

/** Whether an aligned day passes the plan's filters on time. */
export function passesTime(plan: QueryPlan, aligned: CalendarDate): boolean {
  return plan.filters.every(
    (filter) =>
      filter.on !== "dimension" ||
      !isTimeKey(filter.key) ||
      passesFilter(filter, bucketOf(filter.key.dimension.kind, aligned)),
  );
}

export function snapshotName(entry: LoadedDay): string {
  return `${entry.day} ${entry.source}`;
}
