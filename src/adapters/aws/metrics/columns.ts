import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { DecimalColumn, TextColumn } from "../../../core/query/blocks.ts";
import { formatDecimal, parseDecimal } from "../../../core/money/decimal.ts";

/** How a column's bytes are to be read. Part of the stored format: only ever add kinds. */
export type ColumnHead =
  /** `rows` codes of `width` bytes (little endian), then the values as a JSON array. */
  | { kind: "text"; width: 0 | 1 | 2 | 4 }
  /** A varint a row: 0 for no value, else 1 + zigzag of the number of units of 10^-scale. */
  | { kind: "numbers"; scale: number }
  /** A JSON array of decimals and nulls. */
  | { kind: "wide" }
  /** The same as another column of the part, as effective cost is where nothing was committed to. */
  | { kind: "same"; as: string };

export interface EncodedColumn {
  head: ColumnHead;
  bytes: Uint8Array;
}

/** Keeps zigzag + 1 within 2^53. */
const MOST = 2 ** 51;

/** Encodes a text column; `order` lists the rows in the order they are stored. */
export function encodeText(column: TextColumn, order: Uint32Array): EncodedColumn {
  const size = column.values.length;
  const width = size <= 1 ? 0 : size <= 0x100 ? 1 : size <= 0x1_0000 ? 2 : 4;
  const codes = Buffer.alloc(order.length * width);
  if (width > 0) {
    order.forEach((row, at) => codes.writeUIntLE(column.codes[row] ?? 0, at * width, width));
  }
  const values = Buffer.from(JSON.stringify(column.values));
  return { head: { kind: "text", width }, bytes: deflateRawSync(Buffer.concat([codes, values])) };
}

export function decodeText(head: ColumnHead, bytes: Uint8Array, rows: number): TextColumn {
  if (head.kind !== "text") throw new Error(`column is ${head.kind}, not text`);
  const raw = inflateRawSync(bytes);
  const { width } = head;
  const length = rows * width;
  const values = JSON.parse(raw.toString("utf8", length)) as (string | null)[];
  if (width === 0) return { values, codes: new Uint8Array(rows) };
  if (width === 1) return { values, codes: raw.subarray(0, length) };
  const codes = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) codes[row] = raw.readUIntLE(row * width, width);
  return { values, codes };
}

/**
 * Encodes decimals as whole numbers of the finest unit among them, or as text where that does not fit.
 * @param values valid decimals; the loader has checked them
 */
export function encodeDecimals(values: readonly (string | null)[], order: Uint32Array): EncodedColumn {
  const plain = values.map((value) => (value === null ? null : plainDecimal(value)));
  const scale = plain.reduce((most, value) => Math.max(most, value?.fraction.length ?? 0), 0);
  const bytes: number[] = [];
  for (const row of order) {
    const value = plain[row] ?? null;
    if (value === null) {
      bytes.push(0);
      continue;
    }
    const digits = Number(value.whole + value.fraction.padEnd(scale, "0"));
    if (digits > MOST) return encodeWide(values, order);
    pushVarint(bytes, (value.negative && digits > 0 ? digits * 2 - 1 : digits * 2) + 1);
  }
  return { head: { kind: "numbers", scale }, bytes: deflateRawSync(Uint8Array.from(bytes)) };
}

interface PlainDecimal {
  negative: boolean;
  whole: string;
  /** Without trailing zeros. */
  fraction: string;
}

const PLAIN = /^(-?)(\d+)(?:\.(\d*[1-9]))?$/;

function plainDecimal(text: string): PlainDecimal {
  const match = PLAIN.exec(text) ?? PLAIN.exec(formatDecimal(parseDecimal(text)));
  return { negative: match?.[1] === "-", whole: match?.[2] ?? "0", fraction: match?.[3] ?? "" };
}

function encodeWide(values: readonly (string | null)[], order: Uint32Array): EncodedColumn {
  const texts = Array.from(order, (row) => values[row] ?? null);
  return { head: { kind: "wide" }, bytes: deflateRawSync(JSON.stringify(texts)) };
}

export function decodeDecimals(head: ColumnHead, bytes: Uint8Array, rows: number): DecimalColumn {
  const raw = inflateRawSync(bytes);
  if (head.kind === "wide") {
    const texts = JSON.parse(raw.toString("utf8")) as (string | null)[];
    return {
      kind: "wide",
      values: texts.map((text) => (text === null ? null : parseDecimal(text))),
    };
  }
  if (head.kind !== "numbers") throw new Error(`column is ${head.kind}, not decimal`);
  const numbers = new Float64Array(rows);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    let packed = 0;
    let factor = 1;
    let byte: number;
    do {
      byte = raw[at++] ?? 0;
      packed += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80);
    numbers[row] = packed === 0 ? Number.NaN : unzigzag(packed - 1);
  }
  return { kind: "numbers", scale: head.scale, numbers };
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

/** Each distinct value once, and a code a row. */
export function dictionaryOf(values: readonly (string | null)[]): TextColumn {
  const ids = new Map<string | null, number>();
  const codes = new Uint32Array(values.length);
  values.forEach((value, row) => {
    let id = ids.get(value);
    if (id === undefined) {
      id = ids.size;
      ids.set(value, id);
    }
    codes[row] = id;
  });
  return { values: [...ids.keys()], codes };
}
