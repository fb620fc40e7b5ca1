import { axisLabel, type ValueFormat } from "../../core/charts/abbreviate.ts";
import { dateLabel, labelIndices, niceTicks, position, type Ticks } from "../../core/charts/scale.ts";
import type { SeriesChart } from "../../core/charts/series.ts";
import { type Box, type ChartTheme, fitText, type Surface } from "./surface.ts";

export const LABEL = 7;

/** The plot area inside its axes, with the value axis it was measured for. */
export interface Plot extends Box {
  ticks: Ticks;
  /** The y of a value. */
  yOf(value: number): number;
  /** The left edge and the width of a category's band. */
  band(index: number): { x: number; width: number };
}

/**
 * Measures and draws a value axis on the left, its grid, and category labels below.
 * @param low and high the extremes of the values, 0 included by the axis itself
 */
export function drawAxes(
  surface: Surface,
  chart: SeriesChart,
  box: Box,
  range: [number, number],
  theme: ChartTheme,
): Plot {
  const most = Math.max(2, Math.min(6, Math.floor(box.height / 32)));
  const ticks = niceTicks(range[0], range[1], most, chart.format.type === "integer");
  const labels = ticks.values.map((value) => axisLabel(value, chart.format));
  const left = Math.max(...labels.map((label) => surface.textWidth(label, LABEL))) + 7;
  const plot = { x: box.x + left, y: box.y + 4, width: box.width - left, height: box.height - 4 - 16 };
  const yOf = (value: number): number => position(ticks, plot.y + plot.height, plot.y, value);
  ticks.values.forEach((value, i) => {
    const y = yOf(value);
    const color = value === 0 ? "#94a3b8" : theme.grid;
    surface.line(plot.x, y, plot.x + plot.width, y, { color, width: value === 0 ? 0.8 : 0.5 });
    surface.text(labels[i] ?? "", plot.x - 6, y + LABEL * 0.36, {
      size: LABEL,
      color: theme.muted,
      align: "right",
    });
  });
  const count = Math.max(1, chart.categories.length);
  const band = (index: number): { x: number; width: number } => ({
    x: plot.x + (plot.width * index) / count,
    width: plot.width / count,
  });
  drawCategories(surface, chart, { ...plot, ticks, yOf, band }, theme);
  return { ...plot, ticks, yOf, band };
}

function drawCategories(surface: Surface, chart: SeriesChart, plot: Plot, theme: ChartTheme): void {
  const names = categoryNames(chart);
  const widest = Math.max(...names.map((name) => surface.textWidth(name, LABEL)), 1);
  const band = plot.width / Math.max(1, names.length);
  // Dates may be thinned out, since the reader can count on; names may not, so they are shortened instead.
  const most = chart.grain === undefined ? names.length : Math.floor(plot.width / (widest + 12));
  let free = Number.NEGATIVE_INFINITY;
  for (const i of labelIndices(names.length, Math.max(1, most))) {
    const { x, width } = plot.band(i);
    const room = chart.grain === undefined ? band - 4 : widest + 4;
    const text = fitText(surface, names[i] ?? "", room, LABEL);
    const half = surface.textWidth(text, LABEL) / 2;
    // Kept within the plot, the first label may reach where the second would stand.
    const centre = Math.min(plot.x + plot.width - half, Math.max(plot.x + half, x + width / 2));
    if (centre - half < free) continue;
    surface.text(text, centre, plot.y + plot.height + 11, {
      size: LABEL,
      color: theme.muted,
      align: "center",
    });
    free = centre + half + 4;
  }
}

/** Categories as an axis shows them: dates short, with the year where the axis spans several. */
export function categoryNames(chart: SeriesChart): string[] {
  const grain = chart.grain;
  if (grain === undefined) return [...chart.categories];
  const years = new Set(chart.categories.map((date) => date.slice(0, 4)));
  return chart.categories.map((date) =>
    /^\d{4}-\d\d-\d\d$/.test(date) ? dateLabel(date, grain, years.size > 1) : date,
  );
}

/** What the value axis measures: `Billed cost, USD`. */
export function axisTitle(label: string, format: ValueFormat): string {
  return format.unit === null || label.toLowerCase().includes(format.unit.toLowerCase())
    ? label
    : `${label}, ${format.unit}`;
}
