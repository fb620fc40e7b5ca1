import { shorten } from "../core/errors/bounded.ts";
import { DomainError, invalid } from "../core/errors/errors.ts";
import { syntaxErrorAt } from "./json-position.ts";
import { checkJsonShape } from "./json-shape.ts";

/**
 * Reads a JSON body up to a limit.
 * @param maxBytes the most it may have
 * @returns undefined for an empty body
 * @throws DomainError `request.unsupported-media-type`, `request.too-large`, `request.malformed-json`,
 *   `request.too-deep`, `request.too-many-values`
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const text = await readText(request, maxBytes);
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

async function readText(request: Request, maxBytes: number): Promise<string> {
  const length = request.headers.get("content-length");
  if (Number(length ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    if (length !== null) {
      // A stream costs more than all else that a remembered answer takes.
      const body = await request.arrayBuffer();
      bytes = body.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      return decoder.decode(body);
    }
    for await (const chunk of bodyChunks(request)) {
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

/** The body's bytes as they arrive; none when there is no body. */
export async function* bodyChunks(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body !== null) yield* request.body;
}

export function tooLarge(maxBytes: number): DomainError {
  const limit = maxBytes >= 1_048_576 ? `${Math.floor(maxBytes / 1_048_576)} MiB` : `${maxBytes} bytes`;
  return new DomainError("request.too-large", "too-large", `The body is larger than ${limit}`, {
    fix: "Send less, or split it.",
  });
}
