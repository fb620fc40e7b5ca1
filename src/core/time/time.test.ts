import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DomainError } from "../errors/errors.ts";
import {
  addDays,
  addMonths,
  checkDate,
  dateOfDay,
  daysBetween,
  parseDate,
  tryParseDate,
  weekStart,
} from "./dates.ts";
import { comparedRange, describeRange, monthsIn, parsePreset, resolveRange } from "./ranges.ts";
import { dateInZone, datesIn, offsetMinutes, parseZone, startOfDay } from "./zones.ts";

const day = fc.integer({ min: -200_000, max: 300_000 }).map(dateOfDay);

describe("calendar dates", () => {
  it("go to a day number and back", () => {
    fc.assert(
      fc.property(day, (date) => {
        expect(dateOfDay(tryParseDate(date) ?? NaN)).toBe(date);
      }),
    );
  });

  it.each([
    "2024-02-30",
    "2023-02-29",
    "2024-13-01",
    "24-01-01",
    "2024-1-1",
    "2024-09-01T00:00:00Z",
    "",
    "yesterday",
  ])("refuses %s", (text) => expect(tryParseDate(text)).toBeUndefined());

  it("blames a user for the dates a user gives, and nobody else for its own", () => {
    expect(() => checkDate("2024-02-30", "from")).toThrow(DomainError);
    for (const own of [
      () => parseDate("NaN-01-01"),
      () => addDays("2024-02-30", 1),
      () => addMonths("", 1),
    ]) {
      expect(own).toThrow(/is not a calendar date/);
      expect(own).not.toThrow(DomainError);
    }
  });

  it("starts weeks on Monday", () => {
    expect(weekStart("2024-09-01")).toBe("2024-08-26");
    expect(weekStart("2024-09-02")).toBe("2024-09-02");
    expect(weekStart("1969-12-31")).toBe("1969-12-29");
    fc.assert(
      fc.property(day, (date) => {
        const monday = weekStart(date);
        expect(new Date(`${monday}T00:00:00Z`).getUTCDay()).toBe(1);
        expect(daysBetween(monday, date)).toBeGreaterThanOrEqual(0);
        expect(daysBetween(monday, date)).toBeLessThan(7);
      }),
    );
  });

  it("throw where they would leave the calendar, rather than read as another date", () => {
    expect(addDays("9999-12-30", 1)).toBe("9999-12-31");
    expect(addMonths("0001-02-28", -1)).toBe("0001-01-28");
    expect(addMonths("0096-01-31", 1)).toBe("0096-02-29");
    expect(() => addDays("9999-12-31", 1)).toThrow(RangeError);
    expect(() => addDays("0001-01-01", -1)).toThrow(RangeError);
    expect(() => addMonths("9999-12-01", 1)).toThrow(RangeError);
    expect(() => addMonths("0001-01-01", -1)).toThrow(RangeError);
  });

  it("adds months to the last day a month has", () => {
    expect(addMonths("2024-01-31", 1)).toBe("2024-02-29");
    expect(addMonths("2023-01-31", 1)).toBe("2023-02-28");
    expect(addMonths("2024-03-15", -15)).toBe("2022-12-15");
  });
});

describe("ranges", () => {
  const now = new Date("2024-09-18T03:00:00Z");

  it.each([
    ["7d", "2024-09-11", "2024-09-18"],
    ["30d", "2024-08-19", "2024-09-18"],
    ["90d", "2024-06-20", "2024-09-18"],
    ["12m", "2023-09-01", "2024-09-01"],
    ["mtd", "2024-09-01", "2024-09-19"],
    ["last-month", "2024-08-01", "2024-09-01"],
  ] as const)("%s is whole days of the zone", (preset, from, to) => {
    expect(resolveRange({ preset }, now, "UTC")).toEqual({ from, to });
  });

  it("takes today from the tenant's zone", () => {
    expect(resolveRange({ preset: "7d" }, now, "America/Los_Angeles")).toEqual({
      from: "2024-09-10",
      to: "2024-09-17",
    });
  });

  it("names what is wrong with a range", () => {
    expect(() => resolveRange({ from: "2024-09-02", to: "2024-09-02" }, now, "UTC")).toThrow(
      /contains no day/,
    );
    expect(() => resolveRange({ from: "2024-09-31", to: "2024-10-02" }, now, "UTC")).toThrow(
      /from "2024-09-31"/,
    );
    expect(() => resolveRange({ from: "2001-01-01", to: "2024-10-02" }, now, "UTC")).toThrow(/at most 3660/);
    for (const [from, to] of [
      ["0001-01-01", "0001-02-01"],
      ["9999-12-01", "9999-12-31"],
      ["2999-12-01", "3000-01-01"],
    ] as const)
      expect(() => resolveRange({ from, to }, now, "UTC")).toThrow(/not within 1900-01-01 and 2999-12-31/);
    expect(() => parsePreset("30days")).toThrow(/"30days" is not a known range/);
  });

  it("compares whole months with whole months and days with as many days", () => {
    expect(comparedRange({ from: "2024-09-01", to: "2024-10-01" }, "previous-period")).toMatchObject({
      from: "2024-08-01",
      to: "2024-09-01",
    });
    expect(comparedRange({ from: "2024-09-10", to: "2024-09-17" }, "previous-period")).toMatchObject({
      from: "2024-09-03",
      to: "2024-09-10",
    });
    expect(comparedRange({ from: "2024-02-01", to: "2024-03-01" }, "previous-year")).toMatchObject({
      from: "2023-02-01",
      to: "2023-03-01",
    });
    expect(monthsIn({ from: "2024-09-01", to: "2024-09-30" })).toBeUndefined();
  });

  it("always compares with the days just before", () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 800 }), (from, length) => {
        const range = { from, to: addDays(from, length) };
        const before = comparedRange(range, "previous-period");
        expect(before.to).toBe(range.from);
        if (monthsIn(range) === undefined) expect(daysBetween(before.from, before.to)).toBe(length);
      }),
    );
  });

  it("is described with its last day", () => {
    expect(describeRange({ from: "2024-09-01", to: "2024-10-01" })).toBe("1 Sep 2024 – 30 Sep 2024");
  });
});

describe("time zones", () => {
  it("corrects a typo", () => {
    expect(() => parseZone("Europe/Berln")).toThrow(/not an IANA time zone/);
    expect(parseZone("Europe/Berlin")).toBe("Europe/Berlin");
  });

  it("starts a day where the clock does, also in a midnight gap", () => {
    expect(startOfDay("2024-03-31", "Europe/Berlin").toISOString()).toBe("2024-03-30T23:00:00.000Z");
    expect(startOfDay("2024-04-01", "Europe/Berlin").toISOString()).toBe("2024-03-31T22:00:00.000Z");
    // Cairo springs forward at midnight: the day starts at 01:00 local.
    expect(startOfDay("2024-04-26", "Africa/Cairo").toISOString()).toBe("2024-04-25T22:00:00.000Z");
    expect(offsetMinutes(new Date("2024-07-01T00:00:00Z"), "Asia/Kolkata")).toBe(330);
  });

  it("puts every start of day on its own day, and the second before on the day before", () => {
    const zones = [
      "UTC",
      "America/New_York",
      "Asia/Kathmandu",
      "Pacific/Kiritimati",
      "Australia/Lord_Howe",
      "Africa/Cairo",
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: 11_000, max: 21_000 }).map(dateOfDay),
        fc.constantFrom(...zones),
        (date, zone) => {
          const start = startOfDay(date, zone);
          expect(dateInZone(start, zone)).toBe(date);
          expect(dateInZone(new Date(start.getTime() - 1000), zone) < date).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lists the dates of a range", () => {
    expect(datesIn("2024-02-27", "2024-03-02")).toEqual([
      "2024-02-27",
      "2024-02-28",
      "2024-02-29",
      "2024-03-01",
    ]);
  });
});
