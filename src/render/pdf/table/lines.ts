import { type Shaped, showText, type Typesetter, type Weight } from "../typesetter.ts";
import { UNKNOWN } from "./cells.ts";
import { fractionDigits } from "./columns.ts";

/** A cell's line, ready to show at the table's size. */
export interface Line {
  show: string;
  /** Points. */
  width: number;
}

/** A cell laid out. `hang` is how far a number's end stands off the column's right edge, so that points line up. */
export interface Laid {
  lines: readonly Line[];
  hang: number;
}

/** Distinct texts kept a column and generation. */
const KEEP = 1500;
/** Lookups after which a column that hardly ever hits stops keeping anything. */
const TRIAL = 4000;

/**
 * Lays out the cells of one column, once a distinct text. The memory is bounded: two generations of {@link KEEP}
 * texts, and none for columns whose cells are all different.
 */
export class CellLayout {
  readonly #type: Typesetter;
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
  #keeps = true;

  /** @param inner the column's width without its padding, in points */
  constructor(
    type: Typesetter,
    size: number,
    weight: Weight,
    inner: number,
    numeric: boolean,
    fraction: number,
  ) {
    this.#type = type;
    this.#size = size;
    this.#weight = weight;
    this.#inner = inner;
    this.#numeric = numeric;
    this.#fraction = fraction;
    this.#font = type.faceName(weight);
    this.#digit = type.width("0", size, weight);
    this.#point = type.width(".", size, weight);
  }

  of(text: string): Laid {
    if (!this.#keeps) return this.#lay(text);
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
    if (this.#lookups > TRIAL && this.#hits < this.#lookups * 0.1) {
      this.#keeps = false;
      this.#old = new Map();
    }
  }

  #lay(text: string): Laid {
    const shaped = this.#type.shape(text, this.#weight);
    const width = (shaped.width * this.#size) / 1000;
    if (width <= this.#inner + 0.02 && !text.includes("\n") && !text.includes("\r")) {
      return { lines: [{ show: this.#show(shaped), width }], hang: this.#hang(text, width) };
    }
    const ratio = this.#inner / width;
    if (this.#numeric && ratio >= 0.6) {
      const small = Math.floor(this.#size * ratio * 100) / 100;
      const show = `${showText(shaped, small)}/${this.#font} ${this.#size} Tf`;
      return { lines: [{ show, width: (shaped.width * small) / 1000 }], hang: 0 };
    }
    const lines = this.#type.wrap(text, this.#inner, this.#size, this.#weight).map((part): Line => {
      const line = this.#type.shape(part, this.#weight);
      return { show: this.#show(line), width: (line.width * this.#size) / 1000 };
    });
    return { lines, hang: 0 };
  }

  /** A line in the table's own font needs no font operator. */
  #show(shaped: Shaped): string {
    const only = shaped.segments.length === 1 ? shaped.segments[0] : undefined;
    if (only?.face === this.#font && only.actual === undefined && only.rise === 0) return only.show;
    return `${showText(shaped, this.#size)}/${this.#font} ${this.#size} Tf`;
  }

  #hang(text: string, width: number): number {
    if (this.#fraction === 0 || text === UNKNOWN) return 0;
    const digits = fractionDigits(text);
    const missing = this.#fraction - digits;
    const hang = missing * this.#digit + (digits === 0 ? this.#point : 0);
    return missing > 0 && width + hang <= this.#inner ? hang : 0;
  }
}
