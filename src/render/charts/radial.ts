import { valueLabel } from "../../core/charts/abbreviate.ts";
import {
  gaugeStatus,
  OTHERS_COLOR,
  seriesColors,
  STATUS_COLORS,
  STATUS_TEXT,
} from "../../core/charts/palette.ts";
import type { GaugeChart, PartsChart } from "../../core/charts/series.ts";
import { type Box, type ChartTheme, fitText, type Surface } from "./surface.ts";

const PART_ROW = 16;
/** Below this width the parts stand under the ring instead of beside it. */
const NARROW = 300;

/** The height in points that a doughnut with its parts wants in `width`. */
export function doughnutHeight(chart: PartsChart, width: number): number {
  const list = chart.parts.length * PART_ROW;
  return width < NARROW ? 124 + list : Math.max(124, list);
}

/** A ring of parts with the total in its middle, and the parts with value and share beside or below it. */
export function drawDoughnut(surface: Surface, chart: PartsChart, box: Box, theme: ChartTheme): void {
  const narrow = box.width < NARROW;
  const diameter = narrow ? Math.min(112, box.width) : Math.min(box.height, box.width * 0.42, 130);
  const radius = diameter / 2;
  const centre = narrow
    ? ([box.x + box.width / 2, box.y + radius] as const)
    : ([box.x + radius, box.y + box.height / 2] as const);
  const colors = seriesColors(
    chart.parts.map((part) => part.name),
    theme.brand,
  );
  const colorOf = (i: number): string =>
    chart.parts[i]?.others === true ? OTHERS_COLOR : (colors[i] ?? OTHERS_COLOR);
  const sizes = chart.parts.map((part) => Math.max(0, Number(part.value)));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  if (whole === 0) surface.ring(centre, radius * 0.64, radius, 0, Math.PI * 2, theme.grid);
  let angle = 0;
  sizes.forEach((size, i) => {
    if (size === 0) return;
    const sweep = (size / whole) * Math.PI * 2;
    // A hair of white between the parts; none where a part is too thin to spare it.
    const gap = sizes.length > 1 && sweep > 0.06 ? 0.02 : 0;
    surface.ring(centre, radius * 0.64, radius, angle + gap / 2, angle + sweep - gap / 2, colorOf(i));
    angle += sweep;
  });
  const total = valueLabel(chart.total, chart.format, false);
  let size = 13;
  while (size > 7 && surface.textWidth(total, size, true) > radius * 1.02) size -= 0.5;
  surface.text(total, centre[0], centre[1] + 2, { size, color: theme.ink, bold: true, align: "center" });
  surface.text("Total", centre[0], centre[1] + 13, { size: 7, color: theme.muted, align: "center" });
  const list = chart.parts.length * PART_ROW;
  const beside = { ...box, x: box.x + diameter + 22, width: box.width - diameter - 22 };
  const below = { ...box, y: box.y + diameter + 10, height: list };
  drawParts(surface, chart, narrow ? below : beside, theme, colorOf, whole);
}

function drawParts(
  surface: Surface,
  chart: PartsChart,
  box: Box,
  theme: ChartTheme,
  colorOf: (i: number) => string,
  whole: number,
): void {
  const row = Math.min(PART_ROW, box.height / Math.max(1, chart.parts.length));
  let y = box.y + (box.height - row * chart.parts.length) / 2 + row / 2;
  const values = chart.parts.map((part) => valueLabel(part.value, chart.format, false));
  const valueRoom = Math.max(...values.map((value) => surface.textWidth(value, 7.5)), 0);
  chart.parts.forEach((part, i) => {
    surface.rect(box.x, y - 3.5, 7, 7, colorOf(i), 1.5);
    const share = whole === 0 ? 0 : (Math.max(0, Number(part.value)) / whole) * 100;
    const percent = share > 0 && share < 0.1 ? "<0.1%" : `${share.toFixed(1)}%`;
    surface.text(percent, box.x + box.width, y + 2.7, { size: 7.5, color: theme.muted, align: "right" });
    const right = box.x + box.width - 34;
    surface.text(values[i] ?? "", right, y + 2.7, { size: 7.5, color: theme.ink, align: "right" });
    const room = right - valueRoom - 8 - (box.x + 12);
    surface.text(fitText(surface, part.name, room, 7.5), box.x + 12, y + 2.7, {
      size: 7.5,
      color: theme.ink,
    });
    y += row;
  });
}

const START = -Math.PI * 0.68;
const SWEEP = Math.PI * 1.36;

const gaugeRadius = (width: number): number => Math.min(width / 2 - 16, 72);

/** The height in points that a gauge wants in `width`. */
export function gaugeHeight(width: number): number {
  return gaugeRadius(width) * 1.64 + 12;
}

/** An arc from 0 to 100: green from 90, amber from 70, red below. An unknown value leaves the arc empty. */
export function drawGauge(surface: Surface, chart: GaugeChart, box: Box, theme: ChartTheme): void {
  const radius = Math.min(gaugeRadius(box.width), (box.height - 12) / 1.64);
  const centre = [box.x + box.width / 2, box.y + radius + 8] as const;
  const at = (percent: number): number => START + (SWEEP * Math.min(100, Math.max(0, percent))) / 100;
  surface.ring(centre, radius * 0.76, radius, at(0), at(100), theme.grid);
  const value = chart.value === null ? null : Number(chart.value);
  if (value !== null && value > 0) {
    surface.ring(centre, radius * 0.76, radius, at(0), at(value), STATUS_COLORS[gaugeStatus(value)]);
  }
  for (const [from, to, color] of [
    [0, 70, STATUS_COLORS.bad],
    [70, 90, STATUS_COLORS.warning],
    [90, 100, STATUS_COLORS.good],
  ] as const) {
    surface.ring(centre, radius * 1.04, radius * 1.075, at(from) + 0.012, at(to) - 0.012, color);
  }
  const text = valueLabel(chart.value, { type: "percent", unit: null });
  const color = value === null ? theme.muted : STATUS_TEXT[gaugeStatus(value)];
  surface.text(text, centre[0], centre[1] + 6, {
    size: value === null ? 10 : Math.min(21, radius * 0.32),
    color,
    bold: value !== null,
    align: "center",
  });
  surface.text(chart.label, centre[0], centre[1] + 20, { size: 7.5, color: theme.muted, align: "center" });
  for (const mark of [0, 70, 90, 100]) {
    const angle = at(mark);
    // Clear of the band, whose width is a part of the radius, by the width of the digits, which is not.
    const away = Math.max(radius * 1.17, radius * 1.075 + 7);
    const x = centre[0] + Math.sin(angle) * away;
    const y = centre[1] - Math.cos(angle) * away;
    surface.text(String(mark), x, y + 2.4, { size: 6.5, color: theme.muted, align: "center" });
  }
}
