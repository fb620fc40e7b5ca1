import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SpooledFile, Spool } from "../ports/spool.ts";
import { DomainError, invalid } from "../core/errors/errors.ts";
import { bodyChunks, tooLarge } from "./body.ts";

export interface UploadOptions {
  spool: Spool;
  /** Most bytes of the whole body. */
  maxBytes: number;
  /** Name of a body that is a file as it is. */
  name: string | undefined;
  signal: AbortSignal;
}

/** Most files in one multipart body. */
const MAX_FILES = 1000;

/**
 * Streams an upload to the spool, file by file, never holding more than a chunk: the body as it is, or every file of a
 * `multipart/form-data` body (RFC 7578).
 * @returns the files; the caller disposes of them
 * @throws DomainError `request.too-large`, `import.no-file`, `request.malformed-multipart`,
 *   `request.too-many-files`; nothing is kept then
 */
export async function receiveFiles(request: Request, options: UploadOptions): Promise<SpooledFile[]> {
  if (Number(request.headers.get("content-length") ?? 0) > options.maxBytes) throw tooLarge(options.maxBytes);
  const type = request.headers.get("content-type") ?? "";
  const files = type.toLowerCase().startsWith("multipart/form-data")
    ? await receiveForm(request, type, options)
    : [await options.spool.store(options.name ?? "upload", bounded(request, options))];
  if (files.some((file) => file.size !== 0)) return files;
  await disposeAll(files);
  throw new DomainError("import.no-file", "unprocessable", "The upload holds no file", {
    fix: 'Send the file as the body (curl --data-binary @FILE) or as a form (curl -F "file=@FILE").',
  });
}

export async function disposeAll(files: readonly SpooledFile[]): Promise<void> {
  for (const file of files) await file.dispose();
}

/** The body, ended with an error when it grows over the limit or its client goes away. */
async function* bounded(request: Request, options: UploadOptions): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of bodyChunks(request)) {
    options.signal.throwIfAborted();
    bytes += chunk.byteLength;
    if (bytes > options.maxBytes) throw tooLarge(options.maxBytes);
    yield chunk;
  }
}

async function receiveForm(request: Request, type: string, options: UploadOptions): Promise<SpooledFile[]> {
  // Read lazily: only imports need it, and the function's cold start would pay for it.
  const { Busboy } = await import("@fastify/busboy");
  const stored: Promise<SpooledFile>[] = [];
  try {
    const form = new Busboy({ headers: { "content-type": type }, limits: { files: MAX_FILES } });
    form.on("file", (_field, stream, fileName) => {
      const file = options.spool.store(fileName === "" ? "upload" : fileName, stream);
      // A file that cannot be kept ends the whole upload.
      file.catch((error: unknown) => form.destroy(error instanceof Error ? error : undefined));
      stored.push(file);
    });
    form.once("filesLimit", () => {
      form.destroy(
        invalid("request.too-many-files", `The form has more than ${MAX_FILES} files`, {
          fix: "Send fewer at once.",
        }),
      );
    });
    await pipeline(Readable.from(bounded(request, options)), form);
    return await Promise.all(stored);
  } catch (error) {
    const settled = await Promise.allSettled(stored);
    await disposeAll(settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    const failed = settled.find((each) => each.status === "rejected");
    throw formError(
      failed?.status === "rejected" && failed.reason instanceof DomainError ? failed.reason : error,
    );
  }
}

/** The form reader's own errors are about the body; those of the store and the limits pass. */
function formError(error: unknown): unknown {
  const isReaders =
    error instanceof Error && /multipart|boundary|Unexpected end|Part terminated/i.test(error.message);
  if (error instanceof DomainError || !isReaders) return error;
  return invalid("request.malformed-multipart", `The form cannot be read: ${error.message}`, {
    fix: "Send multipart/form-data with a boundary, complete to its end (RFC 7578).",
    cause: error,
  });
}
