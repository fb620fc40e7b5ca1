import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDays, type CalendarDate } from "../time/dates.ts";
import { datesIn } from "../time/zones.ts";
import { findAnomalies } from "./anomalies.ts";
import { fitDaily, LEAST_DAYS } from "./daily-model.ts";
import { type CostForecast, type Estimate, forecastCost, MAX_FORECAST_DAYS } from "./forecast.ts";
import type { DailyCharge } from "./month-charges.ts";

/** A Tuesday. */
const FROM = "2026-09-01";
const weekday = (i: number): number => (i + 1) % 7;

const amount = fc.oneof(
  fc.constantFrom(0, 10, -10, 1e-18, -1e-18, 1e19, -1e19),
  fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((whole) => whole * 1e10),
  // Facts hold 18 decimals.
  fc.double({ min: 1e-18, max: 100, noNaN: true }),
);

/** What days cost, by the ways in which bills are odd; each is a function of the day's number. */
const shape: fc.Arbitrary<(i: number) => number> = fc.oneof(
  amount.map((each) => () => each),
  fc.tuple(amount, fc.nat(6)).map(
    ([each, off]) =>
      (i: number) =>
        weekday(i) === off ? 0 : each,
  ),
  fc.tuple(amount, fc.nat(6)).map(
    ([each, on]) =>
      (i: number) =>
        weekday(i) === on ? each : 0,
  ),
  fc.tuple(amount, fc.nat(200), fc.nat(60)).map(
    ([each, gap, length]) =>
      (i: number) =>
        i >= gap && i < gap + length ? 0 : each,
  ),
  fc.tuple(amount, fc.nat(200)).map(
    ([each, only]) =>
      (i: number) =>
        i === only ? each : 0,
  ),
  fc.tuple(amount, fc.integer({ min: 2, max: 40 })).map(
    ([each, every]) =>
      (i: number) =>
        i % every === 0 ? each : 0,
  ),
  amount.map((each) => (i: number) => (i % 2 === 0 ? each : -each)),
  fc.tuple(amount, fc.double({ min: 0.5, max: 2, noNaN: true })).map(
    ([each, growth]) =>
      (i: number) =>
        (Math.sign(each) || 1) * Math.min(1e19, Math.max(1e-18, Math.abs(each) * growth ** (i - 60))),
  ),
  fc.array(amount, { minLength: 1, maxLength: 40 }).map((list) => (i: number) => list[i % list.length] ?? 0),
);

/** Up to three kinds of charges, one after another or on top of each other. */
const history = fc.record({
  shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
  days: fc.integer({ min: 0, max: 240 }),
  start: fc.nat(30),
  ahead: fc.integer({ min: 1, max: MAX_FORECAST_DAYS }),
});

const finite = (values: readonly number[]): boolean => values.every(Number.isFinite);

function ordered({ amount: expected, low, high }: Estimate): void {
  expect(Number.isFinite(expected)).toBe(true);
  if (low === null || high === null) return;
  expect(finite([low, high])).toBe(true);
  expect(low).toBeLessThanOrEqual(expected);
  expect(expected).toBeLessThanOrEqual(high);
}

describe("histories of any shape", () => {
  it("are forecast in finite numbers, each within its interval", () => {
    fc.assert(
      fc.property(history, ({ shapes, days, start, ahead }) => {
        const from = addDays(FROM, start);
        const to = addDays(from, days);
        const charges = shapes.flatMap((shaped, key) =>
          datesIn(from, to).map((day, i): DailyCharge => ({ day, key: String(key), amount: shaped(i) })),
        );
        const forecast = forecastCost(charges, { from, to }, addDays(to, ahead));
        expect(forecast === undefined).toBe(days < LEAST_DAYS);
        if (forecast === undefined) return;
        expect(forecast.points).toHaveLength(ahead);
        for (const each of [...forecast.points, forecast.total, ...forecast.months]) ordered(each);
        expect(Number.isFinite(forecast.pending)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("are judged in finite numbers, whatever impact is asked for", () => {
    fc.assert(
      fc.property(history, fc.constantFrom(0, 1e-18, 1, 1e19), ({ shapes, days }, leastImpact) => {
        const values = datesIn(FROM, addDays(FROM, days)).map((_, i) =>
          shapes.reduce((sum, shaped) => sum + shaped(i), 0),
        );
        for (const { impact, days: odd } of findAnomalies("x", values, FROM, FROM, leastImpact)) {
          expect(Number.isFinite(impact)).toBe(true);
          for (const { actual, expected, score } of odd) expect(finite([actual, expected, score])).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const forecastOf = (value: (i: number, day: CalendarDate) => number, to: CalendarDate): CostForecast => {
  const charges = datesIn(FROM, to).map((day, i): DailyCharge => ({ day, key: "x", amount: value(i, day) }));
  const forecast = forecastCost(
    charges.filter((charge) => charge.amount !== 0),
    { from: FROM, to },
    "2026-12-01",
  );
  if (forecast === undefined) throw new Error("there is no forecast");
  return forecast;
};

describe("a weekday without cost", () => {
  const SUNDAY = 6;
  const closed = (i: number): number => (weekday(i) === SUNDAY ? 0 : 10);

  it("is expected to cost nothing again, and the others what they cost", () => {
    const { points, total } = forecastOf(closed, "2026-11-12");
    points.forEach(({ day, amount: expected }) =>
      expect(expected).toBeCloseTo(["2026-11-15", "2026-11-22", "2026-11-29"].includes(day) ? 0 : 10, 9),
    );
    expect([total.low, total.high]).toEqual([total.amount, total.amount]);
  });

  it("does not hold back the growth of the others", () => {
    const grown = (i: number): number => closed(i) * (1 + i / 100);
    const values = datesIn(FROM, "2026-11-12").map((_, i) => grown(i));
    const predicted = fitDaily(values, FROM).predict(7);
    predicted.forEach((value, i) => {
      if (weekday(values.length + i) === SUNDAY) expect(value).toBe(0);
      else expect(Math.abs(value / grown(values.length + i) - 1)).toBeLessThan(0.03);
    });
  });

  it("may be all but one", () => {
    const { points, total } = forecastOf((i) => (weekday(i) === 0 ? 4 : 0), "2026-11-12");
    expect(total.amount).toBeCloseTo(3 * 4, 9);
    expect(points.filter(({ amount: expected }) => expected !== 0).map(({ day }) => day)).toEqual([
      "2026-11-16",
      "2026-11-23",
      "2026-11-30",
    ]);
  });

  it("is not odd when a batch runs on it once at ten times its cost", () => {
    const once = (i: number): number => (weekday(i) === 0 ? (i === 55 ? 400 : 40) : 0);
    expect(forecastOf(once, "2026-11-12").total.amount).toBeCloseTo(120, 9);
  });
});

describe("a history with gaps", () => {
  it("is forecast as before once cost is back", () => {
    const gap = (_: number, day: CalendarDate): number =>
      day >= "2026-09-20" && day < "2026-10-02" ? 0 : 10;
    const { total } = forecastOf(gap, "2026-11-12");
    expect(Math.abs(total.amount / 190 - 1)).toBeLessThan(0.01);
  });

  it("keeps a weekday without cost apart from weeks without any", () => {
    const both = (i: number, day: CalendarDate): number =>
      weekday(i) === 6 || (day >= "2026-10-05" && day < "2026-10-19") ? 0 : 10;
    const { points } = forecastOf(both, "2026-11-12");
    expect(points.find(({ day }) => day === "2026-11-15")?.amount).toBe(0);
    expect(Math.abs((points[0]?.amount ?? 0) / 10 - 1)).toBeLessThan(0.01);
  });

  it("of cost that comes every few days is forecast at its mean", () => {
    for (const every of [3, 5, 10]) {
      const { total } = forecastOf((i) => (i % every === 0 ? 10 : 0), "2026-11-12");
      expect(Math.abs(total.amount / ((19 * 10) / every) - 1), `every ${every} days`).toBeLessThan(0.35);
    }
  });

  it("of a single charge long ago is forecast at nothing", () => {
    expect(forecastOf((i) => (i === 10 ? 500 : 0), "2026-11-12").total.amount).toBeCloseTo(0, 9);
  });
});
