import { invalid } from "../core/errors/errors.ts";
import {
  addDays,
  addMonths,
  type CalendarDate,
  checkDate,
  daysBetween,
  monthStart,
  parseDate,
} from "../core/time/dates.ts";

export interface DemoOptions {
  seed: number;
  /** The first day without data: pass today to have data up to yesterday. */
  end: CalendarDate;
  /** Calendar months before the month of `end`; 14 gives the whole of the first month as well. */
  months: number;
}

/** The options used when nothing else is asked for. */
export const DEMO_SEED = 20_240_917;
export const DEMO_MONTHS = 14;

export interface DemoDay {
  /** Days after the first. */
  index: number;
  /** Days since 1970-01-01. */
  number: number;
  date: CalendarDate;
  /** Monday is 0. */
  weekday: number;
  dayOfMonth: number;
  daysInMonth: number;
  /** `YYYY-MM` */
  month: string;
  /** First days of this month and of the next. */
  monthStart: CalendarDate;
  nextMonth: CalendarDate;
  next: CalendarDate;
}

/**
 * The days a demo covers, oldest first.
 * @throws DomainError `date.invalid`, `demo.invalid-months`
 */
export function demoDays(options: Pick<DemoOptions, "end" | "months">): DemoDay[] {
  if (!Number.isInteger(options.months) || options.months < 1 || options.months > 120) {
    throw invalid("demo.invalid-months", `Demo data cannot cover ${options.months} months`, {
      field: "months",
      fix: "Give a whole number from 1 to 120.",
    });
  }
  checkDate(options.end, "end");
  const first = monthStart(addMonths(options.end, -options.months));
  return Array.from({ length: daysBetween(first, options.end) }, (_, index) => demoDay(first, index));
}

function demoDay(first: CalendarDate, index: number): DemoDay {
  const date = addDays(first, index);
  const number = parseDate(date);
  const start = monthStart(date);
  const nextMonth = addMonths(start, 1);
  return {
    index,
    number,
    date,
    weekday: (number + 3) % 7,
    dayOfMonth: Number(date.slice(8)),
    daysInMonth: daysBetween(start, nextMonth),
    month: date.slice(0, 7),
    monthStart: start,
    nextMonth,
    next: addDays(date, 1),
  };
}

/**
 * The days findings and controls are recorded: every Sunday and the last day of all, oldest first. Sundays stay the same
 * when the end moves on, so a demo that is brought up to date replaces its older snapshots.
 */
export function snapshotDays(days: readonly DemoDay[]): DemoDay[] {
  return days.filter((day) => day.weekday === 6 || day.index === days.length - 1);
}
