import { type ChartData, chartData } from "../../../core/charts/series.ts";
import type { DocumentSection } from "../../../core/reports/document.ts";
import {
  chartHeight,
  chartsAbreast,
  chartSubtitle,
  describeChart,
  drawChart,
  isEmptyChart,
} from "../../charts/draw.ts";
import type { Book, Target } from "../book.ts";
import { alternative, boundingBox, type Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

type ChartSection = Extract<DocumentSection, { kind: "chart" }>;

/** A chart made ready: its data, and the room it wants. */
export interface ChartBlock {
  title: string;
  data: ChartData;
  /** How many like it may share a row. */
  abreast: 1 | 2 | 3;
  notes: readonly string[];
  level: 2 | 3;
  placed: ((target: Target) => void) | undefined;
}

const PAD = 12;
const GAP = 10;
/** What title, subtitle and padding of a chart's card take. */
const FRAME = 52;

export function chartBlock(
  section: ChartSection,
  level: 2 | 3,
  placed?: (target: Target) => void,
): ChartBlock {
  const data = chartData(section.chart, section.data);
  const own = "notes" in data ? data.notes : [];
  const notes = [...new Set([...own, ...section.data.completeness.notes])];
  const { title, width } = section;
  const abreast = width === undefined ? chartsAbreast(data) : width === "half" ? 2 : 1;
  return { title, data, abreast, notes, level, placed };
}

/** Height of the card of a chart. */
export function cardHeight(book: Book, block: ChartBlock, width: number): number {
  const height = isEmptyChart(block.data) ? 60 : chartHeight(block.data, width - 2 * PAD);
  return (
    FRAME +
    (titleLines(book, block, width).length - 1) * TITLE_LEADING +
    height +
    noteLines(book, block, width).length * 9.5
  );
}

const TITLE_LEADING = 13;

/** A chart's title on at most two lines. */
function titleLines(book: Book, block: ChartBlock, width: number): string[] {
  const { type } = book;
  const [first = "", ...rest] = type.wrap(block.title, width - 2 * PAD, TEXT.subheading, "semibold");
  if (rest.length === 0) return [first];
  return [first, type.fit(rest.join(" "), width - 2 * PAD, TEXT.subheading, "semibold")];
}

function noteLines(book: Book, block: ChartBlock, width: number): string[] {
  return block.notes.flatMap((note) => book.type.wrap(note, width - 2 * PAD, TEXT.tiny));
}

/** What a row of charts takes beside the height of its cards. */
export const ROW_GAP = GAP + 4;

/** The height a row of charts looks best at. */
export function rowHeight(book: Book, blocks: readonly ChartBlock[]): number {
  const width = (book.width - GAP * (blocks.length - 1)) / blocks.length;
  const full = book.page.height - MARGIN.top - MARGIN.bottom;
  return Math.min(full, Math.max(...blocks.map((block) => cardHeight(book, block, width))));
}

/**
 * Draws a row of charts: one over the full width, or two or three side by side.
 * @param height of their cards
 */
export function drawCharts(
  book: Book,
  parent: Element,
  blocks: readonly ChartBlock[],
  height = rowHeight(book, blocks),
): void {
  const width = (book.width - GAP * (blocks.length - 1)) / blocks.length;
  if (book.room < height) book.next();
  blocks.forEach((block, i) => drawCard(book, parent, block, MARGIN.x + i * (width + GAP), width, height));
  book.page.y += height + ROW_GAP;
}

function drawCard(
  book: Book,
  parent: Element,
  block: ChartBlock,
  x: number,
  width: number,
  height: number,
): void {
  const { page, theme, type } = book;
  const { pen } = page;
  const top = page.y;
  const inner = width - 2 * PAD;
  const titles = titleLines(book, block, width);
  const lower = (titles.length - 1) * TITLE_LEADING;
  block.placed?.(book.bookmark(block.title, block.level));
  pen.artifact(() =>
    pen.frame(x + 0.4, top + 0.4, width - 0.8, height - 0.8, { color: theme.line, width: 0.8 }, 6),
  );
  pen.tagged(block.level === 2 ? "H2" : "H3", parent, () => {
    titles.forEach((line, i) => {
      const y = top + 20 + i * TITLE_LEADING;
      pen.text(line, x + PAD, y, { size: TEXT.subheading, bold: true, color: theme.ink });
    });
  });
  pen.tagged("P", parent, () => {
    const text = type.fit(chartSubtitle(block.data), inner, TEXT.tiny);
    pen.text(text, x + PAD, top + 31 + lower, { size: TEXT.tiny, color: theme.muted });
  });
  const notes = noteLines(book, block, width);
  const box = {
    x: x + PAD,
    y: top + 41 + lower,
    width: inner,
    height: height - FRAME - lower - notes.length * 9.5,
  };
  const extent = boundingBox(box.x, page.height - box.y - box.height, box.x + box.width, page.height - box.y);
  const figure = `${alternative(describeChart(block.title, block.data))}${extent}`;
  pen.tagged(
    "Figure",
    parent,
    () => {
      if (isEmptyChart(block.data)) {
        const middle = box.y + box.height / 2;
        pen.text("No data in this range", box.x + box.width / 2, middle, {
          size: TEXT.body,
          color: theme.muted,
          align: "center",
        });
      } else drawChart(pen, block.data, box, theme);
    },
    figure,
  );
  if (notes.length === 0) return;
  pen.tagged("P", parent, () => {
    notes.forEach((line, i) => {
      pen.text(line, x + PAD, top + height - 9 - (notes.length - 1 - i) * 9.5, {
        size: TEXT.tiny,
        color: theme.muted,
      });
    });
  });
}
