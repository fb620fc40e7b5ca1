import { DomainError } from "../errors/errors.ts";

/** One record of a CSV file as {@link CsvScanner} finds it. */
export interface CsvRecord {
  /** 1-based line of the file the record starts on; line breaks inside quotes count. */
  line: number;
  fields: number;
  /** Without its line end; valid until the callback returns. Empty when the record is too long or unclosed. */
  bytes: Uint8Array;
  problem?: CsvProblem;
}

/** `unclosed`: a quote that opens in this record is still open when the file ends. */
export type CsvProblem = "unclosed" | "text-after-quote" | "too-long";

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const BOM = [0xef, 0xbb, 0xbf];
const NOTHING = new Uint8Array(0);

/**
 * A longer row stops the import: a row that is merely too long is skipped and counted, but one that never ends, as
 * after a lost line break or in a file that is not CSV, would be read to the end of the file for nothing.
 */
export const ENDLESS_BYTES = 128 << 20;

type State = "start" | "plain" | "quoted" | "quote-in-quoted" | "after-quote";

/**
 * Splits CSV bytes (RFC 4180, any of the three line ends, a byte-order mark) into records without decoding them, in
 * memory bounded by the longest record allowed. Blank lines are no records. A quote inside an unquoted field is text.
 */
export class CsvScanner {
  readonly #delimiter: number;
  readonly #maxBytes: number;
  readonly #onRecord: (record: CsvRecord) => void;
  #state: State = "start";
  #line = 1;
  #startLine = 1;
  #fields = 1;
  #problem: CsvProblem | undefined;
  /** Bytes of the open record from chunks before. */
  #carried: Uint8Array = NOTHING;
  #afterCr = false;
  #bomSeen = 0;
  readonly #file: string | undefined;
  /** Bytes of the open record in the chunks before. */
  #before = 0;

  /**
   * @param delimiter one ASCII character
   * @param maxBytes a longer record is reported as `too-long`, without its bytes
   * @param file what the records are of, for errors
   */
  constructor(delimiter: string, maxBytes: number, onRecord: (record: CsvRecord) => void, file?: string) {
    this.#file = file;
    this.#delimiter = delimiter.charCodeAt(0);
    this.#maxBytes = maxBytes;
    this.#onRecord = onRecord;
  }

  /** @throws DomainError `import.record-too-large` for a record longer than {@link ENDLESS_BYTES} */
  push(chunk: Uint8Array): void {
    let from = 0;
    while (this.#bomSeen < 3 && from < chunk.length && chunk[from] === BOM[this.#bomSeen]) {
      this.#bomSeen++;
      from++;
    }
    if (from < chunk.length) this.#bomSeen = 3;
    this.#scan(chunk, from);
  }

  /** Ends the file: reports a last record without a line end. */
  finish(): void {
    if (this.#state === "quoted") this.#problem = "unclosed";
    this.#emit(NOTHING);
  }

  #scan(chunk: Uint8Array, from: number): void {
    const delimiter = this.#delimiter;
    let state = this.#state;
    let start = from;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (state === "quoted") {
        if (byte === QUOTE) state = "quote-in-quoted";
        else if (byte === LF || byte === CR) this.#countLine(byte);
        if (byte !== CR) this.#afterCr = false;
        continue;
      }
      if (byte === LF || byte === CR) {
        if (byte === LF && this.#afterCr && at === start && this.#carried.length === 0) {
          this.#afterCr = false;
          this.#startLine = this.#line;
        } else {
          this.#countLine(byte);
          this.#emit(chunk.subarray(start, at));
        }
        state = "start";
        start = at + 1;
        continue;
      }
      this.#afterCr = false;
      if (byte === delimiter) {
        this.#fields++;
        state = "start";
      } else if (byte === QUOTE) {
        if (state === "start" || state === "quote-in-quoted") state = "quoted";
        else if (state === "after-quote") this.#problem ??= "text-after-quote";
      } else if (state === "quote-in-quoted" || state === "after-quote") {
        state = "after-quote";
        if (byte !== SPACE) this.#problem ??= "text-after-quote";
      } else if (state === "start" && byte !== SPACE) state = "plain";
    }
    this.#state = state;
    this.#carry(chunk.subarray(start));
  }

  /** A CR LF pair is one line end. */
  #countLine(byte: number): void {
    if (byte === CR) {
      this.#line++;
      this.#afterCr = true;
    } else if (this.#afterCr) this.#afterCr = false;
    else this.#line++;
  }

  #carry(rest: Uint8Array): void {
    this.#before += rest.length;
    if (this.#before > ENDLESS_BYTES) throw endless(this.#file, this.#startLine);
    if (this.#carried.length + rest.length > this.#maxBytes) {
      this.#problem = "too-long";
      // One byte stays, so that the record is not taken for a blank line.
      this.#carried = (this.#carried.length > 0 ? this.#carried : rest).slice(0, 1);
    } else if (this.#problem !== "too-long") this.#carried = joined(this.#carried, rest.slice());
  }

  #emit(rest: Uint8Array): void {
    const tooLong = this.#carried.length + rest.length > this.#maxBytes;
    const problem = tooLong && this.#problem !== "unclosed" ? "too-long" : this.#problem;
    const bytes = joined(this.#carried, rest);
    if (bytes.length > 0) {
      const record = { line: this.#startLine, fields: this.#fields, bytes };
      if (problem === undefined) this.#onRecord(record);
      else this.#onRecord({ ...record, problem, bytes: problem === "text-after-quote" ? bytes : NOTHING });
    }
    this.#carried = NOTHING;
    this.#before = 0;
    this.#fields = 1;
    this.#problem = undefined;
    this.#startLine = this.#line;
  }
}

/** The error for a row without an end. @param line 1-based, where the row starts */
export function endless(file: string | undefined, line: number): DomainError {
  const where = file === undefined ? `line ${line}` : `${file}, line ${line}`;
  return new DomainError(
    "import.record-too-large",
    "unprocessable",
    `${where}: the row is longer than ${ENDLESS_BYTES >> 20} MB`,
    {
      fix: "Check that the file is CSV with one line per row; a line break or a closing quote may be missing.",
    },
  );
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** The fields of one record's text, quotes removed; `text` has no line end of its own. */
export function splitRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const opening = /^ *"/.exec(text.slice(at, at + 64));
    if (opening !== null) {
      const { value, next } = quotedField(text, at + opening[0].length);
      fields.push(value);
      const end = text.indexOf(delimiter, next);
      if (end === -1) return fields;
      at = end + 1;
    } else {
      const end = text.indexOf(delimiter, at);
      fields.push(end === -1 ? text.slice(at) : text.slice(at, end));
      if (end === -1) return fields;
      at = end + 1;
    }
  }
}

function quotedField(text: string, from: number): { value: string; next: number } {
  let value = "";
  let at = from;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return { value: value + text.slice(at), next: text.length };
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, next: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}
