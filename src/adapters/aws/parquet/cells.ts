import type { PhysicalType, SchemaNode } from "../../../core/parquet/footer.ts";
import { readBooleans, readHybrid } from "./bits.ts";
import { readDeltas } from "./delta.ts";
import { damaged, unsupported } from "./problem.ts";

/** The values of a page as bytes, each in the layout that PLAIN has; nulls are no values. */
export interface Cells {
  bytes: Buffer;
  count: number;
  start(i: number): number;
  end(i: number): number;
}

/** Joined texts of a page that share beginnings; more is no page of a bill. */
const MAX_JOINED = 1 << 28;

const WIDTHS: Readonly<Record<PhysicalType, number>> = {
  ...{ BOOLEAN: 1, INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 },
  ...{ BYTE_ARRAY: 0, FIXED_LEN_BYTE_ARRAY: 0 },
};

/** By their numbers in the format. */
const ENCODINGS = [
  "PLAIN",
  "GROUP_VAR_INT",
  "PLAIN_DICTIONARY",
  "RLE",
  "BIT_PACKED",
  "DELTA_BINARY_PACKED",
  "DELTA_LENGTH_BYTE_ARRAY",
  "DELTA_BYTE_ARRAY",
  "RLE_DICTIONARY",
  "BYTE_STREAM_SPLIT",
] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** @throws ParquetProblem for one that the format does not have yet */
export function encodingOf(number: number): Encoding {
  const found = ENCODINGS[number];
  if (found === undefined) throw unsupported(`the encoding number ${number}`);
  return found;
}

/**
 * Finds the values of a page that has no dictionary.
 * @param from where they begin in the page
 * @throws ParquetProblem, RangeError
 */
export function readCells(
  leaf: SchemaNode,
  encoding: Encoding,
  bytes: Buffer,
  from: number,
  count: number,
): Cells {
  const physical = leaf.physical ?? "BYTE_ARRAY";
  const width = physical === "FIXED_LEN_BYTE_ARRAY" ? leaf.length : WIDTHS[physical];
  if (count === 0) return fixed(bytes, from, 0, width);
  switch (encoding) {
    case "PLAIN":
      if (physical === "BOOLEAN") return fixed(readBooleans(bytes, from, count), 0, count, 1);
      return physical === "BYTE_ARRAY"
        ? readByteArrays(bytes, from, count)
        : fixed(bytes, from, count, width);
    case "RLE":
      if (physical !== "BOOLEAN") break;
      return fixed(readRunBooleans(bytes, from, count), 0, count, 1);
    case "DELTA_BINARY_PACKED":
      if (physical !== "INT32" && physical !== "INT64") break;
      return fixed(readDeltas(bytes, from, physical === "INT32" ? 32 : 64, count).values, 0, count, width);
    case "DELTA_LENGTH_BYTE_ARRAY":
      if (physical !== "BYTE_ARRAY") break;
      return readLengthsFirst(bytes, from, count);
    case "DELTA_BYTE_ARRAY":
      if (physical !== "BYTE_ARRAY" && physical !== "FIXED_LEN_BYTE_ARRAY") break;
      return readSharedBeginnings(bytes, from, count);
    case "BYTE_STREAM_SPLIT":
      if (width === 0 || physical === "BOOLEAN") break;
      return fixed(joinStreams(bytes, from, count, width), 0, count, width);
    default:
      break;
  }
  throw unsupported(`${physical} values in the encoding ${encoding}`);
}

function fixed(bytes: Buffer, from: number, count: number, width: number): Cells {
  if (from + count * width > bytes.length) throw damaged("the values of a page end early");
  return { bytes, count, start: (i) => from + i * width, end: (i) => from + (i + 1) * width };
}

/**
 * @param starts where each value begins, and where one after the last would
 * @param gap bytes between two values
 */
function variable(bytes: Buffer, starts: Uint32Array, gap: number): Cells {
  const at = (i: number): number => starts[i] ?? 0;
  return { bytes, count: starts.length - 1, start: at, end: (i) => at(i + 1) - gap };
}

/** Each with its length before it. */
function readByteArrays(bytes: Buffer, from: number, count: number): Cells {
  if (from + count * 4 > bytes.length) throw damaged("the values of a page end early");
  const starts = new Uint32Array(count + 1);
  let at = from;
  for (let i = 0; i < count; i++) {
    starts[i] = at + 4;
    at += 4 + bytes.readUInt32LE(at);
    if (at > bytes.length) throw damaged("the values of a page end early");
  }
  starts[count] = at + 4;
  return variable(bytes, starts, 4);
}

/** Runs with their length in bytes before them. */
function readRunBooleans(bytes: Buffer, from: number, count: number): Buffer {
  const out = Buffer.alloc(count);
  readHybrid(bytes, from + 4, from + 4 + bytes.readUInt32LE(from), 1, out);
  return out;
}

function readLengthsFirst(bytes: Buffer, from: number, count: number): Cells {
  const { values: lengths, end } = readDeltas(bytes, from, 32, count);
  const starts = new Uint32Array(count + 1);
  let at = end;
  for (let i = 0; i < count; i++) {
    const length = lengths.readInt32LE(i * 4);
    starts[i] = at;
    at += length;
    if (length < 0 || at > bytes.length) throw damaged("the values of a page end early");
  }
  starts[count] = at;
  return variable(bytes, starts, 0);
}

/** Each value begins like the one before, for as many bytes as it says. */
function readSharedBeginnings(bytes: Buffer, from: number, count: number): Cells {
  const { values: shared, end } = readDeltas(bytes, from, 32, count);
  const rest = readLengthsFirst(bytes, end, count);
  let size = 0;
  for (let i = 0; i < count; i++) size += shared.readInt32LE(i * 4) + rest.end(i) - rest.start(i);
  if (size > MAX_JOINED) throw unsupported(`a page of ${size} bytes`);
  const joined = Buffer.allocUnsafe(Math.max(0, size));
  const starts = new Uint32Array(count + 1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const same = shared.readInt32LE(i * 4);
    const before = starts[i - 1] ?? 0;
    if (same < 0 || same > at - before) throw damaged("a value begins like one that is shorter");
    starts[i] = at;
    joined.copy(joined, at, before, before + same);
    bytes.copy(joined, at + same, rest.start(i), rest.end(i));
    at += same + rest.end(i) - rest.start(i);
  }
  starts[count] = at;
  return variable(joined, starts, 0);
}

/** The first bytes of all values come first, then the second bytes, and so on. */
function joinStreams(bytes: Buffer, from: number, count: number, width: number): Buffer {
  if (from + count * width > bytes.length) throw damaged("the values of a page end early");
  const out = Buffer.allocUnsafe(count * width);
  for (let byte = 0; byte < width; byte++)
    for (let i = 0; i < count; i++) out[i * width + byte] = bytes[from + byte * count + i] ?? 0;
  return out;
}
