import { type CalendarDate, daysBetween } from "../time/dates.ts";
import { SEVERITIES, type Severity } from "./severity.ts";

/** A finding as a snapshot has it. Dates are those of its own observations, null where its source has none. */
export interface Observation {
  day: CalendarDate;
  /** One of `FINDING_STATUSES`, or null. */
  status: string | null;
  severity: Severity | null;
  firstObserved: CalendarDate | null;
  lastObserved: CalendarDate | null;
}

/**
 * What happened to a finding from one snapshot of its source to the next:
 * - `new`: open, and neither listed before nor first observed by the time of the snapshot before
 * - `reopened`: open again after it had been resolved, or gone, or although it was first observed earlier
 * - `brought-back`: open again after it had been suppressed, muted or without a verdict
 * - `resolved`: no longer open: said to be resolved or to pass, or no longer listed
 * - `set-aside`: no longer counted as open, though not put right: suppressed, muted or without a verdict
 * - `short-lived`: first listed as resolved, and first observed after the snapshot before
 */
export const FINDING_CHANGES = [
  "new",
  "reopened",
  "brought-back",
  "resolved",
  "set-aside",
  "short-lived",
] as const;
export type FindingChange = (typeof FINDING_CHANGES)[number];

export interface FindingEvent {
  change: FindingChange;
  /** The snapshot that shows it. */
  day: CalendarDate;
  severity: Severity | null;
  /** Days from first observed (or reopened) to resolved; only of what was resolved, null where it is not known. */
  daysToResolve?: number | null;
}

/** A finding's life over the snapshots of its source. */
export interface FindingHistory {
  /** Its severity while open in the first snapshot; undefined when it was not open then. */
  openBefore: Severity | null | undefined;
  /** The same for the last. */
  openNow: Severity | null | undefined;
  events: readonly FindingEvent[];
}

type FindingState = "open" | "resolved" | "set-aside" | "absent";

function stateOf(observation: Observation | undefined): FindingState {
  switch (observation?.status) {
    case undefined:
      return "absent";
    case "open":
      return "open";
    case "resolved":
    case "passed":
      return "resolved";
    default:
      return "set-aside";
  }
}

const RANK: Readonly<Record<FindingState, number>> = { open: 3, "set-aside": 2, resolved: 1, absent: 0 };

/**
 * Makes one observation of several that a snapshot has under one id, as scanners of packages write them: open as long
 * as one of them is, as bad as the worst of those, observed from the earliest to the latest.
 */
export function mergeObservations(a: Observation, b: Observation): Observation {
  const [x, y] = [RANK[stateOf(a)], RANK[stateOf(b)]];
  return {
    day: a.day,
    status: x >= y ? a.status : b.status,
    severity: x === y ? worse(a.severity, b.severity) : x > y ? a.severity : b.severity,
    firstObserved: pick(a.firstObserved, b.firstObserved, (p, q) => p <= q),
    lastObserved: pick(a.lastObserved, b.lastObserved, (p, q) => p >= q),
  };
}

function worse(a: Severity | null, b: Severity | null): Severity | null {
  if (a === null || b === null) return a ?? b;
  return SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b) ? a : b;
}

function pick(
  a: CalendarDate | null,
  b: CalendarDate | null,
  first: (a: CalendarDate, b: CalendarDate) => boolean,
): CalendarDate | null {
  if (a === null || b === null) return a ?? b;
  return first(a, b) ? a : b;
}

/**
 * Compares each snapshot with the one before.
 * @param days the snapshots of the finding's source, oldest first
 * @param observations of the finding, at most one a day, oldest first; a day without one did not list it
 */
export function historyOf(
  days: readonly CalendarDate[],
  observations: readonly Observation[],
): FindingHistory {
  const byDay = new Map(observations.map((observation) => [observation.day, observation]));
  const events: FindingEvent[] = [];
  const [first = "", ...later] = days;
  let before = byDay.get(first);
  let previousDay = first;
  /** Since when it is open, as far as it is known. */
  let since = stateOf(before) === "open" ? (before?.firstObserved ?? null) : null;
  let listed = before !== undefined;
  const openBefore = openSeverity(before);
  for (const day of later) {
    const now = byDay.get(day);
    const event = step({ before, now, day, previousDay, since, listed });
    if (event !== undefined) events.push(event);
    if (event?.change === "new" || event?.change === "brought-back") since = now?.firstObserved ?? null;
    if (event?.change === "reopened") since = day;
    listed ||= now !== undefined;
    before = now;
    previousDay = day;
  }
  return { openBefore, openNow: openSeverity(before), events };
}

function openSeverity(observation: Observation | undefined): Severity | null | undefined {
  return observation !== undefined && stateOf(observation) === "open" ? observation.severity : undefined;
}

interface Step {
  before: Observation | undefined;
  now: Observation | undefined;
  day: CalendarDate;
  previousDay: CalendarDate;
  since: CalendarDate | null;
  /** Any snapshot so far had it. */
  listed: boolean;
}

function step({ before, now, day, previousDay, since, listed }: Step): FindingEvent | undefined {
  const [was, is] = [stateOf(before), stateOf(now)];
  const severity = now?.severity ?? before?.severity ?? null;
  const early = now !== undefined && now.firstObserved !== null && now.firstObserved <= previousDay;
  if (is === "open") {
    if (was === "open") return undefined;
    if (was === "set-aside") return { change: "brought-back", day, severity };
    return { change: was === "resolved" || listed || early ? "reopened" : "new", day, severity };
  }
  if (was === "open") {
    // What was resolved is as bad as it was while open.
    const worst = before?.severity ?? severity;
    if (is === "set-aside") return { change: "set-aside", day, severity: worst };
    const resolvedOn = resolvedDay(now, previousDay, day);
    return { change: "resolved", day, severity: worst, daysToResolve: daysOpen(since, resolvedOn) };
  }
  if (now?.status === "resolved" && !listed && now.firstObserved !== null && !early) {
    const days = daysOpen(now.firstObserved, resolvedDay(now, previousDay, day));
    return { change: "short-lived", day, severity, daysToResolve: days };
  }
  return undefined;
}

/**
 * The day a finding was resolved: that of its last observation where it lies between the two snapshots, and the later
 * snapshot's where the source says no more than that.
 */
function resolvedDay(
  now: Observation | undefined,
  previousDay: CalendarDate,
  day: CalendarDate,
): CalendarDate {
  const said = now?.lastObserved ?? null;
  return said !== null && said > previousDay && said < day ? said : day;
}

function daysOpen(since: CalendarDate | null, until: CalendarDate): number | null {
  return since === null ? null : Math.max(0, daysBetween(since, until));
}
