import type { Book, Page, Target } from "../book.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

/** A line of the table of contents; `target` is filled in when its title is drawn. */
export interface Entry {
  title: string;
  level: 1 | 2;
  target?: Target;
}

const ROW = 19;

/** Pages kept for the table of contents, which is drawn when the page numbers are known. */
export interface ContentsPages {
  pages: { page: Page; top: number; entries: readonly Entry[] }[];
  element: Element;
}

/** Keeps room for `entries`, on this page and as many more as they need; the report goes on below. */
export function reserveContents(book: Book, parent: Element, entries: readonly Entry[]): ContentsPages {
  const { page, theme } = book;
  page.pen.tagged("H2", parent, () => {
    page.pen.text("Contents", MARGIN.x, page.y + 14, {
      size: TEXT.heading,
      bold: true,
      color: theme.brandText,
    });
  });
  const element = book.tags.open("TOC", parent);
  page.y += 26;
  const pages: ContentsPages["pages"] = [];
  let rest = entries;
  while (rest.length > 0) {
    const fit = Math.max(1, Math.floor(book.room / ROW));
    const part = rest.slice(0, fit);
    pages.push({ page: book.hold(), top: book.page.y, entries: part });
    book.page.y += part.length * ROW;
    rest = rest.slice(fit);
    if (rest.length > 0) book.next();
  }
  book.page.y += 16;
  return { pages, element };
}

/** Draws the entries with their page numbers and links, and releases the pages kept for them. */
export function drawContents(book: Book, contents: ContentsPages): void {
  for (const { page, top, entries } of contents.pages) {
    entries.forEach((entry, i) => drawEntry(book, contents.element, page, top + i * ROW, entry));
    book.release(page);
  }
  book.tags.close(contents.element);
}

function drawEntry(book: Book, parent: Element, page: Page, y: number, entry: Entry): void {
  const { tags, theme, type } = book;
  const { pen } = page;
  const right = page.width - MARGIN.x;
  const left = MARGIN.x + (entry.level - 1) * 14;
  const number = entry.target === undefined ? "" : String(entry.target.number);
  const style = { size: TEXT.body, color: theme.ink, bold: entry.level === 1 };
  const title = type.fit(entry.title, right - left - 44, style.size, style.bold ? "semibold" : "regular");
  const item = tags.open("TOCI", parent);
  const reference = tags.open("Reference", item);
  const link = tags.open("Link", reference);
  pen.marked(link, () => {
    pen.text(title, left, y + 11, style);
    pen.text(number, right, y + 11, { ...style, align: "right" });
  });
  pen.artifact(() => {
    const from = left + pen.textWidth(title, style.size, style.bold) + 6;
    const to = right - pen.textWidth(number, style.size, style.bold) - 6;
    if (to > from) pen.line(from, y + 10.4, to, y + 10.4, { color: theme.line, width: 0.7, dash: [1, 2.5] });
  });
  if (entry.target !== undefined) {
    const box = [left, y - 2, right, y + 15] as const;
    book.link(page, link, box, entry.target, `${entry.title}, page ${number}`);
  }
  tags.close(link);
  tags.close(reference);
  tags.close(item);
}
