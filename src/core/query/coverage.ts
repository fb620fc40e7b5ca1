import { DATASETS, type DatasetId } from "../metrics/datasets.ts";
import { addDays, type CalendarDate, daysBetween } from "../time/dates.ts";
import type { Comparison, DayRange } from "../time/ranges.ts";
import type { QueryPlan } from "./plan.ts";

/** The first and last day with facts of a dataset. Days between them without facts have no cost and no usage. */
export interface Extent {
  first: CalendarDate;
  last: CalendarDate;
}

/** How much of a range lies between the first and the last day with facts. */
export interface Covered {
  days: number;
  of: number;
}

/** The requested days: a range and what it is compared with. */
export interface AskedDays {
  range: DayRange;
  compare?: DayRange & { kind: Comparison };
}

/** A dataset and the days it covers; `extent` is null where nothing was loaded. */
export interface AskedData {
  label: string;
  extent: Extent | null;
}

export function coveredDays(range: DayRange, extent: Extent | null): Covered {
  const of = daysBetween(range.from, range.to);
  if (extent === null) return { days: 0, of };
  const from = later(range.from, extent.first);
  const end = addDays(extent.last, 1);
  return { days: Math.max(0, daysBetween(from, end < range.to ? end : range.to)), of };
}

/**
 * Whether a plan's answers depend on how many of its days have data: sums do, the last state of a range, which gauges
 * give, does not.
 */
export function addsUpDays(plan: QueryPlan): boolean {
  return plan.measures.some(({ kind }) => kind === "counter");
}

/**
 * Whether a change between two periods may be given in percent: not where data covers less than half of either, since
 * the percentage would then reflect how much was loaded rather than what changed.
 */
export function comparableInPercent({ range, compare }: AskedDays, extent: Extent | null): boolean {
  return [range, ...(compare === undefined ? [] : [compare])].every((period) => {
    const { days, of } = coveredDays(period, extent);
    return 2 * days >= of;
  });
}

/**
 * The compared days as results name them.
 * @param extent undefined where the answer does not depend on how many days have data
 */
export function comparedDays(
  { from, to, kind }: DayRange & { kind: Comparison },
  extent: Extent | null | undefined,
): DayRange & { kind: Comparison; covered?: number } {
  const covered = extent === undefined ? undefined : coveredDays({ from, to }, extent);
  const whole = covered === undefined || covered.days === covered.of;
  return { from, to, kind, ...(!whole && { covered: covered.days }) };
}

/** The name of a dataset's data in a sentence. */
export function dataLabel(dataset: DatasetId): string {
  return `${DATASETS[dataset].label} data`;
}

/**
 * Notes on days before the first and after the last day with data, in the range and in what it is compared with. None
 * where data covers both, and none for datasets without data.
 */
export function coverageNotes(asked: AskedDays, { label, extent }: AskedData): string[] {
  if (extent === null) return [];
  const { range, compare } = asked;
  const own = coveredDays(range, extent);
  const notes = own.days === own.of ? [] : [rangeNote(range, own, { label, extent })];
  if (compare === undefined || own.days === 0) return notes;
  const before = coveredDays(compare, extent);
  // The answer itself already says that there is nothing to compare with.
  if (before.days === 0) return notes;
  const percent = comparableInPercent(asked, extent) ? "" : ", and percentages are omitted";
  const verdict = `changes against it are not like for like${percent}.`;
  const period = `The ${compare.kind === "previous-year" ? "previous year" : "previous period"} ${named(compare)}`;
  if (before.days < before.of) {
    const part = `${reach(compare, extent)} (${before.days} of ${count(before.of)})`;
    return [...notes, `${period} has ${lower(label)} ${part}; ${verdict}`];
  }
  return notes.map((note) => `${note} ${period} is fully covered, so ${verdict}`);
}

function rangeNote(range: DayRange, own: Covered, { label, extent }: AskedData & { extent: Extent }): string {
  const there = `${own.days} of the ${count(own.of)} requested`;
  if (own.days === 0) return `${label} covers ${extent.first} to ${extent.last}, none of the days requested.`;
  if (extent.first <= range.from) return `${label} ends on ${extent.last}, covering ${there}.`;
  if (addDays(extent.last, 1) >= range.to) return `${label} begins on ${extent.first}, covering ${there}.`;
  return `${label} begins on ${extent.first} and ends on ${extent.last}, covering ${there}.`;
}

function reach(range: DayRange, { first, last }: Extent): string {
  const begins = first > range.from ? `from ${first} ` : "";
  if (addDays(last, 1) >= range.to) return `${begins}on`;
  return begins === "" ? `until ${last}` : `${begins}to ${last}`;
}

/** Both days included. */
function named({ from, to }: DayRange): string {
  return `${from} to ${addDays(to, -1)}`;
}

function later(a: CalendarDate, b: CalendarDate): CalendarDate {
  return a > b ? a : b;
}

function lower(label: string): string {
  return label.charAt(0).toLowerCase() + label.slice(1);
}

function count(days: number): string {
  return `${days} ${days === 1 ? "day" : "days"}`;
}
