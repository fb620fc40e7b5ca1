import type { TextColumn } from "./blocks.ts";

/** Distinct values of one key and groups below one parent that the packed lookup key leaves room for. */
const VALUE_BITS = 2 ** 22;

/**
 * Numbers groups across blocks. A group is a path of key values; each prefix of a path has a number of its own, so
 * that groups can be folded into those of their first keys.
 */
export class GroupIndex {
  readonly #depth: number;
  /** Per key: value -> its number, and back. */
  readonly #ids: Map<string | null, number>[];
  readonly #values: (string | null)[][];
  /** Per key: (number of the path before) × 2^22 + value -> number of the path. */
  readonly #paths: Map<number, number>[];
  /** Per key and path: the number of the path before, and its last value. */
  readonly #parents: number[][];
  readonly #lasts: number[][];

  constructor(keys: number) {
    const each = <T>(make: () => T): T[] => Array.from({ length: keys }, make);
    this.#depth = keys;
    this.#ids = each(() => new Map<string | null, number>());
    this.#values = each(() => []);
    this.#paths = each(() => new Map<number, number>());
    this.#parents = each(() => []);
    this.#lasts = each(() => []);
  }

  /** Groups so far. Without keys everything is one group. */
  get size(): number {
    return this.#depth === 0 ? 1 : (this.#parents[this.#depth - 1]?.length ?? 0);
  }

  /** The group of each of a block's `rows`, given one column a key. */
  assign(columns: readonly TextColumn[], rows: ArrayLike<number>): Int32Array {
    const groups = new Int32Array(rows.length);
    if (this.#depth === 0) return groups;
    const { local, firsts } = localGroups(columns, rows);
    const numbers = Int32Array.from(firsts, (row) => this.#path(columns, row));
    for (let i = 0; i < groups.length; i++) groups[i] = numbers[local[i] as number] as number;
    return groups;
  }

  #path(columns: readonly TextColumn[], row: number): number {
    let path = 0;
    for (let key = 0; key < this.#depth; key++) {
      const column = columns[key] as TextColumn;
      const value = this.#valueId(key, column.values[column.codes[row] as number] ?? null);
      const packed = path * VALUE_BITS + value;
      const paths = this.#paths[key] as Map<number, number>;
      let next = paths.get(packed);
      if (next === undefined) {
        next = paths.size;
        paths.set(packed, next);
        this.#parents[key]?.push(path);
        this.#lasts[key]?.push(value);
      }
      path = next;
    }
    return path;
  }

  #valueId(key: number, value: string | null): number {
    const ids = this.#ids[key] as Map<string | null, number>;
    let id = ids.get(value);
    if (id === undefined) {
      id = ids.size;
      if (id >= VALUE_BITS) throw new RangeError(`a key has more than ${VALUE_BITS} distinct values`);
      ids.set(value, id);
      this.#values[key]?.push(value);
    }
    return id;
  }

  /** The number of a group's first `keys` keys among the paths of that length. */
  prefix(group: number, keys: number): number {
    let path = group;
    for (let key = this.#depth - 1; key >= keys; key--) path = this.#parents[key]?.[path] ?? 0;
    return keys === 0 ? 0 : path;
  }

  /** The values of the path `number` of `keys` keys. */
  valuesOf(number: number, keys: number): (string | null)[] {
    const found: (string | null)[] = [];
    let path = number;
    for (let key = keys - 1; key >= 0; key--) {
      found.unshift(this.#values[key]?.[this.#lasts[key]?.[path] ?? 0] ?? null);
      path = this.#parents[key]?.[path] ?? 0;
    }
    return found;
  }
}

/** Numbers the distinct combinations within one block: per row its number, and for each number a row that has it. */
function localGroups(
  columns: readonly TextColumn[],
  rows: ArrayLike<number>,
): { local: Int32Array; firsts: number[] } {
  let local = new Int32Array(rows.length);
  let firsts: number[] = rows.length > 0 ? [rows[0] as number] : [];
  for (const { codes, values } of columns) {
    if (values.length === 1) continue;
    const seen = lookup(firsts.length * values.length);
    const next = new Int32Array(rows.length);
    const nextFirsts: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      const packed = (local[i] as number) * values.length + (codes[row] as number);
      let number = seen.get(packed);
      if (number === undefined) {
        number = nextFirsts.length;
        seen.set(packed, number);
        nextFirsts.push(row);
      }
      next[i] = number;
    }
    local = next;
    firsts = nextFirsts;
  }
  return { local, firsts };
}

interface Lookup {
  get(key: number): number | undefined;
  set(key: number, value: number): void;
}

/** An array where the keys are few, a map otherwise. */
function lookup(size: number): Lookup {
  if (size > 32_768) return new Map<number, number>();
  const table = new Int32Array(size);
  return {
    get: (key) => ((table[key] as number) === 0 ? undefined : (table[key] as number) - 1),
    set: (key, value) => (table[key] = value + 1),
  };
}
