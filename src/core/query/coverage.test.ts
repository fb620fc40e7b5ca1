import { describe, expect, it } from "vitest";
import { comparedRange, type Comparison, type DayRange } from "../time/ranges.ts";
import { comparedDays, coverageNotes, coveredDays, type Extent, comparableInPercent } from "./coverage.ts";

const SEPTEMBER: DayRange = { from: "2024-09-01", to: "2024-10-01" };
const extent = (first: string, last: string): Extent => ({ first, last });
const against = (range: DayRange, kind: Comparison = "previous-period") => ({
  range,
  compare: { ...comparedRange(range, kind), kind },
});
const notes = (asked: Parameters<typeof coverageNotes>[0], of: Extent | null): string[] =>
  coverageNotes(asked, { label: "Cost data", extent: of });

describe("days with data", () => {
  it("are those of the range from the first to the last with facts", () => {
    expect(coveredDays(SEPTEMBER, extent("2024-08-01", "2024-09-30"))).toEqual({ days: 30, of: 30 });
    expect(coveredDays(SEPTEMBER, extent("2024-09-11", "2024-09-20"))).toEqual({ days: 10, of: 30 });
    expect(coveredDays(SEPTEMBER, extent("2024-10-01", "2024-10-20"))).toEqual({ days: 0, of: 30 });
    expect(coveredDays(SEPTEMBER, null)).toEqual({ days: 0, of: 30 });
  });

  it("are not told where all have data, where nothing was loaded, and of gaps in the middle", () => {
    expect(notes(against(SEPTEMBER), extent("2024-08-01", "2024-09-30"))).toEqual([]);
    expect(notes({ range: SEPTEMBER }, null)).toEqual([]);
  });

  it.each([
    ["2024-09-11", "2024-12-31", "Cost data begins on 2024-09-11, covering 20 of the 30 days requested."],
    ["2024-01-01", "2024-09-29", "Cost data ends on 2024-09-29, covering 29 of the 30 days requested."],
    [
      "2024-09-02",
      "2024-09-02",
      "Cost data begins on 2024-09-02 and ends on 2024-09-02, covering 1 of the 30 days requested.",
    ],
    ["2024-01-01", "2024-08-31", "Cost data covers 2024-01-01 to 2024-08-31, none of the days requested."],
  ])("are told of the range when data is of %s to %s", (first, last, note) => {
    expect(notes({ range: SEPTEMBER }, extent(first, last))).toEqual([note]);
  });

  it("are told of the period before", () => {
    const year = against({ from: "2023-10-01", to: "2024-10-01" });
    expect(notes(year, extent("2023-08-01", "2024-09-30"))).toEqual([
      "The previous period 2022-10-01 to 2023-09-30 has cost data from 2023-08-01 on (61 of 365 days); changes against it are not like for like, and percentages are omitted.",
    ]);
    expect(notes(against(SEPTEMBER, "previous-year"), extent("2023-09-03", "2024-09-30"))).toEqual([
      "The previous year 2023-09-01 to 2023-09-30 has cost data from 2023-09-03 on (28 of 30 days); changes against it are not like for like.",
    ]);
  });

  it("are told of the range when the period before has them all", () => {
    expect(notes(against(SEPTEMBER), extent("2024-01-01", "2024-09-10"))).toEqual([
      "Cost data ends on 2024-09-10, covering 10 of the 30 days requested. The previous period 2024-08-01 to 2024-08-31 is fully covered, so changes against it are not like for like, and percentages are omitted.",
    ]);
  });

  it("leave percentages alone from half of either period on", () => {
    const asked = against(SEPTEMBER);
    expect(comparableInPercent(asked, extent("2024-08-17", "2024-09-15"))).toBe(false);
    expect(comparableInPercent(asked, extent("2024-08-16", "2024-09-15"))).toBe(true);
    expect(comparableInPercent(asked, extent("2024-08-16", "2024-09-14"))).toBe(false);
  });

  it("are named beside what is compared only where they are not all", () => {
    const { compare } = against(SEPTEMBER);
    const august = { from: "2024-08-01", to: "2024-09-01", kind: "previous-period" };
    expect(comparedDays(compare, extent("2024-08-30", "2024-09-30"))).toEqual({ ...august, covered: 2 });
    expect(comparedDays(compare, extent("2024-08-01", "2024-09-30"))).toEqual(august);
    expect(comparedDays(compare, undefined)).toEqual(august);
  });
});
