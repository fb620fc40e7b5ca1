import type { Cell, Column, ResultHead, Row } from "../../core/query/query.ts";
import { unitColumn } from "../shared/columns.ts";
import { counted, cutText, hasLoneSurrogate, surrogateNote } from "../shared/text.ts";
import { columnFormat, shownDigits, tinyFormat } from "./formats.ts";
import type { SharedStrings } from "./strings.ts";
import type { Style, StyleBook } from "./styles.ts";
import { dateSerial, exceedsDouble, instantSerial, isDecimal, percentShare, roundsToZero } from "./values.ts";
import { cellText, textElement } from "./xml.ts";

/** Excel specifications and limits: total number of characters that a cell can contain. */
export const MAX_CELL = 32_767;
/** Distinct texts a column may share; what a column has more of hardly repeats. */
const MAX_SHARED = 8_192;
const MAX_SHARED_LENGTH = 1_024;
const FORMULA_START = /^[=+\-@]/;

/** Cuts text that is longer than a cell may be, and says so at its end. */
export function fitCell(text: string): string {
  if (text.length <= MAX_CELL) return text;
  const mark = `… [truncated, ${text.length.toLocaleString("en-US")} characters in all]`;
  return cutText(text, MAX_CELL - mark.length) + mark;
}

/** Counts what the format forced us to change in cells, for the notes of the file. */
export class CellNotes {
  #cut = 0;
  #surrogates = 0;
  readonly #rounded = new Map<string, number>();

  /** Text as a cell can hold it. */
  fit(text: string): string {
    if (hasLoneSurrogate(text)) this.#surrogates++;
    if (text.length > MAX_CELL) this.#cut++;
    return fitCell(text);
  }

  number(text: string, column: string): void {
    if (exceedsDouble(text)) this.#rounded.set(column, (this.#rounded.get(column) ?? 0) + 1);
  }

  list(): string[] {
    const notes: string[] = [];
    if (this.#cut > 0) {
      const limit = MAX_CELL.toLocaleString("en-US");
      notes.push(
        `${counted(this.#cut, "text")} longer than the ${limit} characters a cell holds: cut, as the cell's end says. CSV and JSON have them whole.`,
      );
    }
    const surrogates = surrogateNote(this.#surrogates);
    if (surrogates !== undefined) notes.push(surrogates);
    for (const [column, count] of this.#rounded) {
      notes.push(
        `${counted(count, "value")} of "${column}" with more than 15 significant digits: spreadsheets keep about 15. CSV and JSON have all digits.`,
      );
    }
    return notes;
  }
}

/** What all sheets of a workbook share. */
export interface CellContext {
  styles: StyleBook;
  strings: SharedStrings;
  notes: CellNotes;
}

/**
 * Writes a cell from behind its reference on: `" s="3"><v>12.5</v>` and then `next`, which closes the cell and opens
 * the one beside it. One string where it can be remembered, so that a row costs few concatenations.
 */
export type CellEncoder = (cell: Cell, row: Row) => string;

/**
 * The encoder of a column, with its styles made.
 * @param base the look all its cells share
 */
export function columnEncoder(
  context: CellContext,
  head: ResultHead,
  column: Column,
  base: Style,
  next: string,
): CellEncoder {
  const dated = { ...base, ...formatOf(column), align: "left" } as const;
  switch (column.type) {
    case "string":
      return textEncoder(context, base, next);
    case "date":
      return serialEncoder(context, dated, next, dateSerial);
    case "instant":
      return serialEncoder(context, dated, next, instantSerial);
    case "money":
    case "quantity":
    case "integer":
    case "percent":
      return numberEncoder(context, head, column, base, next);
  }
}

function formatOf(column: Column, unit = column.unit): Style {
  const format = columnFormat(column, unit);
  return format === undefined ? {} : { format };
}

function emptyCell(style: number, next: string): string {
  return `" s="${style}">${next}`;
}

function textEncoder({ styles, strings, notes }: CellContext, base: Style, next: string): CellEncoder {
  const plain = styles.add(base);
  const quoted = styles.add({ ...base, quoted: true });
  const empty = emptyCell(plain, next);
  const known = new Map<string, string>();
  return (cell) => {
    if (cell === null) return empty;
    const remembered = known.get(cell);
    if (remembered !== undefined) return remembered;
    const text = notes.fit(cell);
    const style = FORMULA_START.test(text) ? quoted : plain;
    if (known.size >= MAX_SHARED || text.length > MAX_SHARED_LENGTH) return inlineText(text, style, next);
    const index = strings.add(text);
    if (index === undefined) return inlineText(text, style, next);
    const encoded = `" s="${style}" t="s"><v>${index}</v>${next}`;
    // A note counts cells, so a text that needs one is looked at each time.
    if (hasLoneSurrogate(cell)) return encoded;
    known.set(cell, encoded);
    return encoded;
  };
}

function inlineText(text: string, style: number, next: string): string {
  return `" s="${style}" t="inlineStr"><is>${textElement(text)}</is>${next}`;
}

function serialEncoder(
  context: CellContext,
  style: Style,
  next: string,
  serial: (text: string) => string | undefined,
): CellEncoder {
  const index = context.styles.add(style);
  const asText = textEncoder(context, { ...style, format: "@" }, next);
  const empty = emptyCell(index, next);
  const known = new Map<string, string>();
  return (cell, row) => {
    if (cell === null) return empty;
    const remembered = known.get(cell);
    if (remembered !== undefined) return remembered;
    const value = serial(cell);
    if (value === undefined) return asText(cell, row);
    const encoded = `" s="${index}"><v>${value}</v>${next}`;
    if (known.size < MAX_SHARED) known.set(cell, encoded);
    return encoded;
  };
}

function numberEncoder(
  context: CellContext,
  head: ResultHead,
  column: Column,
  base: Style,
  next: string,
): CellEncoder {
  const { notes } = context;
  const look: Style = { ...base, align: "right" };
  const usual = numberStart(context, column, look, column.unit);
  const end = `</v>${next}`;
  const empty = emptyCell(usual.style, next);
  const percent = column.type === "percent";
  const startOf = unitStarts(context, head, column, look) ?? (() => usual);
  return (cell, row) => {
    if (cell === null) return empty;
    // Never so by contract; if it were, a broken number would make the whole workbook unreadable.
    if (!isDecimal(cell))
      return `" s="${usual.style}" t="inlineStr"><is><t>${cellText(cell)}</t></is>${next}`;
    if (cell.length > 15) notes.number(cell, column.label);
    const start = startOf(row);
    const tiny = start.digits !== undefined && roundsToZero(cell, start.digits);
    return (tiny ? start.tiny() : start.text) + (percent ? percentShare(cell) : cell) + end;
  };
}

/** How a number's cell begins, up to its value. */
interface NumberStart {
  style: number;
  text: string;
  /** The same for a number that the usual format would show as 0. */
  tiny: () => string;
  digits: number | undefined;
}

function numberStart(
  { styles }: CellContext,
  column: Column,
  look: Style,
  unit: string | undefined,
): NumberStart {
  const style = styles.add({ ...look, ...formatOf(column, unit) });
  let tiny: string | undefined;
  return {
    style,
    text: `" s="${style}"><v>`,
    tiny: () => (tiny ??= `" s="${styles.add({ ...look, format: tinyFormat(column.type, unit) })}"><v>`),
    digits: shownDigits(column.type, unit),
  };
}

/** For amounts in several currencies, each row's own number format. */
function unitStarts(
  context: CellContext,
  head: ResultHead,
  column: Column,
  look: Style,
): ((row: Row) => NumberStart) | undefined {
  const at = column.type === "money" ? unitColumn(head, column) : undefined;
  if (at === undefined) return undefined;
  const starts = new Map<string, NumberStart>();
  return (row) => {
    const unit = row[at] ?? "";
    let start = starts.get(unit);
    if (start === undefined) {
      start = numberStart(context, column, look, unit === "" ? undefined : unit);
      if (starts.size < MAX_SHARED) starts.set(unit, start);
    }
    return start;
  };
}
