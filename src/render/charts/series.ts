import { valueLabel } from "../../core/charts/abbreviate.ts";
import { mixColors, OTHERS_COLOR, seriesColors, STATUS_COLORS } from "../../core/charts/palette.ts";
import { niceTicks, position } from "../../core/charts/scale.ts";
import type { ChartSeries, SeriesChart } from "../../core/charts/series.ts";
import { drawAxes, LABEL, type Plot } from "./axes.ts";
import { drawLegend, type LegendItem, legendHeight } from "./legend.ts";
import { type Box, type ChartTheme, fitText, type Point, type Surface } from "./surface.ts";

/** Drawing positions need no exactness: amounts become floats here and nowhere else. */
const num = (value: string | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

function colorsOf(chart: SeriesChart, theme: ChartTheme): string[] {
  const colors = seriesColors(
    chart.series.map((one) => one.name),
    theme.brand,
  );
  return chart.series.map((one, i) => (one.others === true ? OTHERS_COLOR : (colors[i] ?? OTHERS_COLOR)));
}

/** Draws line, bar, stacked area and budget charts. */
export function drawSeries(surface: Surface, chart: SeriesChart, box: Box, theme: ChartTheme): void {
  if (chart.horizontal) {
    drawHorizontal(surface, chart, box, theme);
    return;
  }
  const colors = chart.kind === "budget" ? [theme.brand, theme.ink] : colorsOf(chart, theme);
  const items = legendItems(chart, colors);
  const top = items.length > 1 ? legendHeight(surface, items, box.width) + 6 : 0;
  if (top > 0) drawLegend(surface, items, box, theme);
  const area = { ...box, y: box.y + top, height: box.height - top };
  const plot = drawAxes(surface, chart, area, extremes(chart), theme);
  if (chart.kind === "line") drawLines(surface, chart, plot, colors);
  else if (chart.kind === "stacked-area") drawAreas(surface, chart, plot, colors);
  else if (chart.kind === "budget") drawBudget(surface, chart, plot, theme);
  else drawBars(surface, chart, plot, colors);
}

function legendItems(chart: SeriesChart, colors: readonly string[]): LegendItem[] {
  const items = chart.series.map((one, i) => ({
    name: one.name,
    color: colors[i] ?? OTHERS_COLOR,
    line: chart.kind === "line" || (chart.kind === "budget" && i === 1),
  }));
  if (chart.kind === "budget") items.push({ name: "Over budget", color: STATUS_COLORS.bad, line: false });
  return items;
}

/** Bars of several series stack when they are split by a dimension, so their sums decide the axis. */
const stacks = (chart: SeriesChart): boolean =>
  chart.kind === "stacked-area" || (chart.kind === "bar" && chart.series.length > 3);

function extremes(chart: SeriesChart): [number, number] {
  let low = 0;
  let high = 0;
  chart.categories.forEach((_, i) => {
    let up = 0;
    let down = 0;
    for (const one of chart.series) {
      const value = num(one.values[i]) ?? 0;
      if (!stacks(chart)) [up, down] = [Math.max(up, value), Math.min(down, value)];
      else if (value > 0) up += value;
      else down += value;
    }
    low = Math.min(low, down);
    high = Math.max(high, up);
  });
  return [low, high];
}

const centreOf = (plot: Plot, index: number): number => {
  const { x, width } = plot.band(index);
  return x + width / 2;
};

/** The runs of known values of a series: an unknown value is a gap, not a zero. */
function runsOf(one: ChartSeries, plot: Plot): Point[][] {
  const runs: Point[][] = [];
  let open = false;
  one.values.forEach((text, i) => {
    const value = num(text);
    if (value === null) {
      open = false;
      return;
    }
    const point: Point = [centreOf(plot, i), plot.yOf(value)];
    if (open) runs.at(-1)?.push(point);
    else runs.push([point]);
    open = true;
  });
  return runs;
}

function drawLines(surface: Surface, chart: SeriesChart, plot: Plot, colors: readonly string[]): void {
  const zero = plot.yOf(0);
  // The first on top and thinner than what is below it: two equal lines are both seen.
  chart.series.toReversed().forEach((one, at) => {
    const i = chart.series.length - 1 - at;
    const color = colors[i] ?? OTHERS_COLOR;
    for (const run of runsOf(one, plot)) {
      const first = run[0];
      const last = run.at(-1);
      if (first === undefined || last === undefined) continue;
      if (chart.series.length === 1 && run.length > 1) {
        surface.polygon([[first[0], zero], ...run, [last[0], zero]], mixColors(color, "#ffffff", 0.88));
      }
      if (run.length > 1) surface.polyline(run, { color, width: 1.4 + Math.min(i, 2) * 0.8 });
      if (run.length <= 31) for (const point of run) dot(surface, point, color, run.length === 1 ? 2.4 : 1.5);
    }
  });
}

const dot = (surface: Surface, at: Point, color: string, radius: number): void =>
  surface.ring(at, 0, radius, 0, Math.PI * 2, color);

function drawAreas(surface: Surface, chart: SeriesChart, plot: Plot, colors: readonly string[]): void {
  if (chart.categories.length === 1) {
    drawBars(surface, chart, plot, colors);
    return;
  }
  let below = chart.categories.map(() => 0);
  const bands = chart.series.map((one) => {
    // Negative parts (credits) cannot lie in a stack; they are drawn as nothing and named in the notes.
    const above = below.map((sum, i) => sum + Math.max(0, num(one.values[i]) ?? 0));
    const band = { below, above };
    below = above;
    return band;
  });
  bands.forEach(({ below: from, above: to }, i) => {
    const color = colors[i] ?? OTHERS_COLOR;
    const upper = to.map((sum, at): Point => [centreOf(plot, at), plot.yOf(sum)]);
    const lower = from.map((sum, at): Point => [centreOf(plot, at), plot.yOf(sum)]);
    surface.polygon([...upper, ...lower.toReversed()], mixColors(color, "#ffffff", 0.25));
    surface.polyline(upper, { color, width: 0.9 });
  });
}

function drawBars(surface: Surface, chart: SeriesChart, plot: Plot, colors: readonly string[]): void {
  const stacked = stacks(chart);
  const zero = plot.yOf(0);
  chart.categories.forEach((_, at) => {
    const { x, width } = plot.band(at);
    const inner = Math.min(width * 0.72, stacked ? 44 : 36 * chart.series.length);
    const each = stacked ? inner : inner / chart.series.length;
    const left = x + (width - inner) / 2;
    let up = 0;
    let down = 0;
    chart.series.forEach((one, i) => {
      const value = num(one.values[at]);
      if (value === null || value === 0) return;
      const from = stacked ? (value > 0 ? up : down) : 0;
      if (value > 0) up += value;
      else down += value;
      const y1 = stacked ? plot.yOf(from + value) : plot.yOf(value);
      const y0 = stacked ? plot.yOf(from) : zero;
      const offset = stacked ? 0 : i * each;
      const gap = !stacked && chart.series.length > 1 ? 0.6 : 0;
      surface.rect(
        left + offset + gap,
        Math.min(y0, y1),
        each - 2 * gap,
        Math.abs(y1 - y0),
        colors[i] ?? OTHERS_COLOR,
      );
    });
  });
}

function drawBudget(surface: Surface, chart: SeriesChart, plot: Plot, theme: ChartTheme): void {
  const [actual, budget] = chart.series;
  chart.categories.forEach((_, at) => {
    const { x, width } = plot.band(at);
    const inner = Math.min(width * 0.6, 34);
    const left = x + (width - inner) / 2;
    const spent = num(actual?.values[at]);
    const planned = num(budget?.values[at]);
    if (spent !== null) {
      const within = planned === null ? spent : Math.min(spent, planned);
      bar(surface, plot, left, inner, 0, within, theme.brand);
      if (planned !== null && spent > planned)
        bar(surface, plot, left, inner, planned, spent, STATUS_COLORS.bad);
    }
    if (planned !== null) {
      const y = plot.yOf(planned);
      const over = Math.min(4, (width - inner) / 2);
      surface.line(left - over, y, left + inner + over, y, { color: theme.ink, width: 1.4 });
    }
  });
}

function bar(
  surface: Surface,
  plot: Plot,
  x: number,
  width: number,
  from: number,
  to: number,
  fill: string,
): void {
  const y0 = plot.yOf(from);
  const y1 = plot.yOf(to);
  surface.rect(x, Math.min(y0, y1), width, Math.abs(y1 - y0), fill);
}

/** Points of height that horizontal bars want: a row each, so that every name can be read. */
export function horizontalHeight(chart: SeriesChart): number {
  return chart.categories.length * 18 + (chart.series.length > 1 ? 22 : 4);
}

/** Ranked bars: name on the left, bar, value at its end; no axis is needed beside the values themselves. */
function drawHorizontal(surface: Surface, chart: SeriesChart, box: Box, theme: ChartTheme): void {
  const colors = colorsOf(chart, theme);
  const items = legendItems(chart, colors);
  const top = items.length > 1 ? legendHeight(surface, items, box.width) + 6 : 0;
  if (top > 0) drawLegend(surface, items, box, theme);
  const names = chart.categories;
  const nameRoom =
    Math.min(
      box.width * (box.width < 320 ? 0.44 : 0.34),
      Math.max(...names.map((n) => surface.textWidth(n, 7.5)), 20),
    ) + 8;
  const shown = names.map((_, i) => chart.series.map((one) => one.values[i] ?? null));
  const labels = shown.map((values) => values.map((value) => valueLabel(value, chart.format, false)));
  const valueRoom = Math.max(...labels.flat().map((label) => surface.textWidth(label, LABEL)), 10) + 6;
  const [low, high] = extremes({ ...chart, kind: "line" });
  const ticks = { ...niceTicks(low, high, 5), min: low, max: high };
  const from = box.x + nameRoom;
  const to = box.x + box.width - valueRoom;
  const row = (box.height - top) / Math.max(1, names.length);
  const thick = Math.min(11, row * 0.62) / chart.series.length;
  names.forEach((name, at) => {
    const middle = box.y + top + row * (at + 0.5);
    const text = fitText(surface, name, nameRoom - 8, 7.5);
    surface.text(text, from - 8, middle + 2.7, { size: 7.5, color: theme.ink, align: "right" });
    chart.series.forEach((_, i) => {
      const value = num(shown[at]?.[i]);
      const zero = position(ticks, from, to, 0);
      const end = value === null ? zero : position(ticks, from, to, value);
      const y = middle + thick * (i - chart.series.length / 2);
      const color = name.startsWith("Others (") ? OTHERS_COLOR : (colors[i] ?? OTHERS_COLOR);
      surface.rect(Math.min(zero, end), y, Math.max(0.8, Math.abs(end - zero)), thick - 0.5, color, 1);
      surface.text(labels[at]?.[i] ?? "", Math.max(zero, end) + 5, y + thick / 2 + 2.4, {
        size: LABEL,
        color: theme.muted,
      });
    });
  });
}
