import { sumDecimals } from "../../../core/money/decimal.ts";
import type { Cell, Column, ResultHead, Row } from "../../../core/query/query.ts";

/** The sum of a run of rows that share their first cell. */
export interface Subtotal {
  key: string;
  rows: number;
  cells: Row;
}

/**
 * Adds up runs of rows that share their first cell. Only tables sorted by that cell have them, since elsewhere a run is
 * no group: it is decided from the first rows, and given up, with a note, at the first row out of order.
 */
export class Subtotals {
  readonly #columns: readonly Column[];
  #direction = 0;
  #active: boolean;
  #key: Cell | undefined;
  #count = 0;
  #sums: (string | null)[] = [];
  broken = false;

  constructor(head: ResultHead, sample: readonly Row[]) {
    this.#columns = head.columns;
    this.#active = suits(head, sample);
  }

  /** Adds the next row. @returns the subtotal of the run that ended before it, if it is worth a line */
  next(row: Row): Subtotal | undefined {
    if (!this.#active) return undefined;
    const key = row[0] ?? null;
    let ended: Subtotal | undefined;
    if (this.#count > 0 && key !== this.#key) {
      ended = this.#end();
      const direction = order(this.#key ?? null, key);
      if (this.#direction !== 0 && direction !== this.#direction) {
        this.#active = false;
        this.broken = true;
        return ended;
      }
      this.#direction = direction;
    }
    if (this.#count === 0) {
      this.#key = key;
      this.#sums = this.#columns.map(() => null);
    }
    this.#count++;
    this.#columns.forEach((column, i) => {
      const cell = row[i];
      if (!adds(column) || cell === null || cell === undefined) return;
      const sum = this.#sums[i] ?? null;
      this.#sums[i] = sum === null ? cell : sumDecimals([sum, cell]);
    });
    return ended;
  }

  /** The subtotal of the last run. */
  last(): Subtotal | undefined {
    return this.#active ? this.#end() : undefined;
  }

  #end(): Subtotal | undefined {
    const ended = { key: this.#key ?? "(none)", rows: this.#count, cells: this.#sums };
    this.#count = 0;
    return ended.rows > 1 ? ended : undefined;
  }
}

/** A measure with a sum that means something: additive, and in one unit. */
function adds(column: Column): boolean {
  return (
    column.role === "measure" && column.additive && (column.type === "integer" || column.unit !== undefined)
  );
}

const order = (a: Cell, b: Cell): number => ((a ?? "") < (b ?? "") ? -1 : 1);

function suits(head: ResultHead, sample: readonly Row[]): boolean {
  const dimensions = head.columns.filter((column) => column.role === "dimension").length;
  if (dimensions < 2 || head.columns[0]?.role !== "dimension" || !head.columns.some(adds)) return false;
  let direction = 0;
  let runs = 1;
  for (let i = 1; i < sample.length; i++) {
    const before = sample[i - 1]?.[0] ?? null;
    const now = sample[i]?.[0] ?? null;
    if (before === now) continue;
    runs++;
    const step = order(before, now);
    if (direction !== 0 && step !== direction) return false;
    direction = step;
  }
  // One run alone is the total itself; runs of one row each are no groups.
  return runs >= 2 && sample.length >= runs * 1.5;
}
