import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import type { InputFile } from "../../ports/load.ts";
import { damaged } from "./errors.ts";

const CHUNK_BYTES = 256 << 10;

/** Not in every version of Node.js that is supported: since 22.15 and 23.8. */
interface NativeZstd {
  createZstdDecompress?: (options: {
    chunkSize: number;
  }) => NodeJS.ReadWriteStream & { destroy(e?: Error): void };
}

/** The uncompressed view of a file that is compressed with Zstandard, so that no store has to know about it. */
export function unpackedZstd(file: InputFile): InputFile {
  return { name: file.name, open: () => unzstd(file) };
}

/**
 * Unpacks Zstandard as it is pulled, several frames in a row included: by Node.js, or where that cannot by a decoder in
 * JavaScript, which does not look at checksums.
 * @throws DomainError `import.damaged` when it ends early or is broken
 */
export async function* unzstd(file: InputFile): AsyncGenerator<Uint8Array> {
  const { createZstdDecompress } = zlib as NativeZstd;
  try {
    const unpacked =
      createZstdDecompress === undefined
        ? byDecoder(file)
        : byNode(file, createZstdDecompress({ chunkSize: CHUNK_BYTES }));
    for await (const chunk of unpacked) {
      file.onUnpacked?.(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    throw damaged(file, "its Zstandard data ends early or is broken", error.cause);
  }
}

/** What decompression threw, as opposed to what reading the file threw. */
class Broken extends Error {}

async function* byNode(
  file: InputFile,
  unpacked: NodeJS.ReadWriteStream & { destroy(e?: Error): void },
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(file.open(), { objectMode: false });
  source.on("error", (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // Both for what is no frame (ZSTD_error_…) and for one that ends early (Z_BUF_ERROR).
    throw /^Z(STD)?_/i.test(code) ? new Broken("zstd", { cause: error }) : error;
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

async function* byDecoder(file: InputFile): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import("fzstd");
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((bytes) => ready.push(bytes));
  const push = (bytes: Uint8Array, last: boolean): Uint8Array[] => {
    try {
      decoder.push(bytes, last);
    } catch (error) {
      throw new Broken("zstd", { cause: error });
    }
    const unpacked = ready;
    ready = [];
    return unpacked;
  };
  for await (const chunk of file.open()) yield* push(chunk, false);
  yield* push(new Uint8Array(0), true);
}
