import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDays } from "../time/dates.ts";
import { ageBucket } from "./age.ts";
import { ChangeTally } from "./changes.ts";
import { historyOf, mergeObservations, type Observation } from "./history.ts";
import { SEVERITIES } from "./severity.ts";
import { lastWithin, snapshotSteps } from "./snapshots.ts";
import { postureTrend } from "./trend.ts";

const seen = (day: string, status: string | null, more: Partial<Observation> = {}): Observation => ({
  day,
  status,
  severity: "high",
  firstObserved: null,
  lastObserved: null,
  ...more,
});
const DAYS = ["2024-09-01", "2024-09-08", "2024-09-15", "2024-09-22"];
const changes = (...observations: Observation[]): unknown[] =>
  historyOf(DAYS, observations).events.map(({ change, day, daysToResolve }) =>
    daysToResolve === undefined ? [change, day] : [change, day, daysToResolve],
  );

describe("historyOf", () => {
  it("tells new from reopened by what was listed and when it was first observed", () => {
    expect(changes(seen("2024-09-08", "open", { firstObserved: "2024-09-04" }))).toEqual([
      ["new", "2024-09-08"],
      ["resolved", "2024-09-15", 11],
    ]);
    expect(changes(seen("2024-09-22", "open", { firstObserved: "2024-08-01" }))).toEqual([
      ["reopened", "2024-09-22"],
    ]);
    expect(changes(seen("2024-09-22", "open"))).toEqual([["new", "2024-09-22"]]);
  });

  it("counts a reopened finding's days from when it came back", () => {
    const first = { firstObserved: "2024-08-02" };
    expect(
      changes(
        seen("2024-09-01", "open", first),
        seen("2024-09-08", "resolved", { ...first, lastObserved: "2024-09-03" }),
        seen("2024-09-15", "open", first),
        seen("2024-09-22", "resolved", { ...first, lastObserved: "2024-09-20" }),
      ),
    ).toEqual([
      ["resolved", "2024-09-08", 32],
      ["reopened", "2024-09-15"],
      ["resolved", "2024-09-22", 5],
    ]);
  });

  it("takes the snapshot's day where the source does not say when it was resolved", () => {
    const first = { firstObserved: "2024-09-01" };
    expect(changes(seen("2024-09-01", "open", first))).toEqual([["resolved", "2024-09-08", 7]]);
    const stale = { ...first, lastObserved: "2024-08-20" };
    expect(changes(seen("2024-09-01", "open", first), seen("2024-09-08", "resolved", stale))).toEqual([
      ["resolved", "2024-09-08", 7],
    ]);
  });

  it("says no duration where nobody knows since when it was open", () => {
    expect(changes(seen("2024-09-01", "open"))).toEqual([["resolved", "2024-09-08", null]]);
  });

  it("does not call it resolved when it was suppressed, muted or lost its verdict", () => {
    for (const status of ["suppressed", "muted", "not_available"]) {
      expect(
        changes(seen("2024-09-01", "open"), seen("2024-09-08", status), seen("2024-09-15", "open")),
      ).toEqual([
        ["set-aside", "2024-09-08"],
        ["brought-back", "2024-09-15"],
        ["resolved", "2024-09-22", null],
      ]);
    }
  });

  it("notices what was opened and resolved between two snapshots", () => {
    const life = { firstObserved: "2024-09-10", lastObserved: "2024-09-12" };
    expect(changes(seen("2024-09-15", "resolved", life))).toEqual([["short-lived", "2024-09-15", 2]]);
    expect(changes(seen("2024-09-15", "passed", life))).toEqual([]);
  });

  it("keeps an id open as long as one of its findings is", () => {
    const merged = mergeObservations(
      seen("2024-09-01", "resolved", { severity: "critical", firstObserved: "2024-08-01" }),
      seen("2024-09-01", "open", { severity: "low", firstObserved: "2024-08-20" }),
    );
    expect(merged).toMatchObject({ status: "open", severity: "low", firstObserved: "2024-08-01" });
  });
});

const observation = (day: string): fc.Arbitrary<Observation | undefined> =>
  fc.option(
    fc.record({
      day: fc.constant(day),
      status: fc.constantFrom("open", "open", "resolved", "suppressed", "muted", "passed", "not_available"),
      severity: fc.constantFrom(...SEVERITIES, null),
      firstObserved: fc.option(fc.constantFrom("2024-08-01", ...DAYS)),
      lastObserved: fc.option(fc.constantFrom(...DAYS)),
    }),
    { nil: undefined },
  );
const life = fc.tuple(...DAYS.map(observation)).map((all) => all.filter((each) => each !== undefined));

describe("ChangeTally", () => {
  it("accounts for every open finding: before, plus what came, minus what went, is now", () => {
    fc.assert(
      fc.property(fc.array(life, { maxLength: 30 }), (lives) => {
        const tally = new ChangeTally();
        for (const each of lives) tally.add(historyOf(DAYS, each));
        const { openBefore, openNow, counts, byDay, bySeverity } = tally.finish();
        const balance = (c: typeof counts): number =>
          c.new + c.reopened + c["brought-back"] - c.resolved - c["set-aside"];
        expect(openBefore + balance(counts)).toBe(openNow);
        expect(byDay.reduce((sum, each) => sum + balance(each.counts), 0)).toBe(balance(counts));
        expect(bySeverity.reduce((sum, each) => sum + each.counts.resolved, 0)).toBe(counts.resolved);
        const open = (day: string): number =>
          lives.filter((all) => all.some((each) => each.day === day && each.status === "open")).length;
        expect([openBefore, openNow]).toEqual([open(DAYS[0]!), open(DAYS[3]!)]);
      }),
    );
  });

  it("averages as sorting all durations would", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 50 }), (days) => {
        const tally = new ChangeTally();
        for (const open of days) {
          const firstObserved = addDays("2024-09-08", -open);
          tally.add(historyOf(DAYS, [seen("2024-09-01", "open", { firstObserved })]));
        }
        const { timeToResolve } = tally.finish();
        const sorted = [...days].sort((a, b) => a - b);
        const middle = (sorted[(days.length - 1) >> 1]! + sorted[days.length >> 1]!) / 2;
        const mean = days.reduce((sum, each) => sum + each, 0) / days.length;
        expect(Number(timeToResolve.medianDays)).toBe(middle);
        expect(Math.abs(Number(timeToResolve.meanDays) - mean)).toBeLessThanOrEqual(0.005000001);
        expect(timeToResolve.n).toBe(days.length);
      }),
    );
  });

  it("says nothing about the time when nothing was resolved", () => {
    expect(new ChangeTally().finish().timeToResolve).toEqual({ meanDays: null, medianDays: null, n: 0 });
  });
});

describe("snapshotSteps", () => {
  const range = { from: "2024-09-01", to: "2024-10-01" };
  const of = (source: string, ...days: string[]) => days.map((day) => ({ source, day }));
  const snapshots = [
    ...of("weekly", "2024-08-25", "2024-08-18", "2024-09-08", "2024-09-15", "2024-10-01"),
    ...of("new", "2024-09-03", "2024-09-10"),
    ...of("once", "2024-09-04"),
    ...of("gone", "2024-07-01"),
    ...of("future", "2024-10-05"),
  ];

  it("compares each source with its own last snapshot before the range", () => {
    expect(snapshotSteps(snapshots, range, "all")).toEqual({
      compared: [
        { source: "new", days: ["2024-09-03", "2024-09-10"] },
        { source: "weekly", days: ["2024-08-25", "2024-09-08", "2024-09-15"] },
      ],
      single: of("once", "2024-09-04"),
      stale: of("gone", "2024-07-01"),
    });
    expect(snapshotSteps(snapshots, range, "ends").compared[1]?.days).toEqual(["2024-08-25", "2024-09-15"]);
    expect([...lastWithin(snapshots, range).values()].sort()).toEqual([
      ...["2024-09-04", "2024-09-10", "2024-09-15"],
    ]);
  });
});

describe("postureTrend", () => {
  it("carries each source's last snapshot on, and leaves out those not recorded in the range", () => {
    const count = (source: string, day: string, open: number) => ({
      source,
      day,
      open,
      severity: "critical" as const,
    });
    const counts = [
      count("a", "2024-08-20", 4),
      count("a", "2024-09-10", 1),
      count("b", "2024-09-05", 2),
      count("gone", "2024-08-01", 9),
    ];
    const empty = { source: "b", day: "2024-09-12" };
    const trend = postureTrend([...counts, empty], counts, { from: "2024-09-01", to: "2024-10-01" });
    expect(trend.map(({ day, riskPoints }) => [day.slice(8), riskPoints])).toEqual([
      ...["01", "02", "03", "04"].map((day) => [day, 160]),
      ...["05", "06", "07", "08", "09"].map((day) => [day, 240]),
      ...["10", "11"].map((day) => [day, 120]),
      ["12", 40],
    ]);
  });
});

describe("ageBucket", () => {
  it("has its borders where its names say", () => {
    const ages = [0, 7, 8, 30, 31, 90, 91, 180, 181, 365, 366, -1].map((days) =>
      ageBucket(addDays("2024-09-30", -days), "2024-09-30"),
    );
    expect(ages).toEqual([
      ...["0-7", "0-7", "8-30", "8-30", "31-90", "31-90", "91-180", "91-180", "181-365", "181-365", "366+"],
      "0-7",
    ]);
    expect(ageBucket(null, "2024-09-30")).toBe("unknown");
  });
});
