import type { SpooledFile, Spool } from "../ports/spool.ts";
import { DomainError, invalid } from "../core/errors/errors.ts";
import { bodyChunks, type BodyLimits, tooLarge } from "./body.ts";
import { discard, readForm } from "./multipart.ts";

export interface UploadOptions extends BodyLimits {
  spool: Spool;
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
 *   `request.too-many-files`, `request.stalled`; nothing is kept then
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
export async function* bounded(
  request: Request,
  options: Omit<UploadOptions, "spool" | "name">,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of bodyChunks(request, options.stallSeconds)) {
    options.signal.throwIfAborted();
    bytes += chunk.byteLength;
    if (bytes > options.maxBytes) throw tooLarge(options.maxBytes);
    yield chunk;
  }
}

async function receiveForm(request: Request, type: string, options: UploadOptions): Promise<SpooledFile[]> {
  const kept: SpooledFile[] = [];
  try {
    for await (const { fileName, body } of readForm(type, bounded(request, options))) {
      if (fileName === undefined) {
        await discard(body);
        continue;
      }
      if (kept.length === MAX_FILES) {
        throw invalid("request.too-many-files", `The form has more than ${MAX_FILES} files`, {
          fix: "Send fewer at once.",
        });
      }
      kept.push(await options.spool.store(fileName === "" ? "upload" : fileName, body));
    }
    return kept;
  } catch (error) {
    await disposeAll(kept);
    throw error;
  }
}
