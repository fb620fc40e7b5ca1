import type { InputFile } from "../../src/ports/load.ts";

/** A file that exists only in memory, handed out in pieces of `size` bytes. */
export function memoryFile(name: string, content: string | Uint8Array, size = 1000): InputFile {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return {
    name,
    size: bytes.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- a file is read asynchronously
    async *open() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}
