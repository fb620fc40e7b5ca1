import { type CalendarDate, tryParseDate } from "../time/dates.ts";

export interface Ticks {
  /** The ends of the axis: the first and the last tick. */
  min: number;
  max: number;
  step: number;
  values: readonly number[];
}

const STEPS = [1, 2, 2.5, 5, 10];

/**
 * Round ticks over at least `[min, max]`, 0 always among them: a bar or an area that does not start at 0 lies about its
 * size. Steps are 1, 2, 2.5 or 5 times a power of ten, for whole numbers never below 1.
 * @param most the most intervals wanted, at least 1
 */
export function niceTicks(min: number, max: number, most = 5, whole = false): Ticks {
  const finite = Number.isFinite(min) && Number.isFinite(max);
  const low = finite ? Math.min(0, min, max) : 0;
  let high = finite ? Math.max(0, min, max) : 0;
  if (low === high) high = 1;
  const step = tidy(niceStep((high - low) / Math.max(1, most), whole));
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const values: number[] = [];
  for (let i = first; i <= last; i++) values.push(tidy(i * step));
  return { min: tidy(first * step), max: tidy(last * step), step, values };
}

function niceStep(raw: number, whole: boolean): number {
  // Below the smallest normal number a power of ten is not exact any more; nothing real is that small.
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1e-300)));
  let step = power * 10;
  for (const factor of STEPS) {
    if (factor * power >= raw * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  if (whole && step < 1) return 1;
  // 2.5 is no step between whole numbers, 5 is the next that is.
  return whole && step === 2.5 ? 5 : step;
}

/** Takes off what binary arithmetic added: 0.30000000000000004 -> 0.3. */
function tidy(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(12));
}

/** The position of `value` on `[from, to]` when the axis runs from `ticks.min` to `ticks.max`; clamped to its ends. */
export function position(ticks: Pick<Ticks, "min" | "max">, from: number, to: number, value: number): number {
  const span = ticks.max - ticks.min;
  const share = span === 0 ? 0 : (value - ticks.min) / span;
  return from + (to - from) * Math.min(1, Math.max(0, share));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The first day of a time bucket as an axis shows it: `1 Sep`, with the year where asked; months `Sep 2024`. */
export function dateLabel(date: CalendarDate, grain: "day" | "week" | "month", withYear = false): string {
  const [year = "", month = "1", day = "1"] = date.split("-");
  const name = MONTHS[Number(month) - 1] ?? month;
  if (grain === "month") return `${name} ${year}`;
  return `${Number(day)} ${name}${withYear ? ` ${year}` : ""}`;
}

/** Whether the text is a calendar date that `dateLabel` can show. */
export function isDate(text: string): boolean {
  return tryParseDate(text) !== undefined;
}

/**
 * Which of `count` labels to show when only `most` fit: evenly spaced, the first always.
 * @returns indices in ascending order
 */
export function labelIndices(count: number, most: number): number[] {
  if (count <= 0 || most <= 0) return [];
  const every = Math.ceil(count / most);
  const shown: number[] = [];
  for (let i = 0; i < count; i += every) shown.push(i);
  return shown;
}
