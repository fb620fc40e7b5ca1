import { valueLabel } from "../../core/charts/abbreviate.ts";
import type { ChartData, SeriesChart } from "../../core/charts/series.ts";
import { compareDecimals, sumDecimals } from "../../core/money/decimal.ts";
import { axisTitle, categoryNames } from "./axes.ts";
import { drawHeatmap, heatmapHeight } from "./heatmap.ts";
import { doughnutHeight, drawDoughnut, drawGauge, gaugeHeight } from "./radial.ts";
import { drawSeries, horizontalHeight } from "./series.ts";
import type { Box, ChartTheme, Surface } from "./surface.ts";

/** Draws a chart into `box`. A chart without a single value draws nothing: see {@link isEmptyChart}. */
export function drawChart(surface: Surface, chart: ChartData, box: Box, theme: ChartTheme): void {
  if (chart.shape === "series") drawSeries(surface, chart, box, theme);
  else if (chart.shape === "parts") drawDoughnut(surface, chart, box, theme);
  else if (chart.shape === "gauge") drawGauge(surface, chart, box, theme);
  else drawHeatmap(surface, chart, box, theme);
}

/** Whether there is nothing to draw; a gauge is never empty, it says "not available" itself. */
export function isEmptyChart(chart: ChartData): boolean {
  if (chart.shape === "series")
    return chart.series.every((one) => one.values.every((value) => value === null));
  if (chart.shape === "parts") return chart.parts.length === 0;
  return chart.shape === "grid" && chart.rows.length === 0;
}

/** How many charts of this kind may share the page's width: gauges three, small ones two. */
export function chartsAbreast(chart: ChartData): 1 | 2 | 3 {
  if (chart.shape === "gauge") return 3;
  if (chart.shape === "parts") return 2;
  return chart.shape === "series" && chart.horizontal && chart.categories.length <= 11 ? 2 : 1;
}

/** The height in points that a chart looks best at in `width`. */
export function chartHeight(chart: ChartData, width: number): number {
  switch (chart.shape) {
    case "gauge":
      return gaugeHeight(width);
    case "parts":
      return doughnutHeight(chart, width);
    case "grid":
      return heatmapHeight(chart);
    case "series":
      return chart.horizontal ? Math.max(120, horizontalHeight(chart)) : 180;
  }
}

/** What stands below a chart's title: what is measured, in what unit. */
export function chartSubtitle(chart: ChartData): string {
  if (chart.shape === "gauge") return "Green from 90, amber from 70, red below";
  if (chart.shape === "grid") return `${chart.rowLabel} by ${chart.columnLabel}`;
  const measured = axisTitle(chart.valueLabel, chart.format);
  return chart.shape === "series" && chart.grain !== undefined ? `${measured}, by ${chart.grain}` : measured;
}

/** Alternative text for those who cannot see the chart: its kind, extent and main values, at most some hundred words. */
export function describeChart(title: string, chart: ChartData): string {
  if (chart.shape === "gauge") {
    return `${title}. Gauge: ${chart.label} ${valueLabel(chart.value, { type: "percent", unit: null })} of 100%.`;
  }
  if (isEmptyChart(chart)) return `${title}. There is no data in this range.`;
  if (chart.shape === "parts") {
    const parts = chart.parts.map((part) => `${part.name} ${valueLabel(part.value, chart.format)}`);
    return `${title}. Doughnut chart of ${chart.valueLabel}, total ${valueLabel(chart.total, chart.format)}: ${parts.join("; ")}.`;
  }
  if (chart.shape === "grid") {
    const rows = chart.rows.slice(0, 20).map((row, r) => {
      const cells = chart.columns.flatMap((column, c) => {
        const value = chart.cells[r]?.[c] ?? null;
        return value === null ? [] : [`${column} ${valueLabel(value, chart.format, false)}`];
      });
      return `${row}: ${cells.join(", ")}`;
    });
    return `${title}. Heatmap of ${chart.rowLabel} by ${chart.columnLabel}. ${rows.join("; ")}.`;
  }
  return `${title}. ${describeSeries(chart)}`;
}

const KIND: Record<SeriesChart["kind"], string> = {
  line: "Line chart",
  bar: "Bar chart",
  "stacked-area": "Stacked area chart",
  budget: "Budget against actual",
};

function describeSeries(chart: SeriesChart): string {
  const names = categoryNames(chart);
  const extent =
    chart.grain === undefined ? `${names.length} categories` : `${names[0] ?? ""} to ${names.at(-1) ?? ""}`;
  const series = chart.series.map((one) => {
    const known = one.values.flatMap((value, i) => (value === null ? [] : [{ value, name: names[i] ?? "" }]));
    if (known.length === 0) return `${one.name}: not available`;
    if (known.length <= 6)
      return `${one.name}: ${known.map((k) => `${k.name} ${valueLabel(k.value, chart.format)}`).join(", ")}`;
    const sorted = known.toSorted((a, b) => compareDecimals(a.value, b.value));
    const say = (k: { value: string; name: string } | undefined): string =>
      k === undefined ? "" : `${valueLabel(k.value, chart.format)} (${k.name})`;
    const sum = valueLabel(sumDecimals(known.map((k) => k.value)), chart.format);
    return `${one.name}: lowest ${say(sorted[0])}, highest ${say(sorted.at(-1))}, sum ${sum}`;
  });
  return `${KIND[chart.kind]} of ${chart.valueLabel} by ${chart.categoryLabel}, ${extent}. ${series.join(". ")}.`;
}
