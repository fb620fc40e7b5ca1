import type { ResultHead, Row } from "../../../core/query/query.ts";
import type { TableStream } from "../../../core/reports/document.ts";
import type { PdfWriter } from "../pdf-writer.ts";
import { blockTitle, paragraph, type Titled } from "../blocks/titles.ts";
import type { Element } from "../tags.ts";
import { TEXT } from "../theme.ts";
import { type CellText, cellTexts, shortIdNotes, UNKNOWN } from "./cells.ts";
import { type Format, planTable } from "./columns.ts";
import { linesOf, type RowStyle, TablePainter } from "./painter.ts";
import { type Subtotal, Subtotals } from "./subtotals.ts";

/** Rows read ahead to choose column widths from. */
const SAMPLE = 250;

/**
 * A table stays on a page that the one before it turned when so much of the page's height is free, which would be left
 * white; a long one does not, since fewer of its rows fit on turned pages.
 */
const STAY_ROOM = 0.4;
const STAY_ROWS = 100;

export interface TableBlock extends Titled {
  stream: TableStream;
  format: Format;
}

/**
 * Draws a table of any length: reads rows as it paints them, holds a sample and a page of them at most, and yields after
 * each finished page so that the caller can pass it on. Ends the row stream when it is abandoned.
 * @throws DomainError whatever the row stream throws
 */
export async function* drawTable(pdf: PdfWriter, block: TableBlock): AsyncGenerator<void, void, undefined> {
  const rows = block.stream.batches()[Symbol.asyncIterator]();
  let open = true;
  try {
    const ahead: Row[] = [];
    while (open && ahead.length < SAMPLE) {
      const step = await rows.next();
      if (step.done === true) open = false;
      else ahead.push(...step.value);
    }
    const run = startTable(pdf, block, ahead.slice(0, SAMPLE));
    yield* paintBatch(run, ahead);
    while (open) {
      const step = await rows.next();
      if (step.done === true) open = false;
      else yield* paintBatch(run, step.value);
    }
    finishTable(run);
  } finally {
    if (open) await rows.return?.();
  }
}

/** A table being drawn. */
interface Run {
  pdf: PdfWriter;
  head: ResultHead;
  painter: TablePainter;
  texts: readonly CellText[];
  subtotals: Subtotals;
  parent: Element;
  /** Rows drawn since the last subtotal. */
  drawn: number;
}

function startTable(pdf: PdfWriter, block: TableBlock, sample: readonly Row[]): Run {
  const { head } = block.stream;
  const isLandscape = pdf.page.width > pdf.page.height;
  const stays = isLandscape && pdf.room > STAY_ROOM * pdf.page.height && head.completeness.rows <= STAY_ROWS;
  const plan = planTable(
    pdf.shaper,
    head,
    sample,
    stays ? { ...block.format, landscape: true } : block.format,
  );
  const { width, height } = block.format.paper;
  if (plan.landscape !== isLandscape)
    pdf.next(plan.landscape ? { width: height, height: width } : { width, height });
  const texts = cellTexts(head.columns);
  const painter = new TablePainter(pdf, plan, block.parent, block.title, head.completeness.rows);
  // A heading never stands alone: with it come the header and the first three rows, or all there are.
  const rowsHeight = sample.slice(0, 3).reduce((sum, row) => {
    const laid = painter.lay(row.map((cell, c) => texts[c]?.(cell, row) ?? ""));
    return sum + painter.heightOf(Math.min(6, linesOf(laid)));
  }, 0);
  const notes = [...head.completeness.notes, ...shortIdNotes(head.columns)];
  const needed = 44 + notes.length * 10 + painter.headerHeight + rowsHeight;
  if (pdf.room < needed) pdf.next();
  blockTitle(pdf, block, rowsLabel(head), notes);
  painter.header();
  painter.begin("TBody");
  return {
    pdf,
    head,
    painter,
    texts,
    subtotals: new Subtotals(head, sample),
    parent: block.parent,
    drawn: 0,
  };
}

function rowsLabel(head: ResultHead): string {
  const { rows, rowsTotal } = head.completeness;
  const count = (value: number): string => value.toLocaleString("en-US");
  const noun = rowsTotal === 1 ? "row" : "rows";
  return rows === rowsTotal ? `${count(rows)} ${noun}` : `${count(rows)} of ${count(rowsTotal)} ${noun}`;
}

function* paintBatch(run: Run, batch: readonly Row[]): Generator<void, void, undefined> {
  const { painter, texts, pdf } = run;
  const plain: RowStyle = { weight: "regular", color: pdf.theme.ink, fill: undefined };
  const striped: RowStyle = { ...plain, fill: pdf.theme.zebra };
  for (const row of batch) {
    const subtotal = run.subtotals.next(row);
    if (subtotal !== undefined && paintSubtotal(run, subtotal)) yield;
    const laid = painter.lay(texts.map((text, c) => text(row[c] ?? null, row)));
    if (painter.row(laid, run.drawn++ % 2 === 1 ? striped : plain)) yield;
  }
}

function paintSubtotal(run: Run, subtotal: Subtotal): boolean {
  const { painter, texts, head, pdf } = run;
  const cells = texts.map((text, c) => {
    if (c === 0) return `Subtotal ${text(subtotal.key, subtotal.cells)}`;
    const cell = subtotal.cells[c] ?? null;
    return cell === null || head.columns[c]?.role !== "measure" ? "" : text(cell, subtotal.cells);
  });
  run.drawn = 0;
  return painter.row(painter.layLabelled(cells, "semibold"), {
    weight: "semibold",
    color: pdf.theme.ink,
    fill: pdf.theme.tint,
    headed: true,
  });
}

function finishTable(run: Run): void {
  const { pdf, head, painter, texts } = run;
  const last = run.subtotals.last();
  if (last !== undefined) paintSubtotal(run, last);
  if (run.drawn === 0 && head.completeness.rows === 0) paintEmpty(run);
  if (head.others !== null) {
    const { cells, groups } = head.others;
    const shown = texts.map((text, c) => {
      if (c === 0) return `Others (${groups.toLocaleString("en-US")} more)`;
      return head.columns[c]?.role === "measure" ? text(cells[c] ?? null, cells) : "";
    });
    painter.row(painter.layLabelled(shown, "regular"), {
      weight: "regular",
      color: pdf.theme.muted,
      fill: undefined,
      headed: true,
    });
  }
  paintTotals(run);
  painter.finish();
  if (run.subtotals.broken) {
    const note = "Subtotals end where the rows are no longer sorted by the first column.";
    paragraph(pdf, run.parent, note, { size: TEXT.tiny, color: pdf.theme.muted, gap: 0 });
  }
  pdf.page.y += 20;
}

function paintEmpty(run: Run): void {
  const cells = run.head.columns.map((_, c) => (c === 0 ? "No rows in this range" : ""));
  run.painter.row(run.painter.layLabelled(cells, "regular"), {
    weight: "regular",
    color: run.pdf.theme.muted,
    fill: undefined,
  });
}

function paintTotals(run: Run): void {
  const { pdf, head, painter, texts } = run;
  if (head.totals.length === 0 || head.columns[0]?.role === "measure") return;
  painter.begin("TFoot");
  head.totals.forEach((total, i) => {
    const shown = texts.map((text, c) => {
      if (c === 0) return head.totals.length > 1 && total.unit !== null ? `Total ${total.unit}` : "Total";
      if (head.columns[c]?.role !== "measure") return "";
      const cell = total.cells[c] ?? null;
      return cell === null ? (head.totals.length > 1 ? "" : UNKNOWN) : text(cell, total.cells, total.unit);
    });
    const style = {
      weight: "semibold",
      color: pdf.theme.ink,
      fill: pdf.theme.tint,
      rule: i === 0,
      headed: true,
    } as const;
    painter.row(painter.layLabelled(shown, "semibold"), style);
  });
}
