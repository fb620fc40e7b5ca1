import { createHash } from "node:crypto";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Manifest } from "../core/reports/manifest.ts";
import { errorFields } from "./logger.ts";
import type { Call } from "./call.ts";
import { matchesNone, quoteEtag } from "./etag.ts";

/** A JSON answer. Answers hold a tenant's data, so no shared cache may keep them. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "private, no-store", ...headers },
  });
}

/**
 * The answer to a question put by GET, with its entity tag: a client that has it already is told so (304).
 * @param body JSON as text, or what is to become it
 */
export function answered(request: Request, body: unknown): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const etag = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  const headers = {
    "Content-Type": "application/json",
    "Cache-Control": "private, no-store",
    ETag: quoteEtag(etag),
  };
  if (matchesNone(request, etag)) return new Response(text, { headers });
  return new Response(null, { status: 304, headers: { ETag: headers.ETag } });
}

/** JSON that is text already. */
export function jsonText(text: string): Response {
  return new Response(text, {
    headers: { "Content-Type": "application/json", "Cache-Control": "private, no-store" },
  });
}

export interface FileAnswer {
  fileName: string;
  mediaType: string;
  manifest: Manifest | null;
  bytes?: number | null;
  body: AsyncIterable<Uint8Array>;
}

type StreamContext = Pick<Call, "logger" | "requestId" | "signal">;

/**
 * A file, streamed as the client reads it, with its manifest in the headers.
 * @throws what the source throws before its first byte, so that it is answered as a problem and not as a broken file
 */
export async function file(call: StreamContext, answer: FileAnswer): Promise<Response> {
  const headers = new Headers({
    "Content-Type": answer.mediaType,
    "Content-Disposition": disposition(answer.fileName),
    "Cache-Control": "private, no-store",
  });
  if (answer.bytes !== undefined && answer.bytes !== null)
    headers.set("Content-Length", String(answer.bytes));
  if (answer.manifest !== null) manifestHeaders(answer.manifest, headers);
  return new Response(await streamOf(answer.body, call), { headers });
}

/** RFC 6266: a plain name for all, the exact one for those who read UTF-8. */
function disposition(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const exact =
    plain === fileName
      ? ""
      : `; filename*=UTF-8''${encodeURIComponent(fileName).replace(/['()*]/g, percent)}`;
  return `attachment; filename="${plain}"${exact}`;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function manifestHeaders(manifest: Manifest, headers: Headers): void {
  headers.set("X-Rows-Written", String(manifest.rowsWritten));
  headers.set("X-Rows-Total", String(manifest.rowsTotal));
  headers.set("X-Complete", String(manifest.complete));
  headers.set("X-Dataset-Hash", manifest.datasetHash);
  headers.set("X-Range", `${manifest.range.from}/${manifest.range.to} ${manifest.range.zone}`);
  headers.set("X-Generated-At", manifest.generatedAt);
  if (manifest.dataAsOf !== null) headers.set("X-Data-As-Of", manifest.dataAsOf);
  headers.set("X-Demo", String(manifest.demo));
  setJson(headers, "X-Totals", manifest.totals, 4096);
  if (manifest.failures !== undefined) setJson(headers, "X-Failed-Sections", manifest.failures, 2048);
}

/** Servers and gateways refuse header sections of more than 8 KB; quantities in very many units would make one. */
function setJson(headers: Headers, name: string, value: unknown, most: number): void {
  const text = asciiJson(value);
  if (text.length <= most) headers.set(name, text);
}

/** JSON in ASCII, as header fields need it (RFC 9110 section 5.5). */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Bytes that are pulled as the client reads. A client that goes away ends the source; a source that fails breaks the
 * connection off, so that no half file looks whole, and is logged.
 * @throws what the source throws before its first byte
 */
async function streamOf(
  source: AsyncIterable<Uint8Array>,
  call: StreamContext,
): Promise<ReadableStream<Uint8Array>> {
  const iterator = source[Symbol.asyncIterator]();
  // The server pulls; errors that get lost meanwhile are still the request's.
  const inRequest = AsyncLocalStorage.snapshot();
  let first: IteratorResult<Uint8Array> | undefined = await iterator.next();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = first ?? (await inRequest(() => iterator.next()));
          first = undefined;
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          // Of a client that left there is nothing to log.
          if (!call.signal.aborted) {
            call.logger.error(
              { requestId: call.requestId, error: errorFields(error) },
              "the response broke off",
            );
          }
          throw error;
        }
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
