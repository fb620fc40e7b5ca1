import { addDays, type CalendarDate } from "../time/dates.ts";
import type { DayRange } from "../time/ranges.ts";
import { datesIn } from "../time/zones.ts";
import { riskPoints, SEVERITIES, type Severity } from "./severity.ts";
import { daysBySource, type Snapshot } from "./snapshots.ts";

/** Open findings of one severity in a snapshot; null where the source names none. */
export interface SnapshotCount extends Snapshot {
  severity: Severity | null;
  open: number;
}

/** The state of all sources together on a day. */
export interface PostureDay {
  day: CalendarDate;
  open: Readonly<Record<Severity, number>>;
  /** Open findings without a severity; they add no points. */
  unrated: number;
  riskPoints: number;
}

/**
 * The posture on every day of a range, from its first snapshot (or the range's start, where there is an older one) to
 * its last. A source counts with its latest snapshot up to that day, also one from before the range, so that sources
 * which scan on different days do not make the line jump. Sources that were not recorded within the range are left out,
 * as they are from its last state.
 * @param snapshots all there are up to the range's end, those without findings too
 * @param counts their open findings
 */
export function postureTrend(
  snapshots: readonly Snapshot[],
  counts: readonly SnapshotCount[],
  range: DayRange,
): PostureDay[] {
  const bySnapshot = new Map<string, SnapshotCount[]>();
  for (const count of counts) {
    const key = keyOf(count);
    const held = bySnapshot.get(key);
    if (held === undefined) bySnapshot.set(key, [count]);
    else held.push(count);
  }
  const isWithin = (day: CalendarDate): boolean => day >= range.from && day < range.to;
  const sources = daysBySource(snapshots).filter(([, days]) => days.some(isWithin));
  const within = sources.flatMap(([, days]) => days.filter(isWithin)).sort();
  const [first, last] = [within[0], within.at(-1)];
  if (first === undefined || last === undefined) return [];
  const older = sources.some(([, days]) => days.some((day) => day < range.from));
  return datesIn(older ? range.from : first, addDays(last, 1)).map((day) => {
    const open = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
    let unrated = 0;
    for (const [source, days] of sources) {
      const latest = days.filter((each) => each <= day).at(-1);
      if (latest === undefined) continue;
      for (const count of bySnapshot.get(keyOf({ source, day: latest })) ?? []) {
        if (count.severity === null) unrated += count.open;
        else open[count.severity] += count.open;
      }
    }
    return { day, open, unrated, riskPoints: riskPoints(open) };
  });
}

function keyOf({ source, day }: Snapshot): string {
  return `${day} ${source}`;
}
