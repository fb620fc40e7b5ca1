import { damaged } from "./problem.ts";

/** Whole numbers in as little room as they need. */
export type Levels = Uint8Array | Uint16Array | Uint32Array;

/**
 * Reads whole numbers of up to 32 bits in the hybrid of run lengths and bit packing, as many as `out` has places.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
 * @param end where the runs end at the latest
 * @throws ParquetProblem when the bytes do not suffice
 */
export function readHybrid(bytes: Uint8Array, from: number, end: number, width: number, out: Levels): void {
  if (width > 32 || end > bytes.length) throw broken();
  let at = from;
  for (let seen = 0; seen < out.length;) {
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = at < end ? (bytes[at++] ?? 0) : NaN;
      if (Number.isNaN(byte)) throw broken();
      header += (byte & 127) * scale;
      if (byte < 128) break;
    }
    if (header % 2 === 1) {
      const packed = ((header - 1) / 2) * width;
      const count = Math.min(((header - 1) / 2) * 8, out.length - seen);
      if (at + Math.ceil((count * width) / 8) > end) throw broken();
      unpackBits(bytes, at, width, out, seen, count);
      at += packed;
      seen += count;
    } else {
      let value = 0;
      for (let i = 0, scale = 1; i < width; i += 8, scale *= 256) value += (bytes[at++] ?? 0) * scale;
      if (at > end) throw broken();
      const count = Math.min(header / 2, out.length - seen);
      out.fill(value, seen, seen + count);
      seen += count;
    }
  }
}

function unpackBits(
  bytes: Uint8Array,
  from: number,
  width: number,
  out: Levels,
  at: number,
  count: number,
): void {
  const mask = width === 32 ? -1 : (1 << width) - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += width) {
    const place = from + (bit >>> 3);
    const shift = bit & 7;
    let value =
      ((bytes[place] ?? 0) |
        ((bytes[place + 1] ?? 0) << 8) |
        ((bytes[place + 2] ?? 0) << 16) |
        ((bytes[place + 3] ?? 0) << 24)) >>>
      shift;
    if (shift + width > 32) value |= (bytes[place + 4] ?? 0) << (32 - shift);
    out[at + i] = value & mask;
  }
}

/** Bits that hold the numbers from 0 to `most`. */
export function bitWidth(most: number): number {
  return 32 - Math.clz32(most);
}

/** PLAIN booleans: a bit each, the lowest first. @returns a byte each */
export function readBooleans(bytes: Uint8Array, from: number, count: number): Buffer {
  if (from + Math.ceil(count / 8) > bytes.length) throw broken();
  const out = Buffer.allocUnsafe(count);
  for (let i = 0; i < count; i++) out[i] = ((bytes[from + (i >>> 3)] ?? 0) >>> (i & 7)) & 1;
  return out;
}

function broken(): Error {
  return damaged("the values of a page end early");
}
