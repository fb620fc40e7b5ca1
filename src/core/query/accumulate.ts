import { SCALE } from "../money/decimal.ts";
import type { DecimalColumn } from "./blocks.ts";

const SAFE = Number.MAX_SAFE_INTEGER;

/**
 * Exact sums by group. Whole numbers up to 2^53 are added as doubles, which is exact, one array a scale; what would
 * leave that range is carried over into a bigint, and so is whatever came as one.
 */
export class Sums {
  readonly #small = new Map<number, Float64Array>();
  readonly #large = new Map<number, bigint>();
  /** Values added, by group. */
  #counts = new Uint32Array(64);

  /**
   * Adds one block's column.
   * @param rows the rows to add
   * @param groups for each of `rows`, its group
   * @param most one more than the largest group
   */
  add(column: DecimalColumn, rows: ArrayLike<number>, groups: ArrayLike<number>, most: number): void {
    this.#counts = grow(this.#counts, most, (n) => new Uint32Array(n));
    if (column.kind === "wide") this.#addWide(column.values, rows, groups);
    else this.#addNumbers(column.scale, column.numbers, rows, groups, most);
  }

  #addNumbers(
    scale: number,
    numbers: Float64Array,
    rows: ArrayLike<number>,
    groups: ArrayLike<number>,
    most: number,
  ): void {
    const held = this.#small.get(scale) ?? new Float64Array(64);
    const sums = grow(held, most, (n) => new Float64Array(n));
    this.#small.set(scale, sums);
    const counts = this.#counts;
    for (let i = 0; i < rows.length; i++) {
      const value = numbers[rows[i] as number] as number;
      if (Number.isNaN(value)) continue;
      const group = groups[i] as number;
      const before = sums[group] as number;
      const sum = before + value;
      counts[group] = (counts[group] as number) + 1;
      if (sum <= SAFE && sum >= -SAFE) sums[group] = sum;
      else {
        this.#carry(group, before, scale);
        sums[group] = value;
      }
    }
  }

  #addWide(values: readonly (bigint | null)[], rows: ArrayLike<number>, groups: ArrayLike<number>): void {
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i] as number];
      if (value === null || value === undefined) continue;
      const group = groups[i] as number;
      this.#counts[group] = (this.#counts[group] as number) + 1;
      this.#large.set(group, (this.#large.get(group) ?? 0n) + value);
    }
  }

  #carry(group: number, value: number, scale: number): void {
    this.#large.set(group, (this.#large.get(group) ?? 0n) + BigInt(value) * 10n ** BigInt(SCALE - scale));
  }

  /** Values added to a group. */
  count(group: number): number {
    return this.#counts[group] ?? 0;
  }

  /** A group's sum scaled by 10^18; null when nothing was added to it. */
  sum(group: number): bigint | null {
    if (this.count(group) === 0) return null;
    let total = this.#large.get(group) ?? 0n;
    for (const [scale, sums] of this.#small) {
      const value = sums[group] ?? 0;
      if (value !== 0) total += BigInt(value) * 10n ** BigInt(SCALE - scale);
    }
    return total;
  }
}

/** Facts by group. */
export class Counts {
  #counts = new Uint32Array(64);

  add(groups: ArrayLike<number>, most: number): void {
    const counts = (this.#counts = grow(this.#counts, most, (n) => new Uint32Array(n)));
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i] as number;
      counts[group] = (counts[group] as number) + 1;
    }
  }

  of(group: number): number {
    return this.#counts[group] ?? 0;
  }
}

function grow<T extends Uint32Array | Float64Array>(held: T, length: number, make: (n: number) => T): T {
  if (held.length >= length) return held;
  const larger = make(Math.max(length, held.length * 2));
  larger.set(held);
  return larger;
}
