import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { InputFile } from "../../ports/load.ts";
import { damaged } from "./errors.ts";

/** What Node.js takes by itself: headers and samples are small. */
const CHUNK_BYTES = 16 << 10;

const MAGIC: readonly { compression: "gzip" | "zstd"; bytes: readonly number[] }[] = [
  { compression: "gzip", bytes: [0x1f, 0x8b] },
  { compression: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
];

/** How bytes are compressed, by their magic numbers; names prove nothing. */
export function compressionOf(head: Uint8Array): "none" | "gzip" | "zstd" {
  return MAGIC.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte))?.compression ?? "none";
}

/**
 * Unpacks gzip as it is pulled, several members in a row included.
 * @param chunkSize bytes of a chunk at most
 * @throws DomainError `import.damaged` when it ends early or its checksum is wrong
 */
export async function* gunzip(file: InputFile, chunkSize = CHUNK_BYTES): AsyncGenerator<Uint8Array> {
  const source = Readable.from(file.open(), { objectMode: false });
  const unpacked = createGunzip({ chunkSize });
  source.on("error", (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  try {
    for await (const chunk of unpacked) {
      file.onUnpacked?.((chunk as Uint8Array).length);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    throw damaged(file, "its gzip data ends early or does not match its checksum", error);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

/** The first bytes of a stream, at most `limit`, and whether that is all of it. The stream is closed afterwards. */
export async function peek(
  stream: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    // One byte more than the limit proves that there is more.
    if (length > limit) return { bytes: Buffer.concat(chunks, length).subarray(0, limit), whole: false };
  }
  return { bytes: Buffer.concat(chunks, length), whole: true };
}
