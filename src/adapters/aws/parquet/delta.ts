import { damaged } from "./problem.ts";

/**
 * Reads DELTA_BINARY_PACKED: a first value, then blocks of differences packed to as few bits as they need.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
 * @param bits of a value, 32 or 64; sums wrap around, as the format has it
 * @param count values expected
 * @returns the values in little endian one after the other, and where the next byte is
 * @throws ParquetProblem when the bytes do not suffice or hold another number of values
 */
export function readDeltas(
  bytes: Buffer,
  from: number,
  bits: 32 | 64,
  count: number,
): { values: Buffer; end: number } {
  const reader = new VarintReader(bytes, from);
  const block = reader.unsigned();
  const parts = reader.unsigned();
  if (reader.unsigned() !== BigInt(count))
    throw damaged("a page holds another number of values than it says");
  if (parts === 0n || block % parts !== 0n || block > 1n << 24n) throw damaged("a page's blocks are broken");
  const each = Number(block / parts);
  const values = Buffer.allocUnsafe((count * bits) / 8);
  let value = reader.signed();
  let at = 0;
  const put = (): void => {
    value = BigInt.asIntN(bits, value);
    if (bits === 32) values.writeInt32LE(Number(value), at * 4);
    else values.writeBigInt64LE(value, at * 8);
    at++;
  };
  if (count > 0) put();
  while (at < count) {
    const least = reader.signed();
    const widths = reader.take(Number(parts));
    for (const width of widths) {
      if (at >= count) break;
      if (width > 64) throw damaged("a page's blocks are broken");
      const packed = reader.take(Math.ceil((each * width) / 8));
      const used = Math.min(each, count - at);
      for (let i = 0; i < used; i++) {
        value += least + bitsAt(packed, i * width, width);
        put();
      }
    }
  }
  return { values, end: reader.at };
}

/** A number of up to 64 bits, the lowest first. */
function bitsAt(bytes: Buffer, bit: number, width: number): bigint {
  if (width <= 32) return BigInt(shortBitsAt(bytes, bit, width));
  return BigInt(shortBitsAt(bytes, bit, 32)) | (BigInt(shortBitsAt(bytes, bit + 32, width - 32)) << 32n);
}

function shortBitsAt(bytes: Buffer, bit: number, width: number): number {
  let value = 0;
  for (let done = 0, scale = 1; done < width;) {
    const shift = (bit + done) & 7;
    const taken = Math.min(8 - shift, width - done);
    value += (((bytes[(bit + done) >>> 3] ?? 0) >>> shift) & ((1 << taken) - 1)) * scale;
    scale *= 1 << taken;
    done += taken;
  }
  return value;
}

class VarintReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  unsigned(): bigint {
    let value = 0n;
    for (let shift = 0n; shift <= 63n; shift += 7n) {
      const byte = this.#bytes.readUInt8(this.at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw damaged("a page's blocks are broken");
  }

  signed(): bigint {
    const zigzag = this.unsigned();
    return (zigzag >> 1n) ^ -(zigzag & 1n);
  }

  take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw damaged("the values of a page end early");
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}
