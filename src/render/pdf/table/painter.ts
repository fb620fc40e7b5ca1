import type { Book, Page } from "../book.ts";
import { n, rgb } from "../pen.ts";
import { columnSpan, type Element, type ElementType, SCOPE_COLUMN, SCOPE_ROW } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";
import type { Weight } from "../typesetter.ts";
import { PAD_X, type TablePlan } from "./columns.ts";
import { CellLayout, type Laid } from "./lines.ts";

/**
 * Rows up to which a table is one structure element with all its cells. Longer ones are tagged by row, as a table of
 * its own on each page, header cells included: readers walk the whole of a table to show one page of it, and a
 * single one of 100,000 rows keeps them busy for seconds at every page.
 */
export const TAG_CELLS_UP_TO = 2000;

/** Tables in one section of the structure tree: readers look at all children of whatever the page is in. */
const GROUP = 50;

/** Rows up to which a table is there to be read, with more white between them, rather than to be looked up in. */
const ROOMY = 1000;

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
  readonly #book: Book;
  readonly #plan: TablePlan;
  readonly #parent: Element;
  readonly #byCell: boolean;
  #table: Element | undefined;
  /** Where the tables of some pages are gathered, and how many tables there were. */
  #group: Element | undefined;
  #tables = 0;
  readonly #title: string;
  readonly #layouts = new Map<Weight, CellLayout[]>();
  readonly #leading: number;
  readonly #padY: number;
  readonly #left = MARGIN.x;
  #section: Element | undefined;
  #sectionType: ElementType = "TBody";
  /** Backgrounds by colour, and the text above them, of the part of the table on this page. */
  #fills = new Map<string, string>();
  #text = "";
  #style = "";

  /** @param rows how many there will be: decides how they are tagged, and how much white is between them */
  constructor(book: Book, plan: TablePlan, parent: Element, title: string, rows: number) {
    this.#book = book;
    this.#plan = plan;
    this.#parent = parent;
    this.#byCell = rows <= TAG_CELLS_UP_TO;
    this.#title = title;
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

  /** Lays a row out. The result belongs to the layout's memory: draw it before keeping it. */
  lay(texts: readonly string[], weight: Weight = "regular"): Laid[] {
    const layouts = this.#layoutsOf(weight);
    return layouts.map((layout, c) => layout.of(texts[c] ?? ""));
  }

  /** Lays out a row whose first cell reaches over the columns of text behind it, which are empty. */
  layLabelled(texts: readonly string[], weight: Weight): Laid[] {
    const { columns, size } = this.#plan;
    const end = columns.findIndex((column, c) => c > 0 && (column.numeric || texts[c] !== ""));
    const reach = (end < 0 ? columns : columns.slice(0, end)).reduce((sum, column) => sum + column.width, 0);
    const label = new CellLayout(this.#book.type, size, weight, reach - 2 * PAD_X, false, 0);
    return [label.of(texts[0] ?? ""), ...this.lay(texts, weight).slice(1)];
  }

  #layoutsOf(weight: Weight): CellLayout[] {
    let layouts = this.#layouts.get(weight);
    if (layouts === undefined) {
      const { type } = this.#book;
      layouts = this.#plan.columns.map(
        (c) =>
          new CellLayout(
            type,
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
    const { page, theme, tags } = this.#book;
    const { pen } = page;
    const { heading, columns, headingSize } = this.#plan;
    const height = this.headerHeight;
    const first = this.#table === undefined;
    const head = first ? tags.open("THead", this.#openTable()) : undefined;
    const row = head === undefined ? undefined : tags.open("TR", head);
    pen.artifact(() => {
      pen.rect(this.#left, page.y, this.#book.width, height, theme.header);
      const y = page.y + height;
      pen.line(this.#left, y, this.#left + this.#book.width, y, { color: theme.brand, width: 0.8 });
    });
    heading.forEach((lines, c) => {
      const column = columns[c];
      if (column === undefined) return;
      const draw = (): void => {
        lines.forEach((line, i) => {
          const y = page.y + height - 6 - (lines.length - 1 - i) * headingSize * 1.25;
          const x = this.#left + column.x + (column.numeric ? column.width - PAD_X : PAD_X);
          const align = column.numeric ? "right" : "left";
          pen.text(line, x, y, { size: headingSize, bold: true, color: theme.brandText, align });
        });
      };
      if (row === undefined) pen.artifact(draw, "Pagination");
      else pen.tagged("TH", row, draw, SCOPE_COLUMN);
    });
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
  row(laid: readonly Laid[], style: RowStyle): boolean {
    let lines = 1;
    for (const cell of laid) if (cell.lines.length > lines) lines = cell.lines.length;
    const height = this.heightOf(lines);
    if (height <= this.#book.room) {
      this.#paint(laid, 0, lines, style, undefined);
      return false;
    }
    const fresh = this.#book.page.height - MARGIN.top - MARGIN.bottom - this.headerHeight;
    if (height <= fresh / 2) {
      this.turn();
      this.#paint(laid, 0, lines, style, undefined);
    } else this.#split(laid, lines, style);
    return true;
  }

  #split(laid: readonly Laid[], lines: number, style: RowStyle): void {
    const { tags } = this.#book;
    const row = tags.open("TR", this.#openSection());
    const cells = laid.map(() => tags.open("TD", row));
    // Its elements must outlive the page they begin on, and with them the part of the table they are in.
    const section = this.#section;
    this.#section = undefined;
    let from = 0;
    while (from < lines) {
      const fit = Math.floor((this.#book.room - 2 * this.#padY) / this.#leading);
      if (fit < 2 && fit < lines - from) {
        this.turn();
        continue;
      }
      const to = Math.min(lines, from + fit);
      this.#paint(laid, from, to, style, cells);
      from = to;
      if (from < lines) this.turn();
    }
    for (const cell of cells) tags.close(cell);
    tags.close(row);
    if (section !== undefined) tags.close(section);
  }

  #openSection(): Element {
    this.#section ??= this.#book.tags.open(this.#sectionType, this.#openTable());
    return this.#section;
  }

  #closeSection(): void {
    if (this.#section !== undefined) this.#book.tags.close(this.#section);
    this.#section = undefined;
  }

  /** Paints lines `from` to `to` of a row; `cells` are the open elements of a row that is split. */
  #paint(
    laid: readonly Laid[],
    from: number,
    to: number,
    style: RowStyle,
    cells: readonly Element[] | undefined,
  ): void {
    const { page, tags } = this.#book;
    const { columns, size } = this.#plan;
    const height = (to - from) * this.#leading + 2 * this.#padY;
    this.#background(page, height, style);
    this.#setStyle(style);
    const rowElement = cells === undefined ? tags.open("TR", this.#openSection()) : undefined;
    const wholeRow = rowElement !== undefined && !this.#byCell;
    const baseline = page.height - (page.y + this.#padY + size * 0.99);
    let out = wholeRow ? tags.leaf("TD", rowElement, page, columnSpan(columns.length)) : "";
    out += `BT 1 0 0 1 ${n(this.#left)} ${n(baseline)} Tm\n`;
    let x = 0;
    let y = 0;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c];
      const cell = laid[c];
      if (column === undefined || cell === undefined) continue;
      if (cells !== undefined) out += cells[c] === undefined ? "" : tags.mark(cells[c] as Element, page);
      else if (!wholeRow && rowElement !== undefined) {
        const heads = c === 0 && style.headed === true;
        out += tags.leaf(heads ? "TH" : "TD", rowElement, page, heads ? SCOPE_ROW : "");
      }
      const last = Math.min(to, cell.lines.length);
      for (let i = from; i < last; i++) {
        const line = cell.lines[i];
        if (line === undefined) continue;
        const left = column.x + (column.numeric ? column.width - PAD_X - line.width - cell.hang : PAD_X);
        const down = (from - i) * this.#leading;
        out += `${n(left - x)} ${n(down - y)} Td ${line.show}\n`;
        // What was written is rounded, so the next offset starts from there.
        x += Math.round((left - x) * 100) / 100;
        y += Math.round((down - y) * 100) / 100;
      }
      if (!wholeRow) out += "EMC\n";
    }
    this.#text += wholeRow ? `${out}ET EMC\n` : `${out}ET\n`;
    if (rowElement !== undefined) tags.close(rowElement);
    page.y += height;
  }

  #background(page: Page, height: number, style: RowStyle): void {
    const path = (y: number, h: number): string =>
      `${n(this.#left)} ${n(page.height - y - h)} ${n(this.#book.width)} ${n(h)} re\n`;
    const add = (color: string, part: string): void =>
      void this.#fills.set(color, (this.#fills.get(color) ?? "") + part);
    if (style.fill !== undefined) add(style.fill, path(page.y, height));
    if (style.rule === true) add(this.#book.theme.ink, path(page.y, 0.7));
  }

  #setStyle(style: RowStyle): void {
    const operators = `/${this.#book.type.faceName(style.weight)} ${this.#plan.size} Tf ${rgb(style.color)} rg\n`;
    if (operators === this.#style) return;
    this.#text += operators;
    this.#style = operators;
  }

  /** Puts what was painted onto the page. */
  flush(): void {
    const { page } = this.#book;
    page.pen.artifact(() => {
      for (const [color, path] of this.#fills) page.write(`${rgb(color)} rg ${path}f\n`);
      const right = this.#left + this.#book.width;
      page.pen.line(this.#left, page.y, right, page.y, { color: this.#book.theme.line, width: 0.6 });
    });
    page.write(this.#text);
    this.#fills = new Map();
    this.#text = "";
    this.#style = "";
    this.#closeSection();
    if (!this.#byCell) this.#closeTable();
  }

  #openTable(): Element {
    if (this.#table !== undefined) return this.#table;
    if (!this.#byCell && this.#tables++ % GROUP === 0) this.#openGroup();
    this.#table = this.#book.tags.open("Table", this.#group ?? this.#parent);
    return this.#table;
  }

  #openGroup(): void {
    if (this.#group !== undefined) this.#book.tags.close(this.#group);
    this.#group = this.#book.tags.open("Sect", this.#parent);
  }

  #closeTable(): void {
    if (this.#table !== undefined) this.#book.tags.close(this.#table);
    this.#table = undefined;
  }

  /** Ends the table. */
  finish(): void {
    this.flush();
    this.#closeTable();
    if (this.#group !== undefined) this.#book.tags.close(this.#group);
    this.#group = undefined;
  }

  /** Goes on on the next page, under a repeated header. */
  turn(): void {
    this.flush();
    const page = this.#book.next();
    page.pen.artifact(() => {
      const title = this.#book.type.fit(`${this.#title} (continued)`, this.#book.width, TEXT.tiny);
      page.pen.text(title, MARGIN.x, page.y + 3, { size: TEXT.tiny, color: this.#book.theme.muted });
    }, "Pagination");
    page.y += 9;
    this.header();
  }
}
