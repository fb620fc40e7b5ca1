import * as zlib from "node:zlib";

/** Not in every version of Node.js that is supported: since 22.15 and 23.8. */
interface NativeZstd {
  zstdDecompressSync?: (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
}
const native = zlib as NativeZstd;

/** Unpacks Zstandard frames of a known size: by Node.js, or where that cannot by a decoder in JavaScript. */
export async function unpackZstd(): Promise<(packed: Uint8Array, size: number) => Uint8Array> {
  const { zstdDecompressSync } = native;
  // A page without values has no bytes, and some writers give it no frame.
  if (zstdDecompressSync !== undefined) {
    return (packed, size) => (size === 0 ? packed : zstdDecompressSync(packed, { maxOutputLength: size }));
  }
  const { decompress } = await import("fzstd");
  return (packed, size) => decompress(packed, new Uint8Array(size));
}
