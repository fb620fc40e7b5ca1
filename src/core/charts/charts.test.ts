import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal, parseDecimal, sumDecimals } from "../money/decimal.ts";
import type { Column, QueryResult, Row } from "../query/query.ts";
import { abbreviate, axisLabel, valueLabel } from "./abbreviate.ts";
import {
  contrast,
  gaugeStatus,
  heatColor,
  readable,
  rgbOf,
  seriesColors,
  SERIES_COLORS,
  textOn,
} from "./palette.ts";
import { dateLabel, labelIndices, niceTicks, position } from "./scale.ts";
import { chartData, MAX_PARTS, MAX_SERIES, type PartsChart, type SeriesChart } from "./series.ts";

const dimension = (id: string, extra: Partial<Column> = {}): Column => ({
  id,
  label: id,
  role: "dimension",
  type: "string",
  additive: false,
  ...extra,
});
const cost: Column = {
  id: "cost",
  label: "Cost",
  role: "measure",
  type: "money",
  unit: "USD",
  additive: true,
};
const result = (
  columns: readonly Column[],
  rows: readonly Row[],
  extra: Partial<QueryResult> = {},
): QueryResult => ({
  dataset: "cost",
  range: { from: "2024-09-01", to: "2024-10-01", zone: "UTC" },
  columns,
  rows,
  totals: [],
  others: null,
  completeness: { rows: rows.length, rowsTotal: rows.length, complete: true, notes: [] },
  dataAsOf: null,
  ...extra,
});

describe("ticks", () => {
  const extreme = fc.double({ min: -1e12, max: 1e12, noNaN: true });

  it("cover every range evenly with few round steps, 0 among them", () => {
    fc.assert(
      fc.property(extreme, extreme, fc.integer({ min: 1, max: 12 }), fc.boolean(), (a, b, most, whole) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const ticks = niceTicks(low, high, most, whole);
        expect(ticks.values).toContain(0);
        expect(ticks.min).toBeLessThanOrEqual(Math.min(0, low) + ticks.step * 1e-6);
        expect(ticks.max).toBeGreaterThanOrEqual(Math.max(0, high) - ticks.step * 1e-6);
        expect(ticks.values.length).toBeLessThanOrEqual(most + 3);
        const mantissa = Number(ticks.step.toExponential().split("e")[0]);
        expect([1, 2, 2.5, 5, 10]).toContain(Math.round(mantissa * 1e6) / 1e6);
        if (whole) expect(ticks.values.every((value) => Number.isInteger(value))).toBe(true);
      }),
    );
  });

  it("read as people would write them", () => {
    expect(niceTicks(0, 1580, 5).values).toEqual([0, 500, 1000, 1500, 2000]);
    expect(niceTicks(0, 0.3, 3).values).toEqual([0, 0.1, 0.2, 0.3]);
    expect(niceTicks(-40, 90, 4).values).toEqual([-50, 0, 50, 100]);
    expect(niceTicks(0, 0).values).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(0, 2, 6, true).values).toEqual([0, 1, 2]);
    expect(niceTicks(Number.NaN, Number.POSITIVE_INFINITY).max).toBe(1);
  });

  it("place values between the ends of the axis and never outside", () => {
    fc.assert(
      fc.property(extreme, (value) => {
        const at = position({ min: -100, max: 100 }, 300, 100, value);
        expect(at).toBeGreaterThanOrEqual(100);
        expect(at).toBeLessThanOrEqual(300);
      }),
    );
    expect(position({ min: 0, max: 200 }, 300, 100, 50)).toBe(250);
  });

  it("thin labels out evenly from the first", () => {
    expect(labelIndices(30, 10)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
    expect(labelIndices(3, 10)).toEqual([0, 1, 2]);
    expect(labelIndices(0, 10)).toEqual([]);
    expect(dateLabel("2024-09-01", "day")).toBe("1 Sep");
    expect(dateLabel("2024-09-01", "day", true)).toBe("1 Sep 2024");
    expect(dateLabel("2024-09-01", "month")).toBe("Sep 2024");
  });
});

describe("numbers on charts", () => {
  it("are short on axes", () => {
    expect([0, 950, 1200, 999_950, 3_400_000, -2e9, 0.25, 1e12].map(abbreviate)).toEqual([
      "0",
      "950",
      "1.2k",
      "1M",
      "3.4M",
      "-2B",
      "0.25",
      "1T",
    ]);
    expect(axisLabel(-1500, { type: "money", unit: "USD" })).toBe("-$1.5k");
    expect(axisLabel(1500, { type: "money", unit: "CHF" })).toBe("CHF 1.5k");
    expect(axisLabel(1500, { type: "money", unit: null })).toBe("1.5k");
    expect(axisLabel(90, { type: "percent", unit: null })).toBe("90%");
  });

  it("are in full elsewhere, and unknown is said, never 0", () => {
    expect(valueLabel("1234.5", { type: "money", unit: "USD" })).toBe("$1,234.50");
    expect(valueLabel("1024", { type: "quantity", unit: "GB" })).toBe("1,024 GB");
    expect(valueLabel("7", { type: "integer", unit: "findings" })).toBe("7");
    expect(valueLabel(null, { type: "money", unit: "USD" })).toBe("not available");
  });
});

describe("colours", () => {
  it("can be told from white, and text on them be read", () => {
    for (const color of SERIES_COLORS) expect(contrast(color, "#ffffff")).toBeGreaterThanOrEqual(3);
    fc.assert(
      fc.property(
        fc.stringMatching(/^#[0-9a-f]{6}$/),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (color, share) => {
          expect(contrast(textOn(color), color)).toBeGreaterThanOrEqual(4.2);
          expect(contrast(readable(color), "#ffffff")).toBeGreaterThanOrEqual(4.5);
          expect(heatColor(share, color)).toMatch(/^#[0-9a-f]{6}$/);
        },
      ),
    );
  });

  it("begin with the brand and keep meanings", () => {
    expect(seriesColors(["a", "CRITICAL", "b"], "#ff00aa")).toEqual(["#ff00aa", "#991b1b", SERIES_COLORS[0]]);
    const names = Array.from({ length: 8 }, (_, i) => `service ${i}`);
    const far = (a: string, b: string): number =>
      Math.hypot(...[0, 1, 2].map((i) => (rgbOf(a)[i] ?? 0) - (rgbOf(b)[i] ?? 0)));
    for (const brand of ["#1d4ed8", "#0f766e", "#b91c1c", "#7c3aed", "#000000", "#4d7c0f", "#0369a1"]) {
      const colors = seriesColors(names, brand);
      for (const [i, color] of colors.entries())
        for (const other of colors.slice(0, i)) expect(far(color, other)).toBeGreaterThan(58);
    }
    expect(seriesColors(["a", "b"], SERIES_COLORS[0])).toEqual([SERIES_COLORS[0], SERIES_COLORS[1]]);
    expect([100, 90, 89.9, 70, 69.9, 0].map(gaugeStatus)).toEqual([
      "good",
      "good",
      "warning",
      "warning",
      "bad",
      "bad",
    ]);
  });
});

describe("chart data", () => {
  const day = dimension("day", { type: "date", grain: "day" });

  it("puts days in order and leaves a gap where a day has no facts", () => {
    const data = result(
      [day, cost],
      [
        ["2024-09-04", "4"],
        ["2024-09-01", "1"],
        ["2024-09-02", null],
      ],
    );
    const chart = chartData({ kind: "line", x: "day", y: ["cost"] }, data) as SeriesChart;
    expect(chart.categories).toEqual(["2024-09-01", "2024-09-02", "2024-09-03", "2024-09-04"]);
    expect(chart.series[0]?.values).toEqual(["1", null, null, "4"]);
  });

  it("folds the smallest series into others, to the last digit", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 10n ** 30n), { minLength: 1, maxLength: 30 }), (amounts) => {
        const rows = amounts.map((amount, i) => ["2024-09-01", `s${i}`, formatDecimal(amount)]);
        const data = result([day, dimension("service"), cost], rows);
        const chart = chartData(
          { kind: "stacked-area", x: "day", y: ["cost"], series: "service" },
          data,
        ) as SeriesChart;
        expect(chart.series.length).toBeLessThanOrEqual(MAX_SERIES);
        const shown = chart.series.map((one) => one.values[0] ?? "0");
        expect(sumDecimals(shown)).toBe(formatDecimal(amounts.reduce((a, b) => a + b, 0n)));
        expect(chart.notes.length).toBe(amounts.length > MAX_SERIES ? 1 : 0);
      }),
    );
  });

  it("never adds different currencies", () => {
    const mixed = { ...cost };
    delete mixed.unit;
    const rows = [
      ["2024-09-01", "USD", "5"],
      ["2024-09-01", "EUR", "7"],
      ["2024-09-02", "EUR", "1"],
    ];
    const data = result([day, dimension("currency"), mixed], rows);
    const chart = chartData({ kind: "line", x: "day", y: ["cost"] }, data) as SeriesChart;
    expect(chart.series).toEqual([
      { name: "EUR", values: ["7", "1"] },
      { name: "USD", values: ["5", null] },
    ]);
    const parts = chartData({ kind: "doughnut", label: "day", value: "cost" }, data) as PartsChart;
    expect(parts.total).toBe("8");
    expect(parts.notes[0]).toContain("Only EUR is shown");
  });

  it("adds what a limit left out to a doughnut's others", () => {
    const rows = Array.from({ length: 12 }, (_, i) => [`r${i}`, String(100 - i)]);
    const data = result([dimension("region"), cost], rows, { others: { groups: 3, cells: [null, "2.5"] } });
    const chart = chartData({ kind: "doughnut", label: "region", value: "cost" }, data) as PartsChart;
    expect(chart.parts.length).toBe(MAX_PARTS);
    expect(chart.parts.at(-1)?.name).toBe("Others (8)");
    expect(parseDecimal(chart.total)).toBe(parseDecimal("1136.5"));
  });

  it("orders severities from worst, and says which column is missing", () => {
    const findings: Column = { ...cost, id: "n", type: "integer", unit: "findings" };
    const rows = [
      ["S3", "LOW", "3"],
      ["S3", "CRITICAL", "1"],
      ["EC2", "HIGH", "2"],
    ];
    const data = result([dimension("service"), dimension("severity"), findings], rows);
    const chart = chartData({ kind: "heatmap", x: "severity", y: "service", value: "n" }, data);
    expect(chart).toMatchObject({
      columns: ["CRITICAL", "HIGH", "LOW"],
      cells: [
        ["1", null, "3"],
        [null, "2", null],
      ],
    });
    expect(() => chartData({ kind: "gauge", value: "score" }, data)).toThrow(/"score"/);
  });
});
