import { describe, expect, it } from "vitest";
import { addDays, type CalendarDate } from "../time/dates.ts";
import { fitDaily } from "./daily-model.ts";
import { forecastCost } from "./forecast.ts";
import { completeMonths, type DailyCharge, splitMonthCharges } from "./month-charges.ts";
import { datesIn } from "../time/zones.ts";

/** A repeatable spread around 1, so that tests do not depend on chance. */
const ripple = (i: number): number => 1 + 0.02 * Math.sin(i * 12.9898);
const weekend = (day: CalendarDate): boolean => [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
const series = (
  from: CalendarDate,
  count: number,
  value: (i: number, day: CalendarDate) => number,
): number[] => Array.from({ length: count }, (_, i) => value(i, addDays(from, i)));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const FROM = "2024-03-01";
const usual = (i: number, day: CalendarDate): number => (100 + i / 2) * (weekend(day) ? 0.6 : 1) * ripple(i);

describe("fitDaily", () => {
  it("goes on with weekdays and growth", () => {
    const all = series(FROM, 140, usual);
    const predicted = fitDaily(all.slice(0, 120), FROM).predict(20);
    predicted.forEach((value, i) => expect(Math.abs(value / all[120 + i]! - 1)).toBeLessThan(0.06));
    // A damped trend falls behind a steady one, on purpose.
    expect(Math.abs(sum(predicted) / sum(all.slice(120)) - 1)).toBeLessThan(0.04);
  });

  it("is not moved by one odd day, but follows a new level", () => {
    const plain = series(FROM, 120, usual);
    const odd = plain.map((value, i) => (i === 112 ? value * 30 : value));
    expect(sum(fitDaily(odd, FROM).predict(14)) / sum(fitDaily(plain, FROM).predict(14))).toBeCloseTo(1, 1);
    const moved = plain.map((value, i) => (i >= 100 ? value * 2 : value));
    const ratio = sum(fitDaily(moved, FROM).predict(14)) / sum(fitDaily(plain, FROM).predict(14));
    expect(ratio).toBeGreaterThan(1.8);
    expect(ratio).toBeLessThan(2.2);
  });

  it("expects the jobs of a month's end at the next one", () => {
    const all = series(
      "2024-01-01",
      121,
      (i, day) => ripple(i) * (addDays(day, 3).endsWith("-01") ? 300 : 100),
    );
    const busy = series("2024-01-01", 121, (i, day) =>
      [1, 2, 3].some((ahead) => addDays(day, ahead).endsWith("-01")) ? all[i]! * 1.5 : all[i]!,
    );
    const byDay = fitDaily(busy.slice(0, 110), "2024-01-01").predict(11);
    expect(byDay[10]! / byDay[0]!).toBeGreaterThan(1.3);
  });

  it("takes credits, below zero and all", () => {
    const credits = series(FROM, 60, (i, day) => (weekend(day) ? -5 : -10) * ripple(i));
    const predicted = fitDaily(credits, FROM).predict(14);
    expect(sum(predicted)).toBeCloseTo(2 * (5 * -10 + 2 * -5), -1);
  });
});

const charge = (day: CalendarDate, key: string, amount: number): DailyCharge => ({ day, key, amount });

/** Running cost, 10 % tax on the first of each month, and a fee of 31 a day of the month on its first. */
function bill(from: CalendarDate, to: CalendarDate): DailyCharge[] {
  return datesIn(from, to).flatMap((day, i) => {
    const charges = [charge(day, "run", usual(i, day))];
    if (!day.endsWith("-01")) return charges;
    const days = datesIn(day, addDays(day, 40)).filter((other) => other.slice(0, 7) === day.slice(0, 7));
    const ran = days.filter((d) => d < to).map((d) => usual(datesIn(from, d).length, d));
    return [...charges, charge(day, "tax", sum(ran) / 10), charge(day, "fee", 31 * days.length)];
  });
}

describe("forecastCost", () => {
  it("takes charges of whole months off the days they are booked on", () => {
    const days = datesIn(FROM, "2024-07-11");
    const { running, monthly } = splitMonthCharges(bill(FROM, "2024-07-11"), days);
    expect([...monthly.keys()].sort()).toEqual(["fee", "tax"]);
    running.forEach((value, i) => expect(Math.abs(value / usual(i, days[i]!) - 1)).toBeLessThan(0.001));
  });

  it("expects the rest of a month: what runs, and the tax on it, but no second fee", () => {
    const known = bill(FROM, "2024-07-11");
    const whole = bill(FROM, "2024-08-01");
    const of = (charges: DailyCharge[], key: string): number =>
      sum(charges.filter((c) => c.key === key && c.day >= "2024-07-01").map((c) => c.amount));
    const forecast = forecastCost(known, { from: FROM, to: "2024-07-11" }, "2024-08-01")!;
    expect(forecast.points).toHaveLength(21);
    const left = of(whole, "run") - of(known, "run");
    expect(Math.abs(forecast.total.amount / left - 1)).toBeLessThan(0.02);
    const tax = of(whole, "tax") - of(known, "tax");
    expect(Math.abs(forecast.pending / tax - 1)).toBeLessThan(0.05);
    expect(forecast.months).toHaveLength(1);
    expect(forecast.months[0]!.amount).toBeCloseTo(forecast.total.amount + forecast.pending, 6);
  });

  it("books a coming month's fee and tax on its first day", () => {
    const forecast = forecastCost(bill(FROM, "2024-07-11"), { from: FROM, to: "2024-07-11" }, "2024-09-01")!;
    const first = forecast.points.find((point) => point.day === "2024-08-01")!;
    const next = forecast.points.find((point) => point.day === "2024-08-02")!;
    expect(first.amount - next.amount).toBeGreaterThan(31 * 31);
    expect(forecast.months.map((month) => month.month)).toEqual(["2024-07-01", "2024-08-01"]);
  });

  it("has an interval around each amount that does not shrink with the distance", () => {
    const { points, total } = forecastCost(
      bill(FROM, "2024-07-11"),
      { from: FROM, to: "2024-07-11" },
      "2024-08-01",
    )!;
    const widths = points.map((point) => point.high! - point.low!);
    widths.forEach((width, i) => expect(width).toBeGreaterThan((widths[i - 1] ?? 0) - 1e-9));
    expect(total.low!).toBeLessThan(total.amount);
    expect(total.high!).toBeGreaterThan(total.amount);
  });

  it("says nothing of less than two weeks, and tells no interval it cannot", () => {
    const short = bill(FROM, "2024-03-13");
    expect(forecastCost(short, { from: FROM, to: "2024-03-13" }, "2024-04-01")).toBeUndefined();
    const some = forecastCost(bill(FROM, "2024-03-20"), { from: FROM, to: "2024-03-20" }, "2024-04-01")!;
    expect(some.total).toMatchObject({ low: null, high: null });
    expect(some.total.amount).toBeGreaterThan(0);
  });

  it("counts only whole months as complete", () => {
    expect(completeMonths("2024-03-02", "2024-06-30")).toEqual(["2024-04-01", "2024-05-01"]);
    expect(completeMonths("2024-03-01", "2024-04-01")).toEqual(["2024-03-01"]);
  });
});
