import { valueLabel } from "../../core/charts/abbreviate.ts";
import { gaugeStatus, OTHERS_COLOR, seriesColors, STATUS_COLORS } from "../../core/charts/palette.ts";
import type { GaugeChart, PartsChart, SeriesChart } from "../../core/charts/series.ts";
import { compareDecimals } from "../../core/money/decimal.ts";
import type { BoundChart, BoundSeries } from "./chart-sheet.ts";
import { axisFormat } from "./formats.ts";
import {
  AXIS_IDS,
  categories,
  categoryAxis,
  chartSpace,
  dateAxis,
  line,
  NO_LINE,
  seriesName,
  shape,
  solid,
  textLook,
  valueAxis,
  values,
} from "./chart-xml.ts";

const BUDGET_COLOR = "#0f172a";
const EMPTY_COLOR = "#e2e8f0";
const DAY_LABEL = "d mmm";
const MONTH_LABEL = "mmm yy";
/** A slice below this share of the ring has no room for its percentage. */
const LABEL_SHARE = 0.04;

/** The XML of a native chart; `brand` is the first series' colour. */
export function chartXml(chart: BoundChart, brand: string): string {
  const { data } = chart;
  switch (data.shape) {
    case "series":
      return seriesChart(chart, data, brand);
    case "parts":
      return ring(chart, data, brand);
    case "gauge":
      return gauge(chart, data);
  }
}

/** What the chart says, for those who cannot see it. */
export function chartDescription({ title, data }: BoundChart): string {
  switch (data.shape) {
    case "series": {
      const names = data.series.map((one) => one.name).join(", ");
      return `${title}. ${kindName(data)} of ${names} by ${data.categoryLabel.toLowerCase()}, ${data.categories.length} values.`;
    }
    case "parts": {
      const list = data.parts.map((part) => `${part.name} ${valueLabel(part.value, data.format)}`);
      return `${title}. Parts of ${valueLabel(data.total, data.format)}: ${list.join(", ")}.`;
    }
    case "gauge":
      return `${title}. ${data.label}: ${gaugeText(data)}.`;
  }
}

function kindName({ kind, horizontal }: SeriesChart): string {
  const names = {
    line: "Lines",
    bar: "Columns",
    "stacked-area": "Stacked areas",
    budget: "Actual against budget",
  };
  return horizontal ? "Bars" : names[kind];
}

function seriesChart(chart: BoundChart, data: SeriesChart, brand: string): string {
  const legend = chart.series.length > 1 ? "b" : undefined;
  return chartSpace({ title: chart.title, plot: groups(chart, data, brand) + axes(chart, data), legend });
}

function groups(chart: BoundChart, data: SeriesChart, brand: string): string {
  const colors = colorsOf(chart, brand);
  switch (data.kind) {
    case "line":
      return lines(chart, chart.series, 0, colors);
    case "stacked-area":
      return areas(chart, colors);
    case "bar":
      return bars(chart, chart.series, data.horizontal, colors);
    case "budget": {
      const [actual, ...budget] = chart.series;
      const own = actual === undefined ? [] : [actual];
      return (
        bars(chart, own, false, [brand], overBudget(data)) +
        lines(
          chart,
          budget,
          own.length,
          budget.map(() => BUDGET_COLOR),
          "sysDash",
        )
      );
    }
  }
}

function colorsOf(chart: BoundChart, brand: string): string[] {
  const named = chart.series.map((one) => one.name.values[0] ?? "");
  return seriesColors(named, brand).map((color, i) =>
    chart.series[i]?.others === true ? OTHERS_COLOR : color,
  );
}

function seriesStart(one: BoundSeries, index: number): string {
  return `<c:idx val="${index}"/><c:order val="${index}"/>${seriesName(one.name)}`;
}

function lines(
  chart: BoundChart,
  series: readonly BoundSeries[],
  first: number,
  colors: readonly string[],
  dash?: string,
): string {
  if (series.length === 0) return "";
  const xml = series.map((one, i) => {
    const color = colors[i] ?? OTHERS_COLOR;
    // A line of one point is no line: a marker makes it visible.
    const marker = one.values.values.length > 1 ? '<c:marker><c:symbol val="none"/></c:marker>' : dot(color);
    return (
      `<c:ser>${seriesStart(one, first + i)}${shape(line(color, 2.25, dash))}${marker}` +
      `${categories(chart.categories)}${values(one.values)}<c:smooth val="0"/></c:ser>`
    );
  });
  return `<c:lineChart><c:grouping val="standard"/><c:varyColors val="0"/>${xml.join("")}<c:marker val="1"/>${AXIS_IDS}</c:lineChart>`;
}

function dot(color: string): string {
  return `<c:marker><c:symbol val="circle"/><c:size val="7"/>${shape(solid(color) + NO_LINE)}</c:marker>`;
}

function areas(chart: BoundChart, colors: readonly string[]): string {
  const xml = chart.series.map(
    (one, i) =>
      `<c:ser>${seriesStart(one, i)}${shape(`${solid(colors[i] ?? OTHERS_COLOR)}${line("#ffffff", 0.5)}`)}` +
      `${categories(chart.categories)}${values(one.values)}</c:ser>`,
  );
  return `<c:areaChart><c:grouping val="stacked"/><c:varyColors val="0"/>${xml.join("")}${AXIS_IDS}</c:areaChart>`;
}

function bars(
  chart: BoundChart,
  series: readonly BoundSeries[],
  horizontal: boolean,
  colors: readonly string[],
  red: readonly number[] = [],
): string {
  const points = red.map(
    (i) =>
      `<c:dPt><c:idx val="${i}"/><c:invertIfNegative val="0"/><c:bubble3D val="0"/>${shape(solid(STATUS_COLORS.bad))}</c:dPt>`,
  );
  const xml = series.map(
    (one, i) =>
      `<c:ser>${seriesStart(one, i)}${shape(solid(colors[i] ?? OTHERS_COLOR))}<c:invertIfNegative val="0"/>${points.join("")}` +
      `${categories(chart.categories)}${values(one.values)}</c:ser>`,
  );
  return (
    `<c:barChart><c:barDir val="${horizontal ? "bar" : "col"}"/><c:grouping val="clustered"/><c:varyColors val="0"/>` +
    `${xml.join("")}<c:gapWidth val="${horizontal ? 45 : 60}"/>${AXIS_IDS}</c:barChart>`
  );
}

/** The categories whose actual value is above the budget. */
function overBudget({ series: [actual, budget] }: SeriesChart): number[] {
  return (actual?.values ?? []).flatMap((value, i) => {
    const limit = budget?.values[i] ?? null;
    return value !== null && limit !== null && compareDecimals(value, limit) > 0 ? [i] : [];
  });
}

function axes(chart: BoundChart, data: SeriesChart): string {
  const shown = { format: axisFormat(data.format, greatestOf(data)) };
  const dates = chart.categories.format !== undefined;
  const grain = data.grain ?? "day";
  const label = dates ? { format: grain === "month" ? MONTH_LABEL : DAY_LABEL } : {};
  if (data.horizontal) {
    return (
      categoryAxis({ position: "l", reversed: true, ...label }) +
      valueAxis({ position: "b", reversed: true, ...shown }, true)
    );
  }
  const continuous = dates && (data.kind === "line" || data.kind === "stacked-area");
  const below = continuous
    ? dateAxis({ position: "b", ...label }, grain)
    : categoryAxis({ position: "b", ...label });
  return below + valueAxis({ position: "l", ...shown }, data.kind !== "stacked-area");
}

/** The greatest magnitude on the value axis; of stacked series, of their sums. */
function greatestOf(data: SeriesChart): number {
  const sums = data.categories.map((_, i) =>
    data.series.reduce((sum, one) => {
      const size = Math.abs(Number(one.values[i] ?? 0));
      return data.kind === "stacked-area" ? sum + size : Math.max(sum, size);
    }, 0),
  );
  return sums.reduce((a, b) => Math.max(a, b), 0);
}

function ring(chart: BoundChart, data: PartsChart, brand: string): string {
  const named = seriesColors(
    data.parts.map((part) => part.name),
    brand,
  );
  const total = data.parts.reduce((sum, part) => sum + Number(part.value), 0);
  const points = data.parts.map((part, i) => {
    const color = part.others === true ? OTHERS_COLOR : (named[i] ?? OTHERS_COLOR);
    return point(i, `${solid(color)}${line("#ffffff", 1)}`);
  });
  const hidden = data.parts.flatMap((part, i) =>
    Number(part.value) < total * LABEL_SHARE
      ? [`<c:dLbl><c:idx val="${i}"/><c:delete val="1"/></c:dLbl>`]
      : [],
  );
  const labels =
    `<c:dLbls>${hidden.join("")}<c:numFmt formatCode="0%" sourceLinked="0"/>${shape("<a:noFill/>")}${textLook(9, "FFFFFF", true)}` +
    `<c:showLegendKey val="0"/><c:showVal val="0"/><c:showCatName val="0"/><c:showSerName val="0"/><c:showPercent val="1"/><c:showBubbleSize val="0"/><c:showLeaderLines val="0"/></c:dLbls>`;
  return chartSpace({ title: chart.title, plot: doughnut(chart, points, labels, 0, 58), legend: "r" });
}

function gauge(chart: BoundChart, data: GaugeChart): string {
  const color = data.value === null ? EMPTY_COLOR : STATUS_COLORS[gaugeStatus(Number(data.value))];
  const points = [
    point(0, solid(color) + NO_LINE),
    point(1, solid(EMPTY_COLOR) + NO_LINE),
    point(2, `<a:noFill/>${NO_LINE}`),
  ];
  const title = `${chart.title}: ${gaugeText(data)}`;
  return chartSpace({ title, plot: doughnut(chart, points, "", 225, 66), legend: undefined });
}

function gaugeText({ value }: GaugeChart): string {
  return valueLabel(value, { type: "percent", unit: null });
}

function point(index: number, look: string): string {
  return `<c:dPt><c:idx val="${index}"/><c:bubble3D val="0"/>${shape(look)}</c:dPt>`;
}

function doughnut(
  chart: BoundChart,
  points: readonly string[],
  labels: string,
  angle: number,
  hole: number,
): string {
  const xml = chart.series.map(
    (one, i) =>
      `<c:ser>${seriesStart(one, i)}${points.join("")}${labels}${categories(chart.categories)}${values(one.values)}</c:ser>`,
  );
  return `<c:doughnutChart><c:varyColors val="1"/>${xml.join("")}<c:firstSliceAng val="${angle}"/><c:holeSize val="${hole}"/></c:doughnutChart>`;
}
