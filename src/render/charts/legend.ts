import { type Box, type ChartTheme, fitText, type Surface } from "./surface.ts";

export interface LegendItem {
  name: string;
  color: string;
  /** Drawn as a line instead of a square, as the series is. */
  line?: boolean;
}

const SIZE = 7.5;
const ROW = 13;
const GAP = 14;

/** The rows of a legend laid out from left to right in `width`. */
function rowsOf(surface: Surface, items: readonly LegendItem[], width: number): LegendItem[][] {
  const rows: LegendItem[][] = [[]];
  let used = 0;
  for (const item of items) {
    const size = itemWidth(surface, item, width);
    if (used > 0 && used + size > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(item);
    used += size + GAP;
  }
  return rows;
}

const itemWidth = (surface: Surface, item: LegendItem, width: number): number =>
  12 + Math.min(surface.textWidth(item.name, SIZE), Math.min(170, width - 12));

/** Points of height that `drawLegend` takes. */
export function legendHeight(surface: Surface, items: readonly LegendItem[], width: number): number {
  return rowsOf(surface, items, width).length * ROW;
}

export function drawLegend(
  surface: Surface,
  items: readonly LegendItem[],
  box: Box,
  theme: ChartTheme,
): void {
  rowsOf(surface, items, box.width).forEach((row, i) => {
    let x = box.x;
    const y = box.y + i * ROW;
    for (const item of row) {
      if (item.line === true) surface.line(x, y + 5, x + 8, y + 5, { color: item.color, width: 2 });
      else surface.rect(x, y + 1.5, 7, 7, item.color, 1.5);
      const room = itemWidth(surface, item, box.width) - 12;
      const text = fitText(surface, item.name, room + 0.01, SIZE);
      surface.text(text, x + 12, y + 7.6, { size: SIZE, color: theme.muted });
      x += 12 + room + GAP;
    }
  });
}
