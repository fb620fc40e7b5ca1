import { describe, expect, it } from "vitest";
import { addDays, type CalendarDate } from "../time/dates.ts";
import { findAnomalies } from "./anomalies.ts";
import { contributorsOf } from "./contributors.ts";

const FROM = "2024-01-01";
const START = "2024-04-01";
const weekend = (day: CalendarDate): boolean => [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
const ripple = (i: number): number => 1 + 0.05 * Math.sin(i * 12.9898);

function found(
  change: (value: number, day: CalendarDate) => number,
  count = 140,
): ReturnType<typeof findAnomalies> {
  const values = Array.from({ length: count }, (_, i) => {
    const day = addDays(FROM, i);
    return change(100 * (weekend(day) ? 0.5 : 1) * ripple(i), day);
  });
  return findAnomalies("ec2", values, FROM, START, 5);
}

describe("findAnomalies", () => {
  it("finds nothing in ripples and weekends", () => {
    expect(found((value) => value)).toEqual([]);
  });

  it("finds a day that cost three times as much, with what was to be expected", () => {
    const [anomaly, ...more] = found((value, day) => (day === "2024-04-17" ? value * 3 : value));
    expect(more).toEqual([]);
    expect(anomaly).toMatchObject({ key: "ec2", kind: "spike", days: [{ day: "2024-04-17" }] });
    expect(Math.abs(anomaly!.days[0]!.expected / 100 - 1)).toBeLessThan(0.1);
    expect(anomaly!.impact).toBeGreaterThan(180);
  });

  it("finds a weekend that cost what a workday does", () => {
    const odd = found((value, day) => (day === "2024-04-20" || day === "2024-04-21" ? value * 2 : value));
    expect(odd).toMatchObject([{ kind: "spike", days: [{ day: "2024-04-20" }, { day: "2024-04-21" }] }]);
  });

  it("finds a day without cost", () => {
    expect(found((value, day) => (day === "2024-04-17" ? 0 : value))).toMatchObject([{ kind: "drop" }]);
  });

  it("tells a new level once, not every day from then on", () => {
    const risen = found((value, day) => (day >= "2024-04-15" ? value * 1.8 : value));
    expect(risen).toMatchObject([{ kind: "rise", days: { length: 3 } }]);
    expect(risen[0]!.days[0]!.day).toBe("2024-04-15");
  });

  it("does not flag what comes every month at the same place", () => {
    expect(found((value, day) => (day.endsWith("-01") ? value + 500 : value))).toEqual([]);
    const atEnd = found((value, day) => (addDays(day, 1).endsWith("-01") ? value + 500 : value));
    expect(atEnd).toEqual([]);
  });

  it("does not flag what is off by less than the least impact", () => {
    const values = Array.from({ length: 140 }, (_, i) => (i === 120 ? 5 : 1));
    expect(findAnomalies("x", values, FROM, START, 5)).toEqual([]);
    expect(findAnomalies("x", values, FROM, START, 3)).toHaveLength(1);
  });

  it("judges no day with less than four weeks before it, and none before the start", () => {
    const spike = Array.from({ length: 60 }, (_, i) => (i === 20 || i === 40 ? 500 : 10));
    expect(findAnomalies("x", spike, FROM, FROM, 5)).toMatchObject([{ days: [{ day: addDays(FROM, 40) }] }]);
    expect(findAnomalies("x", spike, FROM, addDays(FROM, 41), 5)).toEqual([]);
  });

  it("gives the same verdict when more days have come", () => {
    const change = (value: number, day: CalendarDate): number =>
      day === "2024-04-17" || day >= "2024-05-02" ? value * 2.5 : value;
    const earlier = found(change, 110);
    expect(found(change, 140).slice(0, earlier.length)).toEqual(earlier);
  });
});

describe("contributorsOf", () => {
  it("compares days with as many usual days, exactly, and leaves out what moved the other way", () => {
    const actual = new Map([
      ["a", "100"],
      ["b", "1"],
      [null, "30.000000000000000001"],
    ]);
    const usual = new Map([
      ["a", "40"],
      ["b", "20"],
      ["c", "4"],
    ]);
    expect(contributorsOf("account", actual, usual, { days: 1, usualDays: 4 }, 3)).toEqual([
      { dimension: "account", name: "a", actual: "100", usual: "10", change: "90" },
      {
        dimension: "account",
        name: null,
        actual: "30.000000000000000001",
        usual: "0",
        change: "30.000000000000000001",
      },
    ]);
  });

  it("explains a drop by what fell", () => {
    const fell = contributorsOf(
      "region",
      new Map([["x", "1"]]),
      new Map([
        ["x", "80"],
        ["y", "4"],
      ]),
      { days: 1, usualDays: 4 },
      1,
    );
    expect(fell).toMatchObject([{ name: "x", change: "-19" }]);
  });
});
