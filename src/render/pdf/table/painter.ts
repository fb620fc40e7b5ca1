import type { PdfWriter, Page } from "../pdf-writer.ts";
import { ContentStream } from "../content-stream.ts";
import { n, rgb } from "../canvas.ts";
import { columnSpan, type Element, type ElementType, SCOPE_COLUMN, SCOPE_ROW } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";
import type { Shaped, Weight } from "../text-shaper.ts";
import { PAD_X, type TablePlan } from "./columns.ts";
import { type Cell, CellLayout } from "./lines.ts";

/**
 * Rows up to which a table is one structure element with all its cells. Longer ones are tagged by row, as a table of
 * its own on each page, header cells included: readers walk the whole of a table to show one page of it, and a
 * single one of 100,000 rows keeps them busy for seconds at every page.
 */
export const TAG_CELLS_UP_TO = 2000;

/** Tables in one section of the structure tree: readers look at all children of whatever the page is in. */
const GROUP = 50;

/** Tables of up to so many rows get more white space between them. */
const ROOMY = 1000;

/** A row laid out: its cells, and what shows them. */
export interface Row {
  cells: readonly Cell[];
  layouts: readonly CellLayout[];
}

/** Lines of the tallest cell. */
export function linesOf(row: Row): number {
  let lines = 1;
  for (const cell of row.cells) if (cell.lines > lines) lines = cell.lines;
  return lines;
}

export interface RowStyle {
  weight: Weight;
  color: string;
  fill: string | undefined;
  /** A rule above the row. */
  rule?: boolean;
  /** Whether its first cell is a heading of the row. */
  headed?: boolean;
}

/**
 * Paints rows: text goes straight into content-stream operators, a text object a row, backgrounds of a page in one path
 * below it. Turns the page and repeats the header where the room ends.
 */
export class TablePainter {
  readonly #pdf: PdfWriter;
  readonly #plan: TablePlan;
  readonly #parent: Element;
  readonly #byCell: boolean;
  #table: Element | undefined;
  /** The section that holds the tables of some pages, and the number of tables so far. */
  #group: Element | undefined;
  #tables = 0;
  readonly #title: string;
  readonly #layouts = new Map<Weight, CellLayout[]>();
  readonly #heading: readonly (readonly Shaped[])[];
  readonly #leading: number;
  readonly #padY: number;
  readonly #left = MARGIN.x;
  #section: Element | undefined;
  #sectionType: ElementType = "TBody";
  /** Backgrounds by colour, and the text above them, of the part of the table on this page. */
  #fills = new Map<string, string>();
  readonly #content = new ContentStream();
  #style: Pick<RowStyle, "weight" | "color"> | undefined;
  readonly #cells: Cell[];

  /** @param rows how many there will be: decides how they are tagged, and how much white is between them */
  constructor(pdf: PdfWriter, plan: TablePlan, parent: Element, title: string, rows: number) {
    this.#pdf = pdf;
    this.#plan = plan;
    this.#parent = parent;
    this.#cells = plan.columns.map(() => ({ lines: 1, hang: 0, laid: undefined, text: "", width: 0 }));
    this.#byCell = rows <= TAG_CELLS_UP_TO;
    this.#title = title;
    this.#heading = plan.heading.map((lines) => lines.map((line) => pdf.shaper.shape(line, "semibold")));
    this.#leading = plan.size * 1.3;
    this.#padY = plan.size * (rows <= ROOMY ? 0.42 : 0.3);
  }

  /** Height of a row of so many lines. */
  heightOf(lines: number): number {
    return lines * this.#leading + 2 * this.#padY;
  }

  get headerHeight(): number {
    const lines = Math.max(...this.#plan.heading.map((heading) => heading.length), 1);
    return lines * this.#plan.headingSize * 1.25 + 9;
  }

  /** Lays a row out, in memory that the next call reuses: draw the row first. */
  lay(texts: readonly string[], weight: Weight = "regular"): Row {
    const layouts = this.#layoutsOf(weight);
    const cells = this.#cells;
    for (let c = 0; c < cells.length; c++) {
      const cell = cells[c];
      if (cell !== undefined) layouts[c]?.into(cell, texts[c] ?? "");
    }
    return { cells, layouts };
  }

  /** Lays out a row whose first cell reaches over the columns of text behind it, which are empty. */
  layLabelled(texts: readonly string[], weight: Weight): Row {
    const { columns, size } = this.#plan;
    const end = columns.findIndex((column, c) => c > 0 && (column.numeric || texts[c] !== ""));
    const reach = (end < 0 ? columns : columns.slice(0, end)).reduce((sum, column) => sum + column.width, 0);
    const label = new CellLayout(this.#pdf.shaper, size, weight, reach - 2 * PAD_X, false, 0);
    const row = this.lay(texts, weight);
    if (row.cells[0] !== undefined) label.into(row.cells[0], texts[0] ?? "");
    return { cells: row.cells, layouts: [label, ...row.layouts.slice(1)] };
  }

  #layoutsOf(weight: Weight): CellLayout[] {
    let layouts = this.#layouts.get(weight);
    if (layouts === undefined) {
      const { shaper } = this.#pdf;
      layouts = this.#plan.columns.map(
        (c) =>
          new CellLayout(
            shaper,
            this.#plan.size,
            weight,
            Math.max(4, c.width - 2 * PAD_X),
            c.numeric,
            c.fraction,
          ),
      );
      this.#layouts.set(weight, layouts);
    }
    return layouts;
  }

  /** Draws the header. It is tagged where a table element begins; repeated, it is decoration of its page. */
  header(): void {
    const { page, theme, tags } = this.#pdf;
    const { canvas } = page;
    const { columns, headingSize } = this.#plan;
    const height = this.headerHeight;
    const first = this.#table === undefined;
    const head = first ? tags.open("THead", this.#openTable()) : undefined;
    const row = head === undefined ? undefined : tags.open("TR", head);
    canvas.artifact(() => {
      canvas.rect(this.#left, page.y, this.#pdf.width, height, theme.header);
      const y = page.y + height;
      canvas.line(this.#left, y, this.#left + this.#pdf.width, y, { color: theme.brand, width: 0.8 });
    });
    const draw = (c: number): void => {
      const column = columns[c];
      const lines = this.#heading[c] ?? [];
      if (column === undefined) return;
      lines.forEach((line, i) => {
        const y = page.y + height - 6 - (lines.length - 1 - i) * headingSize * 1.25;
        const x = this.#left + column.x + (column.numeric ? column.width - PAD_X : PAD_X);
        const align = column.numeric ? "right" : "left";
        canvas.shaped(line, x, y, { size: headingSize, color: theme.brandText, align });
      });
    };
    if (row === undefined) canvas.artifact(() => columns.forEach((_, c) => draw(c)), "Pagination");
    else columns.forEach((_, c) => canvas.tagged("TH", row, () => draw(c), SCOPE_COLUMN));
    if (row !== undefined) tags.close(row);
    if (head !== undefined) tags.close(head);
    page.y += height;
  }

  /** Rows drawn from now on belong to this part of the table. */
  begin(type: "TBody" | "TFoot"): void {
    this.#closeSection();
    this.#sectionType = type;
  }

  /**
   * Draws a row, on the next page when it does not fit here. A row taller than half a page is split between lines.
   * @returns whether a page was finished on the way
   */
  row(row: Row, style: RowStyle): boolean {
    const lines = linesOf(row);
    const height = this.heightOf(lines);
    if (height <= this.#pdf.room) {
      this.#paint(row, 0, lines, style, undefined);
      return false;
    }
    const fresh = this.#pdf.page.height - MARGIN.top - MARGIN.bottom - this.headerHeight;
    if (height <= fresh / 2) {
      this.turn();
      this.#paint(row, 0, lines, style, undefined);
    } else this.#split(row, lines, style);
    return true;
  }

  #split(row: Row, lines: number, style: RowStyle): void {
    const { tags } = this.#pdf;
    const element = tags.open("TR", this.#openSection());
    const cells = row.cells.map(() => tags.open("TD", element));
    // Its elements must outlive the page they begin on, and with them the part of the table they are in.
    const section = this.#section;
    this.#section = undefined;
    let from = 0;
    while (from < lines) {
      const fit = Math.floor((this.#pdf.room - 2 * this.#padY) / this.#leading);
      if (fit < 2 && fit < lines - from) {
        this.turn();
        continue;
      }
      const to = Math.min(lines, from + fit);
      this.#paint(row, from, to, style, cells);
      from = to;
      if (from < lines) this.turn();
    }
    for (const cell of cells) tags.close(cell);
    tags.close(element);
    if (section !== undefined) tags.close(section);
  }

  #openSection(): Element {
    this.#section ??= this.#pdf.tags.open(this.#sectionType, this.#openTable());
    return this.#section;
  }

  #closeSection(): void {
    if (this.#section !== undefined) this.#pdf.tags.close(this.#section);
    this.#section = undefined;
  }

  /** Paints lines `from` to `to` of a row; `parts` are the open elements of a row that is split. */
  #paint(row: Row, from: number, to: number, style: RowStyle, parts: readonly Element[] | undefined): void {
    const { page, tags } = this.#pdf;
    const { columns, size } = this.#plan;
    const content = this.#content;
    const height = (to - from) * this.#leading + 2 * this.#padY;
    this.#background(page, height, style);
    this.#setStyle(style);
    const element = parts === undefined ? tags.open("TR", this.#openSection()) : undefined;
    const whole = element !== undefined && !this.#byCell;
    if (whole) content.text(tags.leaf("TD", element, page, columnSpan(columns.length)));
    content.text("BT 1 0 0 1 ");
    content.number(this.#left);
    content.number(page.height - (page.y + this.#padY + size * 0.99));
    content.text("Tm\n");
    const at = { x: 0, y: 0 };
    for (let c = 0; c < columns.length; c++) {
      if (!whole) content.text(this.#openCell(page, c, style, element, parts));
      this.#paintCell(row, c, from, to, at);
      if (!whole) content.text("EMC\n");
    }
    content.text(whole ? "ET EMC\n" : "ET\n");
    if (element !== undefined) tags.close(element);
    page.y += height;
  }

  #openCell(
    page: Page,
    c: number,
    style: RowStyle,
    row: Element | undefined,
    parts: readonly Element[] | undefined,
  ): string {
    const { tags } = this.#pdf;
    const part = parts?.[c];
    if (part !== undefined) return tags.mark(part, page);
    if (row === undefined) return "";
    const heads = c === 0 && style.headed === true;
    return tags.leaf(heads ? "TH" : "TD", row, page, heads ? SCOPE_ROW : "");
  }

  /** Writes a cell's lines, moving on from `at`, the start of the line shown last. */
  #paintCell(row: Row, c: number, from: number, to: number, at: { x: number; y: number }): void {
    const column = this.#plan.columns[c];
    const cell = row.cells[c];
    const layout = row.layouts[c];
    if (column === undefined || cell === undefined || layout === undefined) return;
    const content = this.#content;
    const last = Math.min(to, cell.lines);
    for (let i = from; i < last; i++) {
      const width = cell.laid?.[i]?.width ?? cell.width;
      const left = column.numeric ? column.x + column.width - PAD_X - width - cell.hang : column.x + PAD_X;
      // Whole hundredths, as they are written: errors do not add up along the row.
      const x = Math.round(left * 100) / 100;
      const y = Math.round((from - i) * this.#leading * 100) / 100;
      content.number(x - at.x);
      content.number(y - at.y);
      content.text("Td ");
      layout.show(content, cell, i);
      at.x = x;
      at.y = y;
    }
  }

  #background(page: Page, height: number, style: RowStyle): void {
    const path = (y: number, h: number): string =>
      `${n(this.#left)} ${n(page.height - y - h)} ${n(this.#pdf.width)} ${n(h)} re\n`;
    const add = (color: string, part: string): void =>
      void this.#fills.set(color, (this.#fills.get(color) ?? "") + part);
    if (style.fill !== undefined) add(style.fill, path(page.y, height));
    if (style.rule === true) add(this.#pdf.theme.ink, path(page.y, 0.7));
  }

  #setStyle({ weight, color }: RowStyle): void {
    if (this.#style?.weight === weight && this.#style.color === color) return;
    this.#style = { weight, color };
    this.#content.text(`/${this.#pdf.shaper.fontName(weight)} ${this.#plan.size} Tf ${rgb(color)} rg\n`);
  }

  /** Writes what was painted to the page. */
  flush(): void {
    const { page } = this.#pdf;
    page.canvas.artifact(() => {
      for (const [color, path] of this.#fills) page.content.text(`${rgb(color)} rg ${path}f\n`);
      const right = this.#left + this.#pdf.width;
      page.canvas.line(this.#left, page.y, right, page.y, { color: this.#pdf.theme.line, width: 0.6 });
    });
    page.content.bytes(this.#content.view());
    this.#content.clear();
    this.#fills = new Map();
    this.#style = undefined;
    this.#closeSection();
    if (!this.#byCell) this.#closeTable();
  }

  #openTable(): Element {
    if (this.#table !== undefined) return this.#table;
    if (!this.#byCell && this.#tables++ % GROUP === 0) this.#openGroup();
    this.#table = this.#pdf.tags.open("Table", this.#group ?? this.#parent);
    return this.#table;
  }

  #openGroup(): void {
    if (this.#group !== undefined) this.#pdf.tags.close(this.#group);
    this.#group = this.#pdf.tags.open("Sect", this.#parent);
  }

  #closeTable(): void {
    if (this.#table !== undefined) this.#pdf.tags.close(this.#table);
    this.#table = undefined;
  }

  /** Ends the table. */
  finish(): void {
    this.flush();
    this.#closeTable();
    if (this.#group !== undefined) this.#pdf.tags.close(this.#group);
    this.#group = undefined;
  }

  /** Continues on the next page, under a repeated header. */
  turn(): void {
    this.flush();
    const page = this.#pdf.next();
    page.canvas.artifact(() => {
      const title = this.#pdf.shaper.fit(`${this.#title} (continued)`, this.#pdf.width, TEXT.tiny);
      page.canvas.text(title, MARGIN.x, page.y + 3, { size: TEXT.tiny, color: this.#pdf.theme.muted });
    }, "Pagination");
    page.y += 9;
    this.header();
  }
}
