import type { Cell, Column, ResultHead, Row } from "../../core/query/query.ts";
import { ByteWriter } from "../shared/bytes.ts";
import { columnTitle, isNumeric } from "../shared/columns.ts";
import { type CellContext, columnEncoder } from "./cells.ts";
import type { Look } from "./look.ts";
import { RowCursor } from "./rows.ts";
import { cellRef, type SheetBottom, sheetFoot, sheetHead } from "./sheet.ts";
import type { Style } from "./styles.ts";
import { type Span, totalFormula } from "./totals.ts";
import { columnWidths } from "./widths.ts";
import type { SheetEntry, Workbook } from "./workbook.ts";
import { columnName, content, textElement } from "./xml.ts";
import type { ZipEntry } from "./zip.ts";

/** The limits of a sheet; smaller in tests. */
export interface SheetLimits {
  rows: number;
  bytes: number;
}
/** Rows by Excel's specifications and limits; bytes below 4 GiB, so that no ZIP entry needs ZIP64 sizes. */
export const SHEET_LIMITS: SheetLimits = { rows: 1_048_576, bytes: 3.5 * 1024 ** 3 };
const CHUNK = 512 * 1024;
const HEADER_HEIGHT = 24;

export interface TableInput {
  title: string;
  head: ResultHead;
  rows: AsyncIterable<readonly Row[]>;
  footer: string;
}

/** A table as it was written: its sheets in order, and its rows, the others row not counted. */
export interface WrittenTable {
  sheets: SheetEntry[];
  rows: number;
}

export interface TableContext extends CellContext {
  workbook: Workbook;
  look: Look;
  limits: SheetLimits;
}

/**
 * Writes a table as one sheet, or as several when it has more rows than a sheet may have: each with the header, each
 * but the last with a row that says where it continues, the others row and the totals at the very end.
 * @param written filled in with the sheets and the rows
 */
export async function* tableEntries(
  input: TableInput,
  context: TableContext,
  written: WrittenTable,
): AsyncGenerator<ZipEntry, void, undefined> {
  const cursor = new RowCursor(input.rows);
  const table = new TableWriter(input, context, written);
  try {
    let sheet: SheetEntry | undefined = context.workbook.add(input.title);
    while (sheet !== undefined) {
      written.sheets.push(sheet);
      yield {
        name: `xl/worksheets/sheet${sheet.number}.xml`,
        content: table.sheet(cursor, sheet),
        reuse: table.reuse,
      };
      sheet = table.continuation;
    }
  } finally {
    await cursor.close();
  }
}

class TableWriter {
  /** The sheet on which the table continues when the last one was full. */
  continuation: SheetEntry | undefined;
  readonly #input: TableInput;
  readonly #context: TableContext;
  readonly #written: WrittenTable;
  readonly #spans: Span[] = [];
  readonly #encode: (row: Row, reference: string) => string;
  readonly #out = new ByteWriter(CHUNK);
  #widths: readonly number[] | undefined;

  constructor(input: TableInput, context: TableContext, written: WrittenTable) {
    this.#input = input;
    this.#context = context;
    this.#written = written;
    this.#encode = rowEncoder(input.head, context, context.look.body);
  }

  readonly reuse = (bytes: Uint8Array): void => this.#out.reuse(bytes);

  async *sheet(cursor: RowCursor, sheet: SheetEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const { head, footer } = this.#input;
    const { limits, look, workbook } = this.#context;
    const out = this.#out;
    const widths = (this.#widths ??= columnWidths(head, (await cursor.peek()) ?? []));
    out.text(sheetHead({ widths, frozen: true, tabColor: look.brand }));
    out.text(this.#headerRow());
    // Behind the rows there must be room for the others row and the totals, or for the note.
    const lastRow = limits.rows - Math.max(1, head.totals.length + (head.others === null ? 0 : 1));
    let at = 1;
    let bytes = 0;
    for (let rows = await cursor.peek(); rows !== undefined; rows = await cursor.peek()) {
      let taken = 0;
      while (taken < rows.length && at < lastRow && bytes < limits.bytes) {
        const row = rows[taken++];
        if (row !== undefined) out.text(this.#encode(row, String(++at)));
        if (!out.full) continue;
        bytes += out.length;
        yield out.take();
      }
      cursor.take(taken);
      this.#written.rows += taken;
      if (at >= lastRow || bytes >= limits.bytes) break;
    }
    const more = (await cursor.peek()) !== undefined;
    this.continuation = more ? workbook.add(this.#input.title) : undefined;
    sheet.filter = `A1:${cellRef(head.columns.length - 1, at)}`;
    sheet.repeatHeader = true;
    const foot: SheetBottom = { filter: sheet.filter, textArea: sheet.filter, footer };
    out.text(more ? this.#noteRow(sheet, at, foot) : this.#closingRows(sheet, at));
    out.text(sheetFoot(foot));
    yield out.take();
  }

  #headerRow(): string {
    const { columns } = this.#input.head;
    const { styles, look, notes } = this.#context;
    const cells = columns.map((column, i) => {
      const align = isNumeric(column) ? "right" : "left";
      const style = styles.add({ ...besideNumbers(columns, i, look.header), align });
      return textCell(cellRef(i, 1), style, notes.fit(columnTitle(column)));
    });
    return `<row r="1" ht="${HEADER_HEIGHT}" customHeight="1">${cells.join("")}</row>`;
  }

  /** Says on which sheet the table continues. */
  #noteRow(sheet: SheetEntry, at: number, foot: SheetBottom): string {
    const { styles, look } = this.#context;
    const next = this.continuation?.name ?? "";
    this.#spans.push({ sheet: sheet.name, first: 2, last: at });
    const ref = cellRef(0, at + 1);
    foot.links = [{ ref, sheet: next }];
    const text = `Continues on sheet "${next}": a sheet holds at most ${this.#context.limits.rows.toLocaleString("en-US")} rows.`;
    return `<row r="${at + 1}">${textCell(ref, styles.add({ ...look.link, italic: true }), text)}</row>`;
  }

  /** The others row and the totals. */
  #closingRows(sheet: SheetEntry, at: number): string {
    const { head } = this.#input;
    const { look } = this.#context;
    let last = at;
    let xml = "";
    const empty = at === 1 && head.others === null;
    if (empty) xml += this.#emptyRow(++last);
    if (head.others !== null) {
      const label = `Others (${head.others.groups.toLocaleString("en-US")})`;
      xml += this.#labelledRow(++last, label, head.others.cells, look.others);
    }
    // A sum over no rows would be 0, and what is not known is not 0.
    if (last > 1 && !empty) this.#spans.push({ sheet: sheet.name, first: 2, last });
    head.totals.forEach((total, i) => {
      const label = head.totals.length > 1 ? `Total ${total.unit ?? ""}`.trim() : "Total";
      const formulas = head.columns.map((_, c) => totalFormula(head, c, total, this.#spans));
      xml += this.#labelledRow(last + i + 1, label, total.cells, look.total, formulas, total.unit);
    });
    return xml;
  }

  /** Says that there are no rows: an empty sheet would look like a mistake. */
  #emptyRow(at: number): string {
    const { styles, look } = this.#context;
    return `<row r="${at}">${textCell(cellRef(0, at), styles.add({ ...look.others, align: "left" }), "No rows in this range")}</row>`;
  }

  #labelledRow(
    at: number,
    label: string,
    cells: Row,
    look: Style,
    formulas: readonly (string | undefined)[] = [],
    unit: string | null = null,
  ): string {
    const { head } = this.#input;
    const labelAt = head.columns.findIndex((column) => !isNumeric(column));
    const xml = head.columns.map((column, i) => {
      const shown = withUnit(column, unit);
      const ref = cellRef(i, at);
      if (i === labelAt) return textCell(ref, this.#context.styles.add(look), label);
      const encoder = columnEncoder(this.#context, head, shown, besideNumbers(head.columns, i, look), "</c>");
      return withFormula(`<c r="${ref}${encoder(cells[i] ?? null, cells)}`, formulas[i]);
    });
    return `<row r="${at}">${xml.join("")}</row>`;
  }
}

/** Text right of a number would touch it, since numbers end where their cell does. */
function besideNumbers(columns: readonly Column[], i: number, look: Style): Style {
  const [before, own] = [columns[i - 1], columns[i]];
  if (before === undefined || own === undefined || !isNumeric(before) || isNumeric(own)) return look;
  return { ...look, align: "left", indent: 1 };
}

/** A money column as a row in one currency shows it. */
function withUnit(column: Column, unit: string | null): Column {
  return column.type === "money" && column.unit === undefined && unit !== null ? { ...column, unit } : column;
}

function withFormula(cell: string, formula: string | undefined): string {
  return formula === undefined ? cell : cell.replace("<v>", () => `<f>${content(formula)}</f><v>`);
}

function textCell(ref: string, style: number, text: string): string {
  return `<c r="${ref}" s="${style}" t="inlineStr"><is>${textElement(text)}</is></c>`;
}

/** Encodes whole rows, with one encoder per column that is made once. */
function rowEncoder(
  head: ResultHead,
  context: CellContext,
  look: Style,
): (row: Row, reference: string) => string {
  const { columns } = head;
  const encoders = columns.map((column, i) => {
    const next = i === columns.length - 1 ? "</c></row>" : `</c><c r="${columnName(i + 1)}`;
    return columnEncoder(context, head, column, besideNumbers(head.columns, i, look), next);
  });
  return (row, reference) => {
    let xml = `<row r="${reference}"><c r="A`;
    for (let i = 0; i < encoders.length; i++) {
      const cell: Cell = row[i] ?? null;
      xml += reference;
      xml += encoders[i]?.(cell, row) ?? "";
    }
    return xml;
  };
}
