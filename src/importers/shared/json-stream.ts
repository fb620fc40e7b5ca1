import { isUtf8 } from "node:buffer";
import { DomainError } from "../../core/errors/errors.ts";
import { withoutMark } from "./content.ts";

/** A record of a file and where it starts. */
export interface Located {
  /** 1-based. */
  record: number;
  /** 1-based line the record starts on. */
  line: number;
  /** What the record holds; undefined when it cannot be read, and `problem` says why. */
  value: unknown;
  problem?: string;
}

export interface JsonLimits {
  /** Bytes of one record. */
  recordBytes: number;
  /** Brackets open at once. */
  depth: number;
}

/** No finding or event comes near these; a file that passes them is broken or hostile. */
export const JSON_LIMITS: JsonLimits = { recordBytes: 16 * 1024 * 1024, depth: 100 };

export interface JsonRecordOptions {
  /** The file as the user named it, for errors. */
  name: string;
  /** Members of a wrapping object that hold the records, e.g. `Findings`; compared exactly. */
  wrappers: readonly string[];
  limits?: JsonLimits;
}

/**
 * Reads the records of a JSON file of any of the shapes tools write, one pass, memory bounded by the largest record:
 * an array of records; an object whose `wrappers` member is that array; one record a line; records or wrapping objects
 * one after another, with or without line breaks; a single record. A byte-order mark, CRLF and trailing commas are
 * taken. A record that is no JSON or not UTF-8 is handed out with its problem and reading goes on behind it.
 * @yields the records that end in one chunk of the input
 * @throws DomainError `import.not-json`, `import.truncated`, `import.record-too-large`, `import.too-deep`,
 *   `import.encoding`, each with file and line; what the input throws
 */
export async function* readJsonRecords(
  content: AsyncIterable<Uint8Array>,
  options: JsonRecordOptions,
): AsyncGenerator<Located[], void, undefined> {
  const scanner = new Scanner(options);
  for await (const chunk of withoutMark(content, options.name)) {
    scanner.push(chunk);
    if (scanner.found.length > 0) yield scanner.take();
  }
  scanner.finish();
  if (scanner.found.length > 0) yield scanner.take();
}

const TAB = 9;
const LF = 10;
const CR = 13;
/** RFC 7464 puts it before every record of a JSON text sequence. */
const RECORD_SEPARATOR = 30;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

const isSpace = (byte: number): boolean => byte === SPACE || byte === LF || byte === CR || byte === TAB;

/**
 * Where the scanner is:
 * - `between`: outside all records, in the file or in the array that holds them
 * - `record`: inside a record in brackets; `scalar`: inside a bare number, word or text where a record should be
 * - `wrapper`: inside a wrapping object, behind the array of records; before it the object passes for a record
 */
type Mode = "between" | "record" | "scalar" | "wrapper";

class Scanner {
  readonly #name: string;
  readonly #wrappers: ReadonlySet<string>;
  readonly #limits: JsonLimits;
  readonly #firstBytes: ReadonlySet<number>;
  /** Bytes from a key's quote to its colon that a wrapper's name can take, some white space allowed. */
  readonly #longestKey: number;
  found: Located[] = [];
  #mode: Mode = "between";
  /** Brackets open now, the ones around the records counted. */
  #depth = 0;
  /** Whether an array of records is open, and whether it lies in a wrapping object. */
  #inArray = false;
  #wrapped = false;
  #inString = false;
  #escaped = false;
  #line = 1;
  #records = 0;
  /** The record being read: its bytes from earlier chunks, and its start in this one. */
  #parts: Uint8Array[] = [];
  #held = 0;
  #start = 0;
  #startLine = 1;
  /** In a top-level object: where the last key starts and whether it is complete. */
  #key = "";
  #keyStart = -1;

  constructor(options: JsonRecordOptions) {
    this.#name = options.name;
    this.#wrappers = new Set(options.wrappers);
    this.#limits = options.limits ?? JSON_LIMITS;
    this.#firstBytes = new Set(options.wrappers.map((name) => name.charCodeAt(0)));
    this.#longestKey = Math.max(0, ...options.wrappers.map((name) => name.length)) + 20;
  }

  take(): Located[] {
    const { found } = this;
    this.found = [];
    return found;
  }

  push(chunk: Uint8Array): void {
    this.#start = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#inString) at = this.#skipString(chunk, at);
      else if (this.#mode === "between") at = this.#between(chunk, at);
      else if (this.#mode === "scalar") at = this.#scalar(chunk, at);
      else at = this.#inside(chunk, at);
    }
    if (this.#keeps()) this.#hold(chunk.subarray(this.#start));
  }

  finish(): void {
    if (this.#depth === 0 && this.#mode === "between") return;
    throw this.#error(
      "truncated",
      `ends in the middle of ${this.#mode === "between" ? "its list of records" : `record ${this.#records + 1}`}`,
      "The file is cut off; export or download it again.",
    );
  }

  /** Bytes are kept inside a record, and in a top-level object until it turns out to be a wrapper. */
  #keeps(): boolean {
    return this.#mode === "record" || this.#mode === "scalar";
  }

  #between(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === LF) this.#line++;
      if (isSpace(byte) || byte === COMMA || byte === RECORD_SEPARATOR) continue;
      break;
    }
    if (at === chunk.length) return at;
    const byte = chunk[at] ?? 0;
    if (byte === CLOSE_ARRAY && this.#inArray) {
      this.#inArray = false;
      this.#depth--;
      this.#mode = this.#wrapped ? "wrapper" : "between";
      return at + 1;
    }
    if (byte === OPEN_ARRAY && !this.#inArray) {
      this.#inArray = true;
      this.#wrapped = false;
      this.#depth++;
      return at + 1;
    }
    this.#open(byte, at);
    return at;
  }

  #open(byte: number, at: number): void {
    this.#start = at;
    this.#startLine = this.#line;
    this.#held = 0;
    this.#parts = [];
    this.#keyStart = -1;
    this.#key = "";
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#mode = "record";
    else if (this.#inArray) this.#mode = "scalar";
    else {
      const shown = byte > 32 && byte < 127 ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
      throw this.#error(
        "not-json",
        `is not JSON: ${shown} stands where a record should start`,
        "Give a JSON file: an array of records, an object that wraps one, or one record a line.",
      );
    }
  }

  #scalar(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === QUOTE) {
        this.#inString = true;
        return at + 1;
      }
      if (byte === COMMA || byte === CLOSE_ARRAY || isSpace(byte)) {
        this.#end(chunk, at);
        return at;
      }
    }
    this.#checkSize(chunk.length);
    return chunk.length;
  }

  /** Inside brackets: follows their depth until the record or the wrapping object ends. */
  #inside(chunk: Uint8Array, from: number): number {
    const floor = this.#inArray ? (this.#wrapped ? 2 : 1) : 0;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1 && this.#mode === "record" && !this.#inArray) {
          this.#keyStart = this.#held + at - this.#start;
        }
        return at + 1;
      }
      if (byte === LF) this.#line++;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (byte === OPEN_ARRAY && this.#isWrapperKey()) return this.#enterArray(at);
        if (++this.#depth > this.#limits.depth) throw this.#tooDeep();
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#depth--;
        if (this.#depth === floor) {
          if (this.#mode === "record") this.#end(chunk, at + 1);
          else this.#wrapped = false;
          this.#mode = "between";
          return at + 1;
        }
      } else if (byte === COLON && this.#depth === 1 && !this.#inArray && this.#keyStart >= 0) {
        this.#key = this.#readKey(chunk, at);
        this.#keyStart = -1;
      } else if (byte === COMMA && this.#depth === 1) this.#key = "";
    }
    this.#checkSize(chunk.length);
    return chunk.length;
  }

  #isWrapperKey(): boolean {
    return this.#depth === 1 && !this.#inArray && this.#key !== "" && this.#wrappers.has(this.#key);
  }

  /** The top-level object wraps the records: what was kept of it is let go, and the array's elements are read. */
  #enterArray(at: number): number {
    this.#mode = "between";
    this.#inArray = true;
    this.#wrapped = true;
    this.#depth++;
    this.#parts = [];
    this.#held = 0;
    this.#key = "";
    return at + 1;
  }

  /** The key before the colon at `at`, without its quotes; empty when it is too long to be a wrapper's. */
  #readKey(chunk: Uint8Array, at: number): string {
    const length = this.#held + at - this.#start - this.#keyStart;
    if (length > this.#longestKey) return "";
    const from = this.#keyStart - this.#held + this.#start;
    if (from >= 0 && this.#keyStart >= this.#held) {
      // Most keys begin unlike any wrapper's, and making a text of each would cost as much as all the scanning.
      if (!this.#firstBytes.has(chunk[from + 1] ?? 0)) return "";
      return keyOf(chunk.subarray(from, at));
    }
    return keyOf(Buffer.concat([...this.#parts, chunk.subarray(this.#start, at)]).subarray(this.#keyStart));
  }

  /** Runs to the end of a string; most of the bytes of a finding are in strings, so the engine's search does it. */
  #skipString(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      at++;
    }
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at);
      const end = quote < 0 ? chunk.length : quote;
      let slashes = 0;
      while (end - 1 - slashes >= at && chunk[end - 1 - slashes] === BACKSLASH) slashes++;
      const odd = slashes % 2 === 1;
      if (quote < 0) {
        this.#escaped = odd;
        this.#checkSize(chunk.length);
        return chunk.length;
      }
      at = quote + 1;
      if (!odd) {
        this.#inString = false;
        return at;
      }
    }
  }

  #checkSize(at: number): void {
    if (this.#keeps() && this.#held + at - this.#start > this.#limits.recordBytes) {
      throw this.#error(
        "record-too-large",
        `has a record of more than ${this.#limits.recordBytes} bytes, which starts on line ${this.#startLine}`,
        "Check that the file is what it should be; no finding or event is that large.",
      );
    }
  }

  #hold(bytes: Uint8Array): void {
    this.#checkSize(this.#start + bytes.length);
    // Copied, because a source may reuse its buffer.
    this.#parts.push(Buffer.from(bytes));
    this.#held += bytes.length;
  }

  /** The record ends before `end` of this chunk. */
  #end(chunk: Uint8Array, end: number): void {
    this.#checkSize(end);
    const tail = chunk.subarray(this.#start, end);
    const bytes = this.#parts.length === 0 ? tail : Buffer.concat([...this.#parts, tail]);
    this.#parts = [];
    this.#held = 0;
    this.#mode = "between";
    this.#records++;
    this.found.push(locate(this.#records, this.#startLine, bytes));
  }

  #tooDeep(): DomainError {
    return this.#error(
      "too-deep",
      `nests more than ${this.#limits.depth} levels deep`,
      "Check that the file is what it should be; no finding or event nests that deep.",
    );
  }

  #error(code: string, message: string, fix: string): DomainError {
    const where = `${this.#name}, line ${this.#line}`;
    return new DomainError(`import.${code}`, "unprocessable", `${where}: the file ${message}`, { fix });
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8").trim().slice(1, -1);
}

function locate(record: number, line: number, bytes: Uint8Array): Located {
  if (!isUtf8(bytes)) return { record, line, value: undefined, problem: "is not UTF-8" };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  try {
    return { record, line, value: JSON.parse(text) as unknown };
  } catch (error) {
    return parseLeniently(record, line, text, error);
  }
}

const TRAILING_COMMA = /("[^"\\]*(?:\\[^][^"\\]*)*")|,(?=\s*[}\]])/g;

/** Published examples and hand-made files have commas before closing brackets; nothing is ambiguous about them. */
function parseLeniently(record: number, line: number, text: string, error: unknown): Located {
  try {
    const tidy = text.replaceAll(TRAILING_COMMA, (_, string?: string) => string ?? "");
    return { record, line, value: JSON.parse(tidy) as unknown };
  } catch {
    const reason = error instanceof Error ? error.message.slice(0, 200) : "it does not parse";
    return { record, line, value: undefined, problem: `is not JSON: ${reason}` };
  }
}
