import { divideRounded, formatDecimal, SCALE } from "../money/decimal.ts";
import type { CalendarDate } from "../time/dates.ts";
import { FINDING_CHANGES, type FindingChange, type FindingHistory } from "./history.ts";
import { SEVERITIES, type Severity } from "./severity.ts";

/** How long resolved findings were open, in whole days. */
export interface TimeToResolve {
  /** Canonical decimal with at most 2 places; null when nothing was resolved whose beginning is known. */
  meanDays: string | null;
  /** Middle value, or the mean of the two middle ones. */
  medianDays: string | null;
  /** Findings it is computed from. */
  n: number;
}

export type ChangeCounts = Readonly<Record<FindingChange, number>>;

/** How findings changed over some snapshots. Counts are of finding ids. */
export interface FindingChanges {
  openBefore: number;
  openNow: number;
  /** `openBefore + new + reopened + brought-back - resolved - set-aside = openNow` */
  counts: ChangeCounts;
  /** Worst first, `null` last where the source names no severity; severities without any change left out. */
  bySeverity: readonly { severity: Severity | null; counts: ChangeCounts; timeToResolve: TimeToResolve }[];
  /** By the day of the snapshot that shows the changes, oldest first; days without any left out. */
  byDay: readonly { day: CalendarDate; counts: ChangeCounts }[];
  timeToResolve: TimeToResolve;
}

type Counter = Record<FindingChange, number>;

function counter(): Counter {
  return Object.fromEntries(FINDING_CHANGES.map((change) => [change, 0])) as Counter;
}

/**
 * Adds up histories one by one. It holds counts by day and severity and a histogram of days, never the findings: its
 * size does not grow with them.
 */
export class ChangeTally {
  #openBefore = 0;
  #openNow = 0;
  readonly #counts = counter();
  readonly #bySeverity = new Map<Severity | null, { counts: Counter; days: Histogram }>();
  readonly #byDay = new Map<CalendarDate, Counter>();
  readonly #days = new Histogram();

  add(history: FindingHistory): void {
    if (history.openBefore !== undefined) this.#openBefore++;
    if (history.openNow !== undefined) this.#openNow++;
    for (const { change, day, severity, daysToResolve } of history.events) {
      const own = this.#of(severity);
      this.#counts[change]++;
      own.counts[change]++;
      const counts = this.#byDay.get(day) ?? counter();
      this.#byDay.set(day, counts);
      counts[change]++;
      if (daysToResolve === undefined || daysToResolve === null) continue;
      this.#days.add(daysToResolve);
      own.days.add(daysToResolve);
    }
  }

  #of(severity: Severity | null): { counts: Counter; days: Histogram } {
    let own = this.#bySeverity.get(severity);
    if (own === undefined) {
      own = { counts: counter(), days: new Histogram() };
      this.#bySeverity.set(severity, own);
    }
    return own;
  }

  finish(): FindingChanges {
    return {
      openBefore: this.#openBefore,
      openNow: this.#openNow,
      counts: this.#counts,
      bySeverity: [...SEVERITIES, null].flatMap((severity) => {
        const own = this.#bySeverity.get(severity);
        return own === undefined
          ? []
          : [{ severity, counts: own.counts, timeToResolve: own.days.timeToResolve() }];
      }),
      byDay: [...this.#byDay].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, counts]) => ({ day, counts })),
      timeToResolve: this.#days.timeToResolve(),
    };
  }
}

/** Whole numbers by how often they occur: mean and median without keeping them all. */
class Histogram {
  readonly #counts = new Map<number, number>();
  #n = 0;
  #sum = 0n;

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    this.#n++;
    this.#sum += BigInt(value);
  }

  timeToResolve(): TimeToResolve {
    if (this.#n === 0) return { meanDays: null, medianDays: null, n: 0 };
    const low = this.#at(Math.floor((this.#n - 1) / 2));
    const high = this.#at(Math.floor(this.#n / 2));
    return {
      meanDays: hundredths(this.#sum, BigInt(this.#n)),
      medianDays: hundredths(BigInt(low + high), 2n),
      n: this.#n,
    };
  }

  /** The value at a position of the sorted list. */
  #at(position: number): number {
    let passed = 0;
    for (const [value, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      passed += count;
      if (position < passed) return value;
    }
    return 0;
  }
}

function hundredths(numerator: bigint, denominator: bigint): string {
  return formatDecimal(divideRounded(numerator * 100n, denominator) * 10n ** BigInt(SCALE - 2));
}
