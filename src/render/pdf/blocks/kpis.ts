import { changeLabel, valueLabel } from "../../../core/charts/abbreviate.ts";
import { STATUS_TEXT } from "../../../core/charts/palette.ts";
import { compareDecimals } from "../../../core/money/decimal.ts";
import type { Kpi } from "../../../core/reports/document.ts";
import type { PdfWriter } from "../pdf-writer.ts";
import type { Canvas } from "../canvas.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";

const GAP = 10;
const PAD = 11;
const HEIGHT = 80;

/** Points of height of a row of cards. */
export const KPI_HEIGHT = HEIGHT + GAP;

/** Cards, up to four a row, as many in each row as possible: five make three and two. */
export function drawKpis(pdf: PdfWriter, parent: Element, items: readonly Kpi[]): void {
  const rows = Math.ceil(items.length / 4);
  const each = Math.ceil(items.length / Math.max(1, rows));
  const most = pdf.width > 600 ? Math.max(each, Math.min(items.length, 5)) : each;
  for (let at = 0; at < items.length; at += most) {
    if (pdf.room < HEIGHT) pdf.next();
    const width = (pdf.width - GAP * (most - 1)) / most;
    items.slice(at, at + most).forEach((item, i) => {
      drawCard(pdf, parent, item, MARGIN.x + i * (width + GAP), width);
    });
    pdf.page.y += HEIGHT + GAP;
  }
  pdf.page.y += 8;
}

function drawCard(pdf: PdfWriter, parent: Element, item: Kpi, x: number, width: number): void {
  const { page, theme, shaper } = pdf;
  const { canvas } = page;
  const top = page.y;
  const inner = width - 2 * PAD;
  canvas.artifact(() => {
    canvas.rect(x, top, width, HEIGHT, theme.white, 5);
    canvas.frame(x + 0.4, top + 0.4, width - 0.8, HEIGHT - 0.8, { color: theme.line, width: 0.8 }, 5);
    canvas.rect(x, top + 10, 2.5, 17, theme.brand, 1);
  });
  const card = pdf.tags.open("Sect", parent);
  canvas.tagged("P", card, () => {
    const label = shaper.fit(item.label, inner, TEXT.small);
    canvas.text(label, x + PAD, top + 17, { size: TEXT.small, color: theme.muted });
  });
  const known = item.value !== null;
  const none = item.problem === undefined ? "not available" : "not computed";
  const shown = known ? valueLabel(item.value, { type: item.type, unit: item.unit }) : none;
  const name = item.name === undefined ? undefined : (item.name ?? "not available");
  canvas.tagged("P", card, () => {
    if (name !== undefined) {
      const style = {
        size: 10.5,
        bold: item.name !== null,
        color: item.name === null ? theme.muted : theme.ink,
      };
      const lines = shaper.wrap(name, inner, style.size, "semibold");
      const second = shaper.fit(lines.slice(1).join(" "), inner, style.size, "semibold");
      const shownLines = second === "" ? lines : [lines[0] ?? "", second];
      const first = top + (shownLines.length > 1 ? 31 : 36);
      shownLines.forEach((line, i) => canvas.text(line, x + PAD, first + i * 12.5, style));
      const y = first + shownLines.length * 12.5 + 1;
      canvas.text(shown, x + PAD, y, { size: 9.5, color: known ? theme.ink : theme.muted });
    } else {
      let size = known ? 19 : 13;
      while (size > 9 && canvas.textWidth(shown, size, known) > inner) size -= 0.5;
      canvas.text(shown, x + PAD, top + 42, { size, bold: known, color: known ? theme.ink : theme.muted });
    }
  });
  if (known)
    drawChange(
      canvas,
      pdf,
      card,
      item,
      x + PAD,
      top + (name === undefined ? 60 : 70),
      inner,
      name !== undefined,
    );
  pdf.tags.close(card);
}

/** Arrow, change and what it is compared with. An unknown percentage shows the amount instead. */
function drawChange(
  canvas: Canvas,
  pdf: PdfWriter,
  parent: Element,
  item: Kpi,
  x: number,
  y: number,
  inner: number,
  oneLine: boolean,
): void {
  const { change } = item;
  const { theme, shaper } = pdf;
  if (change === undefined) return;
  const sign = compareDecimals(change.absolute, "0");
  const color = STATUS_TEXT[verdict(item.upIs, sign)];
  const text = sign === 0 ? "No change" : changeLabel(change, { type: item.type, unit: item.unit });
  const shift = sign === 0 ? 0 : 10;
  if (sign !== 0) canvas.artifact(() => arrow(canvas, x, y, sign > 0, color));
  canvas.tagged("P", parent, () => {
    canvas.text(text, x + shift, y, { size: 8, bold: true, color });
    const used = shift + canvas.textWidth(text, 8, true) + 5;
    const against = `vs ${change.against}`;
    const fits = used + canvas.textWidth(against, 6.5) <= inner;
    const style = { size: 6.5, color: theme.muted };
    if (fits) canvas.text(against, x + used, y, style);
    else if (!oneLine) canvas.text(shaper.fit(against, inner, 6.5), x, y + 10, style);
  });
}

function arrow(canvas: Canvas, x: number, y: number, up: boolean, color: string): void {
  const [tip, base] = up ? [y - 6.2, y - 0.4] : [y - 0.2, y - 6];
  canvas.polygon(
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
