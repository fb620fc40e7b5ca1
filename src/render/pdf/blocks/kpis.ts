import { changeLabel, valueLabel } from "../../../core/charts/abbreviate.ts";
import { STATUS_TEXT } from "../../../core/charts/palette.ts";
import { compareDecimals } from "../../../core/money/decimal.ts";
import type { Kpi } from "../../../core/reports/document.ts";
import type { Book } from "../book.ts";
import type { Pen } from "../pen.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

const GAP = 10;
const PAD = 11;
const HEIGHT = 80;

/** Points of height of a row of cards. */
export const KPI_HEIGHT = HEIGHT + GAP;

/** Cards, up to four a row, as many in each row as possible: five make three and two. */
export function drawKpis(book: Book, parent: Element, items: readonly Kpi[]): void {
  const rows = Math.ceil(items.length / 4);
  const each = Math.ceil(items.length / Math.max(1, rows));
  const most = book.width > 600 ? Math.max(each, Math.min(items.length, 5)) : each;
  for (let at = 0; at < items.length; at += most) {
    if (book.room < HEIGHT) book.next();
    const width = (book.width - GAP * (most - 1)) / most;
    items.slice(at, at + most).forEach((item, i) => {
      drawCard(book, parent, item, MARGIN.x + i * (width + GAP), width);
    });
    book.page.y += HEIGHT + GAP;
  }
  book.page.y += 8;
}

function drawCard(book: Book, parent: Element, item: Kpi, x: number, width: number): void {
  const { page, theme, type } = book;
  const { pen } = page;
  const top = page.y;
  const inner = width - 2 * PAD;
  pen.artifact(() => {
    pen.rect(x, top, width, HEIGHT, theme.white, 5);
    pen.frame(x + 0.4, top + 0.4, width - 0.8, HEIGHT - 0.8, { color: theme.line, width: 0.8 }, 5);
    pen.rect(x, top + 10, 2.5, 17, theme.brand, 1);
  });
  const card = book.tags.open("Sect", parent);
  pen.tagged("P", card, () => {
    const label = type.fit(item.label, inner, TEXT.small);
    pen.text(label, x + PAD, top + 17, { size: TEXT.small, color: theme.muted });
  });
  const known = item.value !== null;
  const none = item.problem === undefined ? "not available" : "not computed";
  const shown = known ? valueLabel(item.value, { type: item.type, unit: item.unit }) : none;
  const name = item.name === undefined ? undefined : (item.name ?? "not available");
  pen.tagged("P", card, () => {
    if (name !== undefined) {
      const style = {
        size: 10.5,
        bold: item.name !== null,
        color: item.name === null ? theme.muted : theme.ink,
      };
      const lines = type.wrap(name, inner, style.size, "semibold");
      const second = type.fit(lines.slice(1).join(" "), inner, style.size, "semibold");
      const shownLines = second === "" ? lines : [lines[0] ?? "", second];
      const first = top + (shownLines.length > 1 ? 31 : 36);
      shownLines.forEach((line, i) => pen.text(line, x + PAD, first + i * 12.5, style));
      const y = first + shownLines.length * 12.5 + 1;
      pen.text(shown, x + PAD, y, { size: 9.5, color: known ? theme.ink : theme.muted });
    } else {
      let size = known ? 19 : 13;
      while (size > 9 && pen.textWidth(shown, size, known) > inner) size -= 0.5;
      pen.text(shown, x + PAD, top + 42, { size, bold: known, color: known ? theme.ink : theme.muted });
    }
  });
  if (known)
    drawChange(
      pen,
      book,
      card,
      item,
      x + PAD,
      top + (name === undefined ? 60 : 70),
      inner,
      name !== undefined,
    );
  book.tags.close(card);
}

/** Arrow, change and what it is compared with. An unknown percentage shows the amount instead. */
function drawChange(
  pen: Pen,
  book: Book,
  parent: Element,
  item: Kpi,
  x: number,
  y: number,
  inner: number,
  oneLine: boolean,
): void {
  const { change } = item;
  const { theme, type } = book;
  if (change === undefined) return;
  const sign = compareDecimals(change.absolute, "0");
  const color = STATUS_TEXT[verdict(item.upIs, sign)];
  const text = sign === 0 ? "No change" : changeLabel(change, { type: item.type, unit: item.unit });
  const shift = sign === 0 ? 0 : 10;
  if (sign !== 0) pen.artifact(() => arrow(pen, x, y, sign > 0, color));
  pen.tagged("P", parent, () => {
    pen.text(text, x + shift, y, { size: 8, bold: true, color });
    const used = shift + pen.textWidth(text, 8, true) + 5;
    const against = `vs ${change.against}`;
    const fits = used + pen.textWidth(against, 6.5) <= inner;
    const style = { size: 6.5, color: theme.muted };
    if (fits) pen.text(against, x + used, y, style);
    else if (!oneLine) pen.text(type.fit(against, inner, 6.5), x, y + 10, style);
  });
}

function arrow(pen: Pen, x: number, y: number, up: boolean, color: string): void {
  const [tip, base] = up ? [y - 6.2, y - 0.4] : [y - 0.2, y - 6];
  pen.polygon(
    [
      [x, base],
      [x + 7, base],
      [x + 3.5, tip],
    ],
    color,
  );
}

/** Whether a change is good news: the colour of its arrow. */
export function verdict(upIs: Kpi["upIs"], sign: number): keyof typeof STATUS_TEXT {
  if (upIs === "neutral" || sign === 0) return "neutral";
  return sign > 0 === (upIs === "good") ? "good" : "bad";
}
