/**
 * Unpacks a Snappy block. https://github.com/google/snappy/blob/main/format_description.txt
 * @throws RangeError when the block is broken
 */
export function unpackSnappy(packed: Uint8Array, size: number): Uint8Array {
  const out = Buffer.allocUnsafe(size);
  const input = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  let from = preambleLength(input);
  let at = 0;
  while (from < input.length) {
    const tag = input.readUInt8(from++);
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        length = input.readUIntLE(from, bytes) + 1;
        from += bytes;
      }
      if (from + length > input.length || at + length > size) throw broken();
      input.copy(out, at, from, from + length);
      from += length;
      at += length;
      continue;
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const bytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const back = input.readUIntLE(from, bytes) + (kind === 1 ? (tag >> 5) << 8 : 0);
    from += bytes;
    copyBack(out, at, back, length);
    at += length;
  }
  if (at !== size) throw broken();
  return out;
}

/** Repeats `length` of the bytes from `back` before; the two ranges may overlap, which repeats a pattern. */
export function copyBack(out: Buffer, at: number, back: number, length: number): void {
  if (back === 0 || back > at || at + length > out.length) throw broken();
  if (back >= length) out.copyWithin(at, at - back, at - back + length);
  else for (let i = 0; i < length; i++) out[at + i] = out[at + i - back] ?? 0;
}

/** The block begins with its unpacked size, which the page's header has too. */
function preambleLength(input: Buffer): number {
  for (let i = 0; ; i++) if (input.readUInt8(i) < 128) return i + 1;
}

function broken(): RangeError {
  return new RangeError("the block is broken");
}
