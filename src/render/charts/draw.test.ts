import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChartSpec } from "../../core/charts/spec.ts";
import { chartData } from "../../core/charts/series.ts";
import type { Cell, Row } from "../../core/query/query.ts";
import { dimension, money, resultOf } from "../../../test/fixtures/report-document.ts";
import { chartHeight, describeChart, drawChart, isEmptyChart } from "./draw.ts";
import type { Box, ChartTheme, Point, Surface, TextStyle } from "./surface.ts";

const THEME: ChartTheme = { brand: "#0f766e", ink: "#0f172a", muted: "#5b6b80", grid: "#e6ebf1" };

/** Records where things are drawn; a letter is half as wide as high. */
class Recorder implements Surface {
  readonly points: Point[] = [];
  readonly texts: string[] = [];
  readonly fills: string[] = [];
  rect(x: number, y: number, width: number, height: number, fill: string): void {
    this.points.push([x, y], [x + width, y + height]);
    this.fills.push(fill);
  }
  line(x1: number, y1: number, x2: number, y2: number): void {
    this.points.push([x1, y1], [x2, y2]);
  }
  polyline(points: readonly Point[]): void {
    this.points.push(...points);
  }
  polygon(points: readonly Point[], fill: string): void {
    this.points.push(...points);
    this.fills.push(fill);
  }
  ring(centre: Point, _inner: number, outer: number, _from: number, _to: number, fill: string): void {
    if (outer > 4) this.points.push([centre[0] - outer, centre[1] - outer], [centre[0] + outer, centre[1]]);
    this.fills.push(fill);
  }
  text(text: string, x: number, y: number, style: TextStyle): void {
    const width = this.textWidth(text, style.size);
    const left = style.align === "right" ? x - width : style.align === "center" ? x - width / 2 : x;
    this.points.push([left, y], [left + width, y - style.size * 0.7]);
    this.texts.push(text);
  }
  textWidth(text: string, size: number): number {
    return text.length * size * 0.5;
  }
}

function inside({ points }: Recorder, box: Box): void {
  for (const [x, y] of points) {
    expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
    expect(x).toBeGreaterThanOrEqual(box.x - 1.5);
    expect(x).toBeLessThanOrEqual(box.x + box.width + 1.5);
    expect(y).toBeGreaterThanOrEqual(box.y - 1.5);
    expect(y).toBeLessThanOrEqual(box.y + box.height + 1.5);
  }
}

const columns = [
  dimension("day", "Day", { type: "date", grain: "day" }),
  dimension("service", "Service"),
  dimension("severity", "Severity"),
  money("cost", "Cost"),
  money("budget", "Budget"),
  { ...money("score", "Score"), type: "percent" as const },
];
const amount = fc.option(
  fc.integer({ min: -5_000_000, max: 90_000_000 }).map((n): Cell => String(n / 100)),
  { nil: null, freq: 6 },
);
const row: fc.Arbitrary<Row> = fc.tuple(
  fc.integer({ min: 1, max: 28 }).map((n) => `2024-09-${String(n).padStart(2, "0")}`),
  fc.oneof(
    fc.constantFrom("EC2", "S3", "A service with a name that goes on and on and on"),
    fc.string({ maxLength: 60 }),
  ),
  fc.constantFrom("CRITICAL", "HIGH", "LOW", null),
  amount,
  amount,
  fc.integer({ min: 0, max: 100 }).map(String),
);
const SPECS: ChartSpec[] = [
  { kind: "line", x: "day", y: ["cost", "budget"] },
  { kind: "line", x: "day", y: ["cost"] },
  { kind: "bar", x: "service", y: ["cost"] },
  { kind: "bar", x: "service", y: ["cost", "budget"], horizontal: true },
  { kind: "bar", x: "day", y: ["cost"], series: "service" },
  { kind: "stacked-area", x: "day", y: ["cost"], series: "severity" },
  { kind: "doughnut", label: "severity", value: "cost" },
  { kind: "gauge", value: "score" },
  { kind: "heatmap", x: "severity", y: "service", value: "cost" },
  { kind: "budget", x: "day", actual: "cost", budget: "budget" },
];

describe("charts", () => {
  it("of every kind stay inside their box, whatever the data", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SPECS),
        fc.array(row, { maxLength: 25 }),
        fc.integer({ min: 140, max: 520 }),
        (spec, rows, width) => {
          const chart = chartData(spec, resultOf(columns, rows));
          expect(describeChart("Title", chart)).toMatch(/^Title\. ./);
          if (isEmptyChart(chart)) return;
          const box = { x: 50, y: 80, width, height: chartHeight(chart, width) };
          const surface = new Recorder();
          drawChart(surface, chart, box, THEME);
          inside(surface, box);
          expect(surface.texts.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("say when a gauge is not known, and colour it by its value", () => {
    const draw = (value: string | null): Recorder => {
      const chart = chartData({ kind: "gauge", value: "score" }, resultOf(columns.slice(5), [[value]]));
      const surface = new Recorder();
      drawChart(surface, chart, { x: 0, y: 0, width: 200, height: 140 }, THEME);
      return surface;
    };
    expect(draw(null).texts).toContain("not available");
    expect(draw("92").texts).toContain("92.0%");
    // The value's own arc is the second thing drawn, after the empty one.
    expect(["92", "75", "20"].map((value) => draw(value).fills[1])).toEqual([
      "#16a34a",
      "#f59e0b",
      "#dc2626",
    ]);
  });

  it("mark what is over budget", () => {
    const rows: Row[] = [
      ["2024-09-01", "s", null, "120", "100", "1"],
      ["2024-09-02", "s", null, "80", "100", "1"],
    ];
    const chart = chartData(
      { kind: "budget", x: "day", actual: "cost", budget: "budget" },
      resultOf(columns, rows),
    );
    const surface = new Recorder();
    drawChart(surface, chart, { x: 0, y: 0, width: 300, height: 160 }, THEME);
    // Once in the legend and once for the first day.
    expect(surface.fills.filter((fill) => fill === "#dc2626")).toHaveLength(2);
  });
});
