import { valueLabel } from "../../core/charts/abbreviate.ts";
import { heatColor, meaningColor, textOn } from "../../core/charts/palette.ts";
import type { GridChart } from "../../core/charts/series.ts";
import { type Box, type ChartTheme, fitText, type Surface } from "./surface.ts";

const ROW = 20;
const HEAD = 18;

/** Points of height a heatmap wants. */
export function heatmapHeight(chart: GridChart): number {
  return HEAD + chart.rows.length * ROW;
}

/**
 * A grid of cells, darker the greater. A column or row that stands for a severity takes that severity's colour, so
 * that one critical finding is not paler than twenty low ones of another kind. Cells without facts stay empty.
 */
export function drawHeatmap(surface: Surface, chart: GridChart, box: Box, theme: ChartTheme): void {
  const nameRoom =
    Math.min(box.width * 0.3, Math.max(...chart.rows.map((r) => surface.textWidth(r, 7.5)), 30)) + 8;
  const width = (box.width - nameRoom) / Math.max(1, chart.columns.length);
  const height = Math.min(26, (box.height - HEAD) / Math.max(1, chart.rows.length));
  chart.columns.forEach((name, i) => {
    const text = fitText(surface, name, width - 4, 7.5, true);
    const x = box.x + nameRoom + width * (i + 0.5);
    surface.text(text, x, box.y + 10, { size: 7.5, bold: true, color: theme.muted, align: "center" });
  });
  const numbers = chart.cells.map((row) => row.map((cell) => (cell === null ? null : Number(cell))));
  const greatest = Math.max(0, ...numbers.flat().filter((n) => n !== null));
  chart.rows.forEach((name, r) => {
    const y = box.y + HEAD + r * height;
    const text = fitText(surface, name, nameRoom - 8, 7.5);
    surface.text(text, box.x + nameRoom - 8, y + height / 2 + 2.7, {
      size: 7.5,
      color: theme.ink,
      align: "right",
    });
    chart.columns.forEach((column, c) => {
      const value = numbers[r]?.[c] ?? null;
      const base = meaningColor(column) ?? meaningColor(name);
      const fill =
        value === null || value <= 0 ? "#f8fafc" : heatColor(value / greatest, base ?? theme.brand);
      const x = box.x + nameRoom + c * width;
      surface.rect(x + 1, y + 1, width - 2, height - 2, fill, 2);
      if (value === null) return;
      const label = valueLabel(chart.cells[r]?.[c] ?? null, chart.format, false);
      const style = { size: 7.5, bold: value > 0, align: "center" } as const;
      const color = value > 0 ? textOn(fill) : theme.muted;
      surface.text(fitText(surface, label, width - 6, 7.5, true), x + width / 2, y + height / 2 + 2.7, {
        ...style,
        color,
      });
    });
  });
}
