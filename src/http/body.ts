import { shorten } from "../core/errors/bounded.ts";
import { DomainError, invalid } from "../core/errors/errors.ts";
import { syntaxErrorAt } from "./json-position.ts";
import { checkJsonShape } from "./json-shape.ts";

/** How much of a body is taken, and how long it is waited for. */
export interface BodyLimits {
  /** Most bytes. */
  maxBytes: number;
  /** Seconds after which a body is given up of which nothing more arrives. */
  stallSeconds: number;
}

/**
 * Reads a JSON body up to a limit.
 * @returns undefined for an empty body
 * @throws DomainError `request.unsupported-media-type`, `request.too-large`, `request.malformed-json`,
 *   `request.too-deep`, `request.too-many-values`, `request.stalled`
 */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const text = await readText(request, limits);
  if (text.trim() === "") return undefined;
  const type = request.headers.get("content-type");
  if (type !== null && !/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    throw invalid("request.unsupported-media-type", `The body is ${shorten(type)}, not JSON`, {
      fix: 'Send JSON with the header "Content-Type: application/json".',
    });
  }
  checkJsonShape(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(text, error);
  }
}

function malformed(text: string, cause: unknown): DomainError {
  const { line, column, found } = syntaxErrorAt(text);
  return invalid(
    "request.malformed-json",
    `The body is not JSON: ${found === undefined ? "it ends too early" : `unexpected ${found}`} at line ${line}, column ${column}`,
    { fix: "Check quotes, commas and brackets there.", cause },
  );
}

async function readText(request: Request, { maxBytes, stallSeconds }: BodyLimits): Promise<string> {
  const length = request.headers.get("content-length");
  if (Number(length ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    if (length !== null) {
      // A stream costs more than all else that a remembered answer takes.
      const body = await unlessStalled(request.arrayBuffer(), stallSeconds);
      bytes = body.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      return decoder.decode(body);
    }
    for await (const chunk of bodyChunks(request, stallSeconds)) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw invalid("request.malformed-json", `The body is not UTF-8 near byte ${bytes}`, {
      fix: "Send JSON in UTF-8 (RFC 8259 section 8.1).",
      cause: error,
    });
  }
}

/**
 * The body's bytes as they arrive; none when there is no body.
 * @throws DomainError `request.stalled`; what the stream fails with when the client goes away
 */
export async function* bodyChunks(request: Request, stallSeconds: number): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const next = await unlessStalled(reader.read(), stallSeconds);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Whatever is still being read is of no interest; the server drains or closes the connection after the answer.
    reader.releaseLock();
  }
}

/** Waits for what the client is to send next. @throws DomainError `request.stalled` */
async function unlessStalled<T>(reading: Promise<T>, stallSeconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(stalledRequest(stallSeconds)), stallSeconds * 1000);
  });
  try {
    return await Promise.race([reading, stalled]);
  } finally {
    clearTimeout(timer);
    // It fails when the connection is closed, which nobody waits for any more.
    reading.catch(() => undefined);
  }
}

/** What a request is answered with that stops arriving. */
export function stalledRequest(stallSeconds: number): DomainError {
  return invalid("request.stalled", `Nothing more of the request arrived for ${stallSeconds} s`, {
    fix: "Send it again; it may be slow, but must not stop.",
  });
}

export function tooLarge(maxBytes: number): DomainError {
  const limit = maxBytes >= 1_048_576 ? `${Math.floor(maxBytes / 1_048_576)} MiB` : `${maxBytes} bytes`;
  return new DomainError("request.too-large", "too-large", `The body is larger than ${limit}`, {
    fix: "Send less, or split it.",
  });
}
