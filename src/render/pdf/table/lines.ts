import type { ContentStream } from "../content-stream.ts";
import { type Shaped, showText, type TextShaper, type Weight } from "../text-shaper.ts";
import { UNKNOWN } from "./cells.ts";
import { fractionDigits } from "./columns.ts";

/** A cell's line, ready to show at the table's size. */
interface Line {
  show: Uint8Array;
  /** Points. */
  width: number;
}

/**
 * A cell laid out, in memory that is used again for the next row. `hang` is how far a number's end stands off the
 * column's right edge, so that points line up.
 */
export interface Cell {
  lines: number;
  hang: number;
  /** Its lines; undefined for one plain line, which is encoded as it is written. */
  laid: readonly Line[] | undefined;
  text: string;
  width: number;
}

interface Laid {
  lines: readonly Line[];
  hang: number;
}

/** Distinct texts cached per column and generation. */
const KEEP = 1000;

/**
 * Lays out the cells of one column, each distinct text once. The cache is bounded to two generations of {@link KEEP}
 * texts, and given up for columns whose cells hardly ever repeat, whose plain lines are only measured.
 */
export class CellLayout {
  readonly #shaper: TextShaper;
  readonly #size: number;
  readonly #weight: Weight;
  readonly #inner: number;
  readonly #numeric: boolean;
  readonly #fraction: number;
  readonly #font: string;
  readonly #digit: number;
  readonly #point: number;
  #young = new Map<string, Laid>();
  #old = new Map<string, Laid>();
  #lookups = 0;
  #hits = 0;
  #keeps: boolean;

  /** @param inner the column's width without its padding, in points */
  constructor(
    shaper: TextShaper,
    size: number,
    weight: Weight,
    inner: number,
    numeric: boolean,
    fraction: number,
  ) {
    this.#shaper = shaper;
    this.#size = size;
    this.#weight = weight;
    this.#inner = inner;
    this.#numeric = numeric;
    this.#fraction = fraction;
    this.#font = shaper.fontName(weight);
    this.#digit = shaper.width("0", size, weight);
    this.#point = shaper.width(".", size, weight);
    // Amounts repeat so seldom that looking them up costs more than measuring digits.
    this.#keeps = !numeric;
  }

  /** Lays `text` out into `cell`. */
  into(cell: Cell, text: string): void {
    cell.text = text;
    if (this.#keeps) {
      this.#use(cell, this.#kept(text));
      return;
    }
    const em = this.#shaper.plainWidth(text, this.#weight, !this.#numeric);
    const width = (em * this.#size) / 1000;
    if (em < 0 || width > this.#inner + 0.02) {
      this.#use(cell, this.#lay(text));
      return;
    }
    cell.laid = undefined;
    cell.lines = 1;
    cell.width = width;
    cell.hang = this.#hang(text, width);
  }

  #use(cell: Cell, laid: Laid): void {
    cell.laid = laid.lines;
    cell.lines = laid.lines.length;
    cell.width = laid.lines[0]?.width ?? 0;
    cell.hang = laid.hang;
  }

  /** Writes the operator that shows one line of the cell. */
  show(content: ContentStream, cell: Cell, line: number): void {
    const laid = cell.laid;
    if (laid === undefined) this.#shaper.showPlain(content, cell.text, this.#weight, !this.#numeric);
    else content.bytes(laid[line]?.show ?? NOTHING);
  }

  #kept(text: string): Laid {
    this.#lookups++;
    let laid = this.#young.get(text);
    if (laid !== undefined) {
      this.#hits++;
      return laid;
    }
    laid = this.#old.get(text);
    if (laid === undefined) laid = this.#lay(text);
    else this.#hits++;
    this.#young.set(text, laid);
    if (this.#young.size >= KEEP) this.#turn();
    return laid;
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
    if (this.#hits < this.#lookups * 0.1) {
      this.#keeps = false;
      this.#old = new Map();
    }
  }

  #lay(text: string): Laid {
    const shaped = this.#shaper.shape(text, this.#weight);
    const width = (shaped.width * this.#size) / 1000;
    if (width <= this.#inner + 0.02 && !text.includes("\n") && !text.includes("\r")) {
      return { lines: [{ show: this.#show(shaped), width }], hang: this.#hang(text, width) };
    }
    const ratio = this.#inner / width;
    if (this.#numeric && ratio >= 0.6) {
      const small = Math.floor(this.#size * ratio * 100) / 100;
      const show = bytesOf(`${showText(shaped, small)}/${this.#font} ${this.#size} Tf\n`);
      return { lines: [{ show, width: (shaped.width * small) / 1000 }], hang: 0 };
    }
    const lines = this.#shaper.wrap(text, this.#inner, this.#size, this.#weight).map((part): Line => {
      const line = this.#shaper.shape(part, this.#weight);
      return { show: this.#show(line), width: (line.width * this.#size) / 1000 };
    });
    return { lines, hang: 0 };
  }

  /** A line in the table's own font needs no font operator. */
  #show(shaped: Shaped): Uint8Array {
    const only = shaped.segments.length === 1 ? shaped.segments[0] : undefined;
    const plain = only?.font === this.#font && only.actual === undefined && only.rise === 0;
    if (plain) return bytesOf(`${only.show}\n`);
    return bytesOf(`${showText(shaped, this.#size)}/${this.#font} ${this.#size} Tf\n`);
  }

  #hang(text: string, width: number): number {
    if (this.#fraction === 0 || text === UNKNOWN) return 0;
    const digits = fractionDigits(text);
    const missing = this.#fraction - digits;
    const hang = missing * this.#digit + (digits === 0 ? this.#point : 0);
    return missing > 0 && width + hang <= this.#inner ? hang : 0;
  }
}

const NOTHING = new Uint8Array(0);
const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");
