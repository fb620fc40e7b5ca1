import type { Book, Target } from "../book.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

/** Where the parts of the document that the table of contents names begin. */
export interface Titled {
  title: string;
  level: 2 | 3;
  parent: Element;
  /** Told where the title was drawn. */
  placed?: (target: Target) => void;
}

/** The title of a chart or table, with a small label at its right and notes below. The room must be there already. */
export function blockTitle(book: Book, block: Titled, label: string, notes: readonly string[] = []): void {
  const { page, theme, type } = book;
  const target = book.bookmark(block.title, block.level);
  block.placed?.(target);
  const labelWidth = label === "" ? 0 : page.pen.textWidth(label, TEXT.small) + 14;
  const lines = type.wrap(block.title, book.width - labelWidth, TEXT.subheading, "semibold");
  const top = page.y;
  page.pen.tagged(block.level === 2 ? "H2" : "H3", block.parent, () => {
    lines.forEach((line, i) => {
      page.pen.text(line, MARGIN.x, top + 11 + i * 14, {
        size: TEXT.subheading,
        bold: true,
        color: theme.ink,
      });
    });
  });
  if (label !== "") {
    const x = MARGIN.x + book.width;
    page.pen.tagged("P", block.parent, () => {
      page.pen.text(label, x, top + 11, { size: TEXT.small, color: theme.muted, align: "right" });
    });
  }
  page.y = top + 6 + lines.length * 14;
  for (const note of notes)
    paragraph(book, block.parent, note, { size: TEXT.tiny, color: theme.muted, gap: 1 });
  page.y += 4;
}

/** A paragraph wrapped to the page's width, on the next page where the room ends. */
export function paragraph(
  book: Book,
  parent: Element,
  text: string,
  style: { size: number; color: string; gap: number; indent?: number },
): void {
  const indent = style.indent ?? 0;
  const leading = style.size * 1.45;
  const lines = book.type.wrap(text, book.width - indent, style.size);
  const element = book.tags.open("P", parent);
  let from = 0;
  while (from < lines.length) {
    const fit = Math.floor(book.room / leading);
    // Two lines at least on each side of a page break.
    if (fit < Math.min(2, lines.length - from)) {
      book.next();
      continue;
    }
    const { page } = book;
    const part = lines.slice(from, from + fit);
    page.pen.marked(element, () => {
      part.forEach((line, i) => {
        page.pen.text(line, MARGIN.x + indent, page.y + style.size + i * leading, {
          size: style.size,
          color: style.color,
        });
      });
    });
    page.y += part.length * leading;
    from += part.length;
  }
  book.tags.close(element);
  book.page.y += style.gap;
}

/** A section heading, kept with `follow` points of what comes after it. */
export function heading(
  book: Book,
  parent: Element,
  text: string,
  follow: number,
  placed?: (target: Target) => void,
): void {
  const lines = book.type.wrap(text, book.width, TEXT.heading, "semibold");
  const height = lines.length * 18 + 12;
  if (book.room < height + follow) book.next();
  const { page, theme } = book;
  if (page.y > MARGIN.top + 10) page.y += 6;
  placed?.(book.bookmark(text, 1));
  page.pen.tagged("H2", parent, () => {
    lines.forEach((line, i) => {
      page.pen.text(line, MARGIN.x, page.y + 14 + i * 18, {
        size: TEXT.heading,
        bold: true,
        color: theme.brandText,
      });
    });
  });
  page.y += height - 2;
}
