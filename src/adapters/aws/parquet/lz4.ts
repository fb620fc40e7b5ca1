import { copyBack } from "./snappy.ts";

/** A copy is of four bytes more than it says. */
const LEAST_COPY = 4;

/**
 * Unpacks an LZ4 block. https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 * @throws RangeError when the block is broken
 */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  const out = Buffer.allocUnsafe(size);
  const input = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  let from = 0;
  let at = 0;
  /** 15 stands for "and more": bytes are added up to the first that is not 255. */
  const extended = (length: number): number => {
    if (length < 15) return length;
    let more: number;
    do {
      more = input.readUInt8(from++);
      length += more;
    } while (more === 255);
    return length;
  };
  while (from < input.length) {
    const token = input.readUInt8(from++);
    const literals = extended(token >> 4);
    if (from + literals > input.length || at + literals > size) throw new RangeError("the block is broken");
    input.copy(out, at, from, from + literals);
    from += literals;
    at += literals;
    // The last sequence has literals only.
    if (from === input.length) break;
    const back = input.readUInt16LE(from);
    from += 2;
    const length = extended(token & 15) + LEAST_COPY;
    copyBack(out, at, back, length);
    at += length;
  }
  if (at !== size) throw new RangeError("the block is broken");
  return out;
}
