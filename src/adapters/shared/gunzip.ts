import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DomainError } from "../../core/errors/errors.ts";
import type { InputFile } from "../../ports/load.ts";

/**
 * Unpacks gzip as it is pulled, several members in a row included.
 * @param content the file's bytes
 * @param chunkSize bytes of a chunk at most
 * @throws DomainError `import.damaged` when it ends early or its checksum is wrong
 */
export async function* gunzip(
  file: InputFile,
  content: AsyncIterable<Uint8Array>,
  chunkSize: number,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(content, { objectMode: false });
  const unpacked = createGunzip({ chunkSize });
  source.on("error", (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    throw damaged(file, "its gzip data ends early or does not match its checksum", error);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

/** The error of a file that cannot be read. @param what is wrong with it */
export function damaged(file: InputFile, what: string, cause?: unknown): DomainError {
  return new DomainError("import.damaged", "unprocessable", `${file.name} is damaged: ${what}`, {
    fix: "Fetch the file again; nothing was loaded.",
    cause,
  });
}
