import { shorten } from "../core/errors/bounded.ts";
import { type DomainError, invalid } from "../core/errors/errors.ts";

/** One part of a form, as it arrives. */
export interface FormPart {
  /** As the sender calls it, without its folder; undefined for a part that is no file. */
  fileName: string | undefined;
  /** Its bytes, to be read to their end before the next part is asked for. */
  body: AsyncIterable<Uint8Array>;
}

/** Most characters of a boundary (RFC 2046 section 5.1.1). */
const MAX_BOUNDARY = 70;
const MAX_HEADER_BYTES = 16_384;
/** The longest name a file system takes. */
const MAX_FILE_NAME = 255;

const LINE_END = Buffer.from("\r\n");
const HEADERS_END = Buffer.from("\r\n\r\n");

/**
 * Reads a `multipart/form-data` body (RFC 7578, RFC 2046) part by part, holding no more than a chunk. It is pulled and
 * has no events, so whatever is wrong with the body reaches the one who reads, and nobody else.
 * @param contentType of the body, with its boundary
 * @throws DomainError `request.malformed-multipart`, and what the body's source throws
 */
export async function* readForm(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<FormPart> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`, "latin1");
  const source = body[Symbol.asyncIterator]();
  const window = new Window(source);
  try {
    // What stands before the first delimiter means nothing, and neither does what follows the last.
    await discard(window.until(delimiter));
    while (!(await window.startsWith("--"))) {
      const fileName = fileNameOf(await headersOf(window));
      yield { fileName, body: window.until(delimiter) };
    }
    await discard(window.rest());
  } finally {
    await source.return?.();
  }
}

/** Reads to the end and keeps nothing. */
export async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

function boundaryOf(contentType: string): string {
  const boundary = parametersOf(contentType)?.get("boundary") ?? "";
  if (boundary === "") throw malformed("its Content-Type names no boundary");
  if (boundary.length <= MAX_BOUNDARY) return boundary;
  throw malformed(`its boundary has ${boundary.length} characters, and at most ${MAX_BOUNDARY} are allowed`);
}

/** The bytes between what has been read and what has arrived. */
class Window {
  readonly #source: AsyncIterator<Uint8Array>;
  /** The first delimiter may stand at the very start, where no line end precedes it. */
  #held: Buffer = LINE_END;

  constructor(source: AsyncIterator<Uint8Array>) {
    this.#source = source;
  }

  /** All bytes before the mark; goes on behind it. @throws DomainError when the body ends before */
  async *until(mark: Buffer): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at !== -1) {
        const last = this.#take(at);
        this.#take(mark.length);
        if (last.length > 0) yield last;
        return;
      }
      // The end of what is there may be the start of the mark.
      const safe = this.#held.length - mark.length + 1;
      if (safe > 0) yield this.#take(safe);
      await this.#more();
    }
  }

  async startsWith(text: string): Promise<boolean> {
    while (this.#held.length < text.length) await this.#more();
    return this.#held.toString("latin1", 0, text.length) === text;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next())
      yield next.value;
  }

  #take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  async #more(): Promise<void> {
    const next = await this.#source.next();
    if (next.done === true) throw malformed("it ends before its closing boundary");
    this.#held = Buffer.concat([this.#held, next.value]);
  }
}

/** The header lines behind a delimiter, by lower-case name. */
async function headersOf(window: Window): Promise<Map<string, string>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of window.until(HEADERS_END)) {
    bytes += chunk.length;
    if (bytes > MAX_HEADER_BYTES)
      throw malformed(`a part has more than ${MAX_HEADER_BYTES} bytes of headers`);
    chunks.push(chunk);
  }
  // A delimiter may be followed by spaces up to the end of its line; a long line may go on in the next one.
  const [padding = "", ...lines] = Buffer.concat(chunks)
    .toString("utf8")
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  if (!/^[ \t]*$/.test(padding)) throw malformed("a boundary is followed by something else on its line");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!/^[\w-]+$/.test(name)) throw malformed("a part has a line among its headers that is none");
    if (headers.has(name)) throw malformed(`a part has two headers ${shorten(name)}`);
    headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

function fileNameOf(headers: ReadonlyMap<string, string>): string | undefined {
  const disposition = headers.get("content-disposition") ?? "";
  const parameters = /^form-data\s*(;|$)/i.test(disposition) ? parametersOf(disposition) : undefined;
  if (parameters?.has("name") !== true)
    throw malformed('a part has no header Content-Disposition: form-data; name="…"');
  const given = extended(parameters.get("filename*")) ?? parameters.get("filename");
  // Without a name it may still be a file: so do forms of scripts send binary data.
  const isFile =
    given !== undefined || /^application\/octet-stream\b/i.test(headers.get("content-type") ?? "");
  const name = (given ?? "").split(/[/\\]/).at(-1) ?? "";
  if (name.length > MAX_FILE_NAME)
    throw malformed(
      `a file has a name of ${name.length} characters, and at most ${MAX_FILE_NAME} are allowed`,
    );
  return isFile ? name : undefined;
}

const PARAMETER = /\s*;\s*(?:([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+)))?\s*/gy;

/** The parameters of a header's value, by lower-case name; undefined when they cannot be read or one is repeated. */
function parametersOf(value: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  const start = value.includes(";") ? value.indexOf(";") : value.length;
  let read = start;
  for (const [whole, name, quoted, token = ""] of value.slice(start).matchAll(PARAMETER)) {
    read += whole.length;
    if (name === undefined) continue;
    if (parameters.has(name.toLowerCase())) return undefined;
    // Only quotes and backslashes are escaped; browsers send the backslashes of a Windows path as they are.
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(["\\])/g, "$1") ?? token);
  }
  return read === value.length ? parameters : undefined;
}

/** A name in UTF-8 with escapes (RFC 8187), which some clients send although RFC 7578 has no such thing. */
function extended(value: string | undefined): string | undefined {
  const escaped = /^utf-8'[^']*'(.*)$/i.exec(value ?? "")?.[1];
  if (escaped === undefined) return undefined;
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw malformed("a file has a name with escapes that cannot be read");
  }
}

function malformed(what: string): DomainError {
  return invalid("request.malformed-multipart", `The form cannot be read: ${what}`, {
    fix: "Send multipart/form-data with a boundary, complete to its end (RFC 7578).",
  });
}
