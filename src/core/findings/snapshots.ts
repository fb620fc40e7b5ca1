import type { CalendarDate } from "../time/dates.ts";
import type { DayRange } from "../time/ranges.ts";

/** A source (a product in an account) was recorded on a day, with or without facts. */
export interface Snapshot {
  source: string;
  day: CalendarDate;
}

/** The snapshots of one source that show what changed over a range, oldest first; at least two. */
export interface SourceSteps {
  source: string;
  /** The first is what the others are compared with: the last before the range, or else the first within it. */
  days: readonly CalendarDate[];
}

/** The snapshots that matter for a range. */
export interface SnapshotSteps {
  compared: readonly SourceSteps[];
  /** Sources with one snapshot and nothing before it: their state is known, their changes are not. */
  single: readonly Snapshot[];
  /** Sources that were recorded before the range and not within it; their state is not known. */
  stale: readonly Snapshot[];
}

/**
 * Finds for every source the snapshots to compare. Sources are taken one by one, since each scans at its own pace: a
 * snapshot of one says nothing about another.
 * @param steps `all` snapshots within the range, or only both `ends`
 */
export function snapshotSteps(
  snapshots: readonly Snapshot[],
  range: DayRange,
  steps: "ends" | "all",
): SnapshotSteps {
  const compared: SourceSteps[] = [];
  const single: Snapshot[] = [];
  const stale: Snapshot[] = [];
  for (const [source, days] of daysBySource(snapshots)) {
    const before = days.filter((day) => day < range.from).at(-1);
    const within = days.filter((day) => day >= range.from && day < range.to);
    const last = within.at(-1);
    if (last === undefined) {
      if (before !== undefined) stale.push({ source, day: before });
      continue;
    }
    const all = before === undefined ? within : [before, ...within];
    const [base] = all;
    if (all.length < 2 || base === undefined) single.push({ source, day: last });
    else compared.push({ source, days: steps === "all" ? all : [base, last] });
  }
  return { compared, single, stale };
}

/** Days of every source, each once, oldest first; sources in order. */
export function daysBySource(snapshots: readonly Snapshot[]): [string, CalendarDate[]][] {
  const found = new Map<string, Set<CalendarDate>>();
  for (const { source, day } of snapshots) {
    const days = found.get(source);
    if (days === undefined) found.set(source, new Set([day]));
    else days.add(day);
  }
  return [...found]
    .map(([source, days]): [string, CalendarDate[]] => [source, [...days].sort()])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The last snapshot of every source within a range: what a gauge over the range is made of. */
export function lastWithin(
  snapshots: readonly Snapshot[],
  range: DayRange,
): ReadonlyMap<string, CalendarDate> {
  const last = new Map<string, CalendarDate>();
  for (const [source, days] of daysBySource(snapshots)) {
    const day = days.filter((each) => each >= range.from && each < range.to).at(-1);
    if (day !== undefined) last.set(source, day);
  }
  return last;
}
