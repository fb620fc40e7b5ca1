import { fitCell } from "./cells.ts";
import { type SheetLink, cellRef } from "./sheet.ts";
import type { Style, StyleBook } from "./styles.ts";
import { content, textElement } from "./xml.ts";

/** A cell of a sheet that is laid out by hand; numbers are decimal text. */
export type GridValue = { text: string } | { number: string } | { formula: string; value: string } | null;

/** A small sheet in memory: cells anywhere, merged areas, row heights, links. */
export class Grid {
  readonly merges: string[] = [];
  readonly links: SheetLink[] = [];
  readonly #styles: StyleBook;
  readonly #rows = new Map<number, Map<number, string>>();
  readonly #heights = new Map<number, number>();

  constructor(styles: StyleBook) {
    this.#styles = styles;
  }

  /** @param column from 0 @param row from 1 */
  set(column: number, row: number, value: GridValue, style: Style): void {
    const cells = this.#rows.get(row) ?? new Map<number, string>();
    this.#rows.set(row, cells);
    const start = `<c r="${cellRef(column, row)}" s="${this.#styles.add(style)}"`;
    cells.set(column, start + valueXml(value));
  }

  /** A value over several cells, all in its style. */
  merge(column: number, row: number, width: number, value: GridValue, style: Style): void {
    // Of a card's edge only the first cell has the line.
    const { border, borderColor, ...plain } = style;
    const rest = border === "left" ? plain : style;
    for (let i = 1; i < width; i++) this.set(column + i, row, null, rest);
    this.set(column, row, value, border === undefined ? plain : { ...style, border, borderColor });
    if (width > 1) this.merges.push(`${cellRef(column, row)}:${cellRef(column + width - 1, row)}`);
  }

  /** @param points height of the row */
  height(row: number, points: number): void {
    this.#heights.set(row, points);
    if (!this.#rows.has(row)) this.#rows.set(row, new Map());
  }

  /** Gives every row up to `last` a height, so that what lies over empty rows has the same size in every program. */
  fixHeights(last: number, usual: number): void {
    for (let row = 1; row <= last; row++) if (!this.#heights.has(row)) this.height(row, usual);
  }

  /** The height of all rows above one, `usual` for those that have none of their own. */
  pointsAbove(row: number, usual: number): number {
    let points = 0;
    for (let i = 1; i < row; i++) points += this.#heights.get(i) ?? usual;
    return points;
  }

  link(column: number, row: number, sheet: string): void {
    this.links.push({ ref: cellRef(column, row), sheet });
  }

  /** The rows as `sheetData` holds them, ascending. */
  xml(): string {
    return [...this.#rows]
      .sort(([a], [b]) => a - b)
      .map(([row, cells]) => {
        const height = this.#heights.get(row);
        const ordered = [...cells].sort(([a], [b]) => a - b).map(([, cell]) => cell);
        const size = height === undefined ? "" : ` ht="${height}" customHeight="1"`;
        return `<row r="${row}"${size}>${ordered.join("")}</row>`;
      })
      .join("");
  }
}

function valueXml(value: GridValue): string {
  if (value === null) return "/>";
  if ("text" in value) return ` t="inlineStr"><is>${textElement(fitCell(value.text))}</is></c>`;
  if ("number" in value) return `><v>${value.number}</v></c>`;
  return `><f>${content(value.formula)}</f><v>${value.value}</v></c>`;
}
