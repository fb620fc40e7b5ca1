import type { PdfWriter, Page, Target } from "../pdf-writer.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

/** A line of the table of contents; `target` is filled in when its title is drawn. */
export interface Entry {
  title: string;
  level: 1 | 2;
  target?: Target;
}

const ROW = 19;

/** Pages reserved for the table of contents, which is drawn when the page numbers are known. */
export interface ContentsPages {
  pages: { page: Page; top: number; entries: readonly Entry[] }[];
  element: Element;
}

/** Reserves room for `entries`, on this page and as many more as they need; the report continues below. */
export function reserveContents(pdf: PdfWriter, parent: Element, entries: readonly Entry[]): ContentsPages {
  const { page, theme } = pdf;
  page.canvas.tagged("H2", parent, () => {
    page.canvas.text("Contents", MARGIN.x, page.y + 14, {
      size: TEXT.heading,
      bold: true,
      color: theme.brandText,
    });
  });
  const element = pdf.tags.open("TOC", parent);
  page.y += 26;
  const pages: ContentsPages["pages"] = [];
  let rest = entries;
  while (rest.length > 0) {
    const fit = Math.max(1, Math.floor(pdf.room / ROW));
    const part = rest.slice(0, fit);
    pages.push({ page: pdf.hold(), top: pdf.page.y, entries: part });
    pdf.page.y += part.length * ROW;
    rest = rest.slice(fit);
    if (rest.length > 0) pdf.next();
  }
  pdf.page.y += 16;
  return { pages, element };
}

/** Draws the entries with their page numbers and links, and releases the pages kept for them. */
export function drawContents(pdf: PdfWriter, contents: ContentsPages): void {
  for (const { page, top, entries } of contents.pages) {
    entries.forEach((entry, i) => drawEntry(pdf, contents.element, page, top + i * ROW, entry));
    pdf.release(page);
  }
  pdf.tags.close(contents.element);
}

function drawEntry(pdf: PdfWriter, parent: Element, page: Page, y: number, entry: Entry): void {
  const { tags, theme, shaper } = pdf;
  const { canvas } = page;
  const right = page.width - MARGIN.x;
  const left = MARGIN.x + (entry.level - 1) * 14;
  const number = entry.target === undefined ? "" : String(entry.target.number);
  const style = { size: TEXT.body, color: theme.ink, bold: entry.level === 1 };
  const title = shaper.fit(entry.title, right - left - 44, style.size, style.bold ? "semibold" : "regular");
  const item = tags.open("TOCI", parent);
  const reference = tags.open("Reference", item);
  const link = tags.open("Link", reference);
  canvas.marked(link, () => {
    canvas.text(title, left, y + 11, style);
    canvas.text(number, right, y + 11, { ...style, align: "right" });
  });
  canvas.artifact(() => {
    const from = left + canvas.textWidth(title, style.size, style.bold) + 6;
    const to = right - canvas.textWidth(number, style.size, style.bold) - 6;
    if (to > from)
      canvas.line(from, y + 10.4, to, y + 10.4, { color: theme.line, width: 0.7, dash: [1, 2.5] });
  });
  if (entry.target !== undefined) {
    const box = [left, y - 2, right, y + 15] as const;
    pdf.link(page, link, box, entry.target, `${entry.title}, page ${number}`);
  }
  tags.close(link);
  tags.close(reference);
  tags.close(item);
}
