import type { DailyCharge } from "../../src/core/cost/month-charges.ts";
import { type CostForecast, forecastCost } from "../../src/core/cost/forecast.ts";
import { addMonths, type CalendarDate, monthStart } from "../../src/core/time/dates.ts";
import { Bill } from "../../src/demo/bill.ts";
import { type DemoDay, demoDays } from "../../src/demo/calendar.ts";
import type { Charge } from "../../src/demo/charges.ts";
import { buildInventory, type Inventory } from "../../src/demo/inventory.ts";
import { PROFILES } from "../../src/demo/profiles.ts";

/** Days of history the service reads for a forecast. */
export const HISTORY_DAYS = 238;

/** A tenant's bill as it was known on any day: month-end charges are then only counted so far, as on a real bill. */
export interface TenantBill {
  tenant: string;
  days: readonly DemoDay[];
  /** All charges of the finished bill. */
  final: readonly DailyCharge[];
  /** What was known on the morning of a day. */
  knownOn(day: CalendarDate): DailyCharge[];
}

const keyOf = ({ text }: Charge): string => `${text.service}\n${text.category}`;
const isClosing = ({ text }: Charge): boolean => text.category === "Tax" || text.service === "AWS Support";

export function demoBills(
  options: { seed: number; end: CalendarDate; months: number },
  cost: "billed" | "effective" = "billed",
): TenantBill[] {
  const asDaily = (charge: Charge): DailyCharge => ({
    day: charge.from,
    key: keyOf(charge),
    amount: charge[cost] / 1e9,
  });
  const days = demoDays(options);
  return PROFILES.map((profile) => {
    const inventory = buildInventory(profile, days, options.seed);
    const bill = new Bill(inventory);
    const arisen = days.map((day) => ({ day, charges: bill.chargesOf(day) }));
    return {
      tenant: profile.id,
      days,
      final: arisen.flatMap(({ charges }) => charges.map(asDaily)),
      knownOn(day) {
        const before = arisen.filter((each) => each.day.date < day);
        const known = before.flatMap(({ charges }) => charges);
        return [
          ...known,
          ...soFar(
            inventory,
            before.map((each) => each.day),
          ),
        ].map(asDaily);
      },
    };
  });
}

/** Support and tax as an unfinished month's bill has them: of the usage so far. */
function soFar(inventory: Inventory, days: readonly DemoDay[]): Charge[] {
  const last = days.at(-1);
  if (last === undefined || last.dayOfMonth === last.daysInMonth) return [];
  const bill = new Bill({ ...inventory, days });
  const month = days.filter((day) => day.month === last.month);
  return month.flatMap((day) => bill.chargesOf(day)).filter(isClosing);
}

/** Errors of one way to forecast at one day of one tenant. */
export interface Trial {
  tenant: string;
  day: CalendarDate;
  dayOfMonth: number;
  method: "ours" | "carry forward" | "seasonal naive";
  /** Absolute percentage error of the whole month's cost. */
  monthError: number;
  /** Mean absolute scaled error of the next 14 days: in units of what last week's values miss within the history. */
  scaledError: number;
  /** Whether the month's cost lies in the interval; only ours has one. */
  held?: boolean;
  /** Width of the interval as a percentage of the month's cost. */
  width?: number;
}

const AHEAD = 14;

export function trialsOn(bill: TenantBill, day: CalendarDate): Trial[] {
  const known = bill.knownOn(day);
  const index = bill.days.findIndex((each) => each.date === day);
  const from = bill.days[Math.max(0, index - HISTORY_DAYS)]!.date;
  const month = monthStart(day);
  const end = addMonths(month, 1);
  const daily = dailyTotals(known, bill.days);
  const history = daily.slice(0, index);
  const actual = dailyTotals(bill.final, bill.days);
  const inMonth = bill.days.flatMap((each, i) => (each.month === day.slice(0, 7) ? [i] : []));
  const whole = inMonth.reduce((sum, i) => sum + actual[i]!, 0);
  const sofar = inMonth.reduce((sum, i) => sum + (i < index ? daily[i]! : 0), 0);
  const left = inMonth.filter((i) => i >= index).length;
  const forecast = forecastCost(
    known.filter((c) => c.day >= from),
    { from, to: day },
    end,
  )!;
  const ahead = forecastCost(
    known.filter((c) => c.day >= from),
    { from, to: day },
    bill.days[index + AHEAD]?.date ?? end,
  )!;
  const last = history.at(-1)!;
  const ways: [Trial["method"], number, (i: number) => number][] = [
    ["ours", sofar + forecast.months[0]!.amount, (i) => ahead.points[i]!.amount],
    ["carry forward", sofar + left * last, () => last],
    [
      "seasonal naive",
      sofar + sum(left, (i) => history[index - 7 + (i % 7)]!),
      (i) => history[index - 7 + (i % 7)]!,
    ],
  ];
  const scale = sum(index - 7, (i) => Math.abs(history[i + 7]! - history[i]!)) / (index - 7);
  const steps = Math.min(AHEAD, bill.days.length - index);
  return ways.map(([method, monthTotal, predict]): Trial => {
    const off = sum(steps, (i) => Math.abs(actual[index + i]! - predict(i))) / steps;
    return {
      tenant: bill.tenant,
      day,
      dayOfMonth: bill.days[index]!.dayOfMonth,
      method,
      monthError: (100 * Math.abs(monthTotal - whole)) / Math.abs(whole),
      scaledError: off / scale,
      ...(method === "ours" && intervalOf(forecast, sofar, whole)),
    };
  });
}

function intervalOf(forecast: CostForecast, sofar: number, whole: number): Pick<Trial, "held" | "width"> {
  const { low, high } = forecast.months[0]!;
  if (low === null || high === null) return {};
  return {
    held: sofar + low <= whole && whole <= sofar + high,
    width: (100 * (high - low)) / Math.abs(whole),
  };
}

function dailyTotals(charges: readonly DailyCharge[], days: readonly DemoDay[]): number[] {
  const at = new Map(days.map((day, i) => [day.date, i]));
  const totals = days.map(() => 0);
  for (const { day, amount } of charges) {
    const index = at.get(day);
    if (index !== undefined) totals[index] = totals[index]! + amount;
  }
  return totals;
}

function sum(count: number, value: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += value(i);
  return total;
}

export const averageOf = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
