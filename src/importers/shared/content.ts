import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DomainError } from "../../core/errors/errors.ts";
import type { InputFile } from "../../ports/load.ts";

/**
 * The content of a file, decompressed. What it is follows from its first bytes, not from its name: gzip is unpacked,
 * with all its members; anything else is handed on as it is.
 * @throws DomainError `import.broken-gzip`, `import.truncated` (a gzip that is cut off),
 *   `import.unsupported-compression`; what the file throws
 */
export async function* contentOf(file: InputFile): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, all } = await peek(file.open(), 4);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    yield* gunzip(file.name, all);
    return;
  }
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) {
    await all.return(undefined);
    throw new DomainError(
      "import.unsupported-compression",
      "unprocessable",
      `${file.name} is compressed with zstd`,
      {
        fix: "Unpack it first (zstd -d), or deliver it as gzip.",
      },
    );
  }
  yield* all;
}

async function* gunzip(
  name: string,
  compressed: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const unpacked = createGunzip();
  // The callback is needed for the pipeline to hand errors on; they reach the reader through the iterator.
  pipeline(Readable.from(compressed, { objectMode: false }), unpacked, () => undefined);
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (error) {
    throw gzipError(name, error);
  }
}

function gzipError(name: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "Z_BUF_ERROR") {
    return new DomainError("import.truncated", "unprocessable", `${name}: the gzip file is cut off`, {
      fix: "Download or compress it again.",
      cause: error,
    });
  }
  if (typeof code === "string" && code.startsWith("Z_")) {
    return new DomainError("import.broken-gzip", "unprocessable", `${name}: the gzip file is damaged`, {
      fix: "Download or compress it again.",
      cause: error,
    });
  }
  return error;
}

/** The first bytes of a stream, fewer when it is shorter, and the whole of it. */
async function peek(
  content: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const source = content[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let done = false;
  while (head.length < count && !done) {
    const next = await source.next();
    if (next.done === true) done = true;
    else head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      while (!done) {
        const next = await source.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await source.return?.();
    }
  }
  return { head, all: all() };
}

/**
 * Text content without its byte-order mark.
 * @param name the file, for errors
 * @throws DomainError `import.encoding` for UTF-16
 */
export async function* withoutMark(
  content: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, all } = await peek(content, 3);
  const [a, b, c] = head;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    await all.return(undefined);
    throw new DomainError("import.encoding", "unprocessable", `${name} is UTF-16, not UTF-8`, {
      fix: "Save it as UTF-8 and import it again.",
    });
  }
  let marked = a === 0xef && b === 0xbb && c === 0xbf;
  for await (const chunk of all) {
    yield marked ? chunk.subarray(3) : chunk;
    marked = false;
  }
}
