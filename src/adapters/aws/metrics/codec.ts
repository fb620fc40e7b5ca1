import { deflateRawSync, inflateRawSync } from "node:zlib";
import { type Dataset, type DatasetId, type FactColumn } from "../../../core/metrics/datasets.ts";
import type { DecimalColumn, FactBlock, TextColumn } from "../../../core/query/blocks.ts";
import {
  type ColumnHead,
  decodeDecimals,
  decodeText,
  dictionaryOf,
  encodeDecimals,
  type EncodedColumn,
  encodeText,
} from "./columns.ts";

/**
 * A block of facts is stored in two items: `narrow` has the columns that dashboards group, filter and add; `wide` the
 * rest, which is most of the bytes. DynamoDB bills what is read by the item, so a question about services and regions
 * does not pay for resource names and tags.
 */
export const PARTS = ["narrow", "wide"] as const;
export type Part = (typeof PARTS)[number];

const WIDE: Readonly<Record<DatasetId, readonly string[]>> = {
  cost: [
    "charge_period_start",
    "charge_period_end",
    "resource_id",
    "resource_name",
    "commitment_discount_id",
    "list_cost",
    "contracted_cost",
    "consumed_quantity",
    "consumed_unit",
    "tags",
  ],
  findings: [
    "first_observed_at",
    "last_observed_at",
    "finding_id",
    "title",
    "resource_id",
    "remediation",
    "tags",
  ],
  controls: ["evaluated_at", "control_title", "resource_id", "finding_id"],
  usage: ["resource_id", "tags"],
};

export function partOf(dataset: DatasetId, column: string): Part {
  return WIDE[dataset].includes(column) ? "wide" : "narrow";
}

/** The parts a set of columns is in. At least one, since every part tells how many rows there are. */
export function partsFor(dataset: DatasetId, columns: readonly string[]): Part[] {
  const needed = PARTS.filter((part) => columns.some((column) => partOf(dataset, column) === part));
  return needed.length === 0 ? ["narrow"] : needed;
}

/** A fact's values in the order of the dataset's columns. */
export type FactRow = readonly (string | null)[];

interface PartHead {
  rows: number;
  columns: Record<string, { head: ColumnHead; length: number }>;
}

const VERSION = 1;
const PREFIX = 5;

/** Encodes facts of one day as the bytes of their two parts. */
export function encodeBlock(dataset: Dataset, rows: readonly FactRow[]): Record<Part, Uint8Array> {
  const columns = dataset.columns.map((column, at) => {
    const values = rows.map((row) => row[at] ?? null);
    return { column, values, dictionary: column.type === "decimal" ? undefined : dictionaryOf(values) };
  });
  const order = packingOrder(
    rows.length,
    columns.flatMap(({ dictionary }) => (dictionary === undefined ? [] : [dictionary])),
  );
  const encoded = columns.map(({ column, values, dictionary }) => ({
    column,
    part: partOf(dataset.id, column.name),
    ...(dictionary === undefined ? encodeDecimals(values, order) : encodeText(dictionary, order)),
  }));
  return {
    narrow: joinPart(
      rows.length,
      encoded.filter(({ part }) => part === "narrow"),
    ),
    wide: joinPart(
      rows.length,
      encoded.filter(({ part }) => part === "wide"),
    ),
  };
}

function joinPart(rows: number, columns: readonly (EncodedColumn & { column: FactColumn })[]): Uint8Array {
  const head: PartHead = { rows, columns: {} };
  const bodies: { name: string; head: ColumnHead; bytes: Uint8Array }[] = [];
  for (const { column, head: own, bytes } of columns) {
    const twin =
      column.type === "decimal" ? bodies.find((body) => isSame(body, { head: own, bytes })) : undefined;
    head.columns[column.name] =
      twin === undefined
        ? { head: own, length: bytes.length }
        : { head: { kind: "same", as: twin.name }, length: 0 };
    if (twin === undefined) bodies.push({ name: column.name, head: own, bytes });
  }
  const headBytes = deflateRawSync(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt8(VERSION, 0);
  prefix.writeUInt32LE(headBytes.length, 1);
  return Buffer.concat([prefix, headBytes, ...bodies.map((body) => body.bytes)]);
}

function isSame(a: EncodedColumn, b: EncodedColumn): boolean {
  return JSON.stringify(a.head) === JSON.stringify(b.head) && Buffer.compare(a.bytes, b.bytes) === 0;
}

/** Rows sorted by the columns with the fewest values first: equal neighbours compress to almost nothing. */
function packingOrder(rows: number, dictionaries: readonly TextColumn[]): Uint32Array {
  const sorted = dictionaries
    .filter(({ values }) => values.length > 1 && values.length < rows)
    .sort((a, b) => a.values.length - b.values.length);
  return Uint32Array.from({ length: rows }, (_, row) => row).sort((a, b) => {
    for (const { codes } of sorted) {
      const difference = (codes[a] ?? 0) - (codes[b] ?? 0);
      if (difference !== 0) return difference;
    }
    return a - b;
  });
}

interface OpenPart extends PartHead {
  bytes: Uint8Array;
  offsets: Map<string, number>;
}

function openPart(bytes: Uint8Array): OpenPart {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.readUInt8(0);
  if (version !== VERSION) throw new Error(`block format ${version}; this version reads ${VERSION}`);
  const length = view.readUInt32LE(1);
  const head = JSON.parse(
    inflateRawSync(view.subarray(PREFIX, PREFIX + length)).toString("utf8"),
  ) as PartHead;
  const offsets = new Map<string, number>();
  let offset = PREFIX + length;
  for (const [name, column] of Object.entries(head.columns)) {
    offsets.set(name, offset);
    offset += column.length;
  }
  return { ...head, bytes: view, offsets };
}

/** Opens a block from the parts that were read; a column is inflated when it is first asked for. */
export function openBlock(
  { day, source, period }: Pick<FactBlock, "day" | "source" | "period">,
  parts: readonly Uint8Array[],
): FactBlock {
  const opened = parts.map(openPart);
  const rows = opened[0]?.rows ?? 0;
  const find = (name: string): { head: ColumnHead; bytes: Uint8Array } => {
    for (const part of opened) {
      const column = part.columns[name];
      const offset = part.offsets.get(name);
      if (column?.head.kind === "same") return find(column.head.as);
      if (column !== undefined && offset !== undefined)
        return { head: column.head, bytes: part.bytes.subarray(offset, offset + column.length) };
    }
    throw new Error(`block of ${day} has no column ${name}`);
  };
  const texts = new Map<string, TextColumn>();
  const decimals = new Map<string, DecimalColumn>();
  return {
    day,
    source,
    period,
    rows,
    text: (name) => memo(texts, name, () => decodeText(find(name).head, find(name).bytes, rows)),
    decimals: (name) => memo(decimals, name, () => decodeDecimals(find(name).head, find(name).bytes, rows)),
  };
}

function memo<T>(held: Map<string, T>, name: string, make: () => T): T {
  const found = held.get(name);
  if (found !== undefined) return found;
  const made = make();
  held.set(name, made);
  return made;
}

/** The facts of a block as rows again, in the dataset's column order; all parts must have been read. */
export function rowsOf(
  block: FactBlock,
  columns: readonly FactColumn[],
  format: (scaled: bigint) => string,
): FactRow[] {
  const readers = columns.map((column): ((row: number) => string | null) => {
    if (column.type !== "decimal") {
      const { values, codes } = block.text(column.name);
      return (row) => values[codes[row] ?? 0] ?? null;
    }
    const decimal = block.decimals(column.name);
    if (decimal.kind === "wide")
      return (row) => {
        const value = decimal.values[row] ?? null;
        return value === null ? null : format(value);
      };
    const unit = 10n ** BigInt(18 - decimal.scale);
    return (row) => {
      const value = decimal.numbers[row] ?? Number.NaN;
      return Number.isNaN(value) ? null : format(BigInt(value) * unit);
    };
  });
  return Array.from({ length: block.rows }, (_, row) => readers.map((read) => read(row)));
}
