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
import type { PdfWriter, Target } from "../pdf-writer.ts";
import { alternative, boundingBox, type Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

type ChartSection = Extract<DocumentSection, { kind: "chart" }>;

/** A chart prepared for drawing. */
export interface ChartBlock {
  title: string;
  data: ChartData;
  /** How many charts like it fit side by side. */
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
export function cardHeight(pdf: PdfWriter, block: ChartBlock, width: number): number {
  const height = isEmptyChart(block.data) ? 60 : chartHeight(block.data, width - 2 * PAD);
  return (
    FRAME +
    (titleLines(pdf, block, width).length - 1) * TITLE_LEADING +
    height +
    noteLines(pdf, block, width).length * 9.5
  );
}

const TITLE_LEADING = 13;

/** A chart's title on at most two lines. */
function titleLines(pdf: PdfWriter, block: ChartBlock, width: number): string[] {
  const { shaper } = pdf;
  const [first = "", ...rest] = shaper.wrap(block.title, width - 2 * PAD, TEXT.subheading, "semibold");
  if (rest.length === 0) return [first];
  return [first, shaper.fit(rest.join(" "), width - 2 * PAD, TEXT.subheading, "semibold")];
}

function noteLines(pdf: PdfWriter, block: ChartBlock, width: number): string[] {
  return block.notes.flatMap((note) => pdf.shaper.wrap(note, width - 2 * PAD, TEXT.tiny));
}

/** What a row of charts takes beside the height of its cards. */
export const ROW_GAP = GAP + 4;

/** The height a row of charts looks best at. */
export function rowHeight(pdf: PdfWriter, blocks: readonly ChartBlock[]): number {
  const width = (pdf.width - GAP * (blocks.length - 1)) / blocks.length;
  const full = pdf.page.height - MARGIN.top - MARGIN.bottom;
  return Math.min(full, Math.max(...blocks.map((block) => cardHeight(pdf, block, width))));
}

/**
 * Draws a row of charts: one over the full width, or two or three side by side.
 * @param height of their cards
 */
export function drawCharts(
  pdf: PdfWriter,
  parent: Element,
  blocks: readonly ChartBlock[],
  height = rowHeight(pdf, blocks),
): void {
  const width = (pdf.width - GAP * (blocks.length - 1)) / blocks.length;
  if (pdf.room < height) pdf.next();
  blocks.forEach((block, i) => drawCard(pdf, parent, block, MARGIN.x + i * (width + GAP), width, height));
  pdf.page.y += height + ROW_GAP;
}

function drawCard(
  pdf: PdfWriter,
  parent: Element,
  block: ChartBlock,
  x: number,
  width: number,
  height: number,
): void {
  const { page, theme, shaper } = pdf;
  const { canvas } = page;
  const top = page.y;
  const inner = width - 2 * PAD;
  const titles = titleLines(pdf, block, width);
  const lower = (titles.length - 1) * TITLE_LEADING;
  block.placed?.(pdf.bookmark(block.title, block.level));
  canvas.artifact(() =>
    canvas.frame(x + 0.4, top + 0.4, width - 0.8, height - 0.8, { color: theme.line, width: 0.8 }, 6),
  );
  canvas.tagged(block.level === 2 ? "H2" : "H3", parent, () => {
    titles.forEach((line, i) => {
      const y = top + 20 + i * TITLE_LEADING;
      canvas.text(line, x + PAD, y, { size: TEXT.subheading, bold: true, color: theme.ink });
    });
  });
  canvas.tagged("P", parent, () => {
    const text = shaper.fit(chartSubtitle(block.data), inner, TEXT.tiny);
    canvas.text(text, x + PAD, top + 31 + lower, { size: TEXT.tiny, color: theme.muted });
  });
  const notes = noteLines(pdf, block, width);
  const box = {
    x: x + PAD,
    y: top + 41 + lower,
    width: inner,
    height: height - FRAME - lower - notes.length * 9.5,
  };
  const extent = boundingBox(box.x, page.height - box.y - box.height, box.x + box.width, page.height - box.y);
  const figure = `${alternative(describeChart(block.title, block.data))}${extent}`;
  canvas.tagged(
    "Figure",
    parent,
    () => {
      if (isEmptyChart(block.data)) {
        const middle = box.y + box.height / 2;
        canvas.text("No data in this range", box.x + box.width / 2, middle, {
          size: TEXT.body,
          color: theme.muted,
          align: "center",
        });
      } else drawChart(canvas, block.data, box, theme);
    },
    figure,
  );
  if (notes.length === 0) return;
  canvas.tagged("P", parent, () => {
    notes.forEach((line, i) => {
      canvas.text(line, x + PAD, top + height - 9 - (notes.length - 1 - i) * 9.5, {
        size: TEXT.tiny,
        color: theme.muted,
      });
    });
  });
}
