import type { PdfWriter, Target } from "../pdf-writer.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

/** A block with a title, which the table of contents refers to. */
export interface Titled {
  title: string;
  level: 2 | 3;
  parent: Element;
  /** Called with the place at which the title was drawn. */
  placed?: (target: Target) => void;
}

/** Draws the title of a chart or table, with a small label on the right and notes below. The caller has made room. */
export function blockTitle(
  pdf: PdfWriter,
  block: Titled,
  label: string,
  notes: readonly string[] = [],
): void {
  const { page, theme, shaper } = pdf;
  const target = pdf.bookmark(block.title, block.level);
  block.placed?.(target);
  const labelWidth = label === "" ? 0 : page.canvas.textWidth(label, TEXT.small) + 14;
  const lines = shaper.wrap(block.title, pdf.width - labelWidth, TEXT.subheading, "semibold");
  const top = page.y;
  page.canvas.tagged(block.level === 2 ? "H2" : "H3", block.parent, () => {
    lines.forEach((line, i) => {
      page.canvas.text(line, MARGIN.x, top + 11 + i * 14, {
        size: TEXT.subheading,
        bold: true,
        color: theme.ink,
      });
    });
  });
  if (label !== "") {
    const x = MARGIN.x + pdf.width;
    page.canvas.tagged("P", block.parent, () => {
      page.canvas.text(label, x, top + 11, { size: TEXT.small, color: theme.muted, align: "right" });
    });
  }
  page.y = top + 6 + lines.length * 14;
  for (const note of notes)
    paragraph(pdf, block.parent, note, { size: TEXT.tiny, color: theme.muted, gap: 1 });
  page.y += 4;
}

/** Draws a paragraph wrapped to the page's width, continued on the next page where needed. */
export function paragraph(
  pdf: PdfWriter,
  parent: Element,
  text: string,
  style: { size: number; color: string; gap: number; indent?: number },
): void {
  const indent = style.indent ?? 0;
  const leading = style.size * 1.45;
  const lines = pdf.shaper.wrap(text, pdf.width - indent, style.size);
  const element = pdf.tags.open("P", parent);
  let from = 0;
  while (from < lines.length) {
    const fit = Math.floor(pdf.room / leading);
    // Two lines at least on each side of a page break.
    if (fit < Math.min(2, lines.length - from)) {
      pdf.next();
      continue;
    }
    const { page } = pdf;
    const part = lines.slice(from, from + fit);
    page.canvas.marked(element, () => {
      part.forEach((line, i) => {
        page.canvas.text(line, MARGIN.x + indent, page.y + style.size + i * leading, {
          size: style.size,
          color: style.color,
        });
      });
    });
    page.y += part.length * leading;
    from += part.length;
  }
  pdf.tags.close(element);
  pdf.page.y += style.gap;
}

/** Draws a section heading, kept together with `follow` points of what comes after it. */
export function heading(
  pdf: PdfWriter,
  parent: Element,
  text: string,
  follow: number,
  placed?: (target: Target) => void,
): void {
  const lines = pdf.shaper.wrap(text, pdf.width, TEXT.heading, "semibold");
  const height = lines.length * 18 + 12;
  if (pdf.room < height + follow) pdf.next();
  const { page, theme } = pdf;
  if (page.y > MARGIN.top + 10) page.y += 6;
  placed?.(pdf.bookmark(text, 1));
  page.canvas.tagged("H2", parent, () => {
    lines.forEach((line, i) => {
      page.canvas.text(line, MARGIN.x, page.y + 14 + i * 18, {
        size: TEXT.heading,
        bold: true,
        color: theme.brandText,
      });
    });
  });
  page.y += height - 2;
}
