import type { InputFile } from "../../ports/load.ts";
import { compressionOf, gunzip, peek } from "./bytes.ts";
import { importError } from "./errors.ts";
import { unzstd } from "./zstd.ts";

/**
 * The content of a file, unpacked when its first bytes say that it is gzip or Zstandard.
 * @throws DomainError `import.damaged`; what the file throws
 */
export async function* contentOf(file: InputFile): AsyncGenerator<Uint8Array, void, undefined> {
  const { bytes } = await peek(file.open(), 4);
  const compression = compressionOf(bytes);
  if (compression === "zstd") yield* unzstd(file);
  else yield* compression === "gzip" ? gunzip(file) : file.open();
}

/**
 * Text content without its UTF-8 byte-order mark.
 * @param name the file, for errors
 * @throws DomainError `import.encoding` for UTF-16
 */
export async function* withoutMark(
  content: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of content) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < 3) continue;
    yield unmarked(head, name);
    head = undefined;
  }
  if (head !== undefined && head.length > 0) yield unmarked(head, name);
}

function unmarked(head: Uint8Array, name: string): Uint8Array {
  const [a, b, c] = head;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw importError("encoding", { name }, "is written in UTF-16", {
      fix: "Save it as UTF-8, for example: iconv -f UTF-16 -t UTF-8.",
    });
  }
  return a === 0xef && b === 0xbb && c === 0xbf ? head.subarray(3) : head;
}
