/** Chunks kept for reuse: as many as are under way at a time. */
const MAX_SPARE = 4;

/**
 * Bytes gathered until there are enough for a chunk. Text writers fill `buffer` from `length` on after `reserve`; it
 * is public since a function call a character would cost more than the work itself.
 */
export class ByteWriter {
  buffer: Buffer;
  length = 0;
  readonly #chunk: number;
  readonly #spare: Buffer[] = [];

  /** @param chunk bytes from which `full` says so; a single row may go beyond */
  constructor(chunk: number) {
    this.#chunk = chunk;
    this.buffer = Buffer.allocUnsafeSlow(chunk + chunk / 2);
  }

  get full(): boolean {
    return this.length >= this.#chunk;
  }

  /** Makes room for `bytes` more; `buffer` may be another one afterwards. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** Appends one byte. */
  byte(byte: number): void {
    this.reserve(1);
    this.buffer[this.length++] = byte;
  }

  /** Appends bytes; a loop, since for the few there are a call into the engine costs more. */
  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.reserve(length);
    const { buffer, length: start } = this;
    for (let i = 0; i < length; i++) buffer[start + i] = bytes[i] ?? 0;
    this.length = start + length;
  }

  /** Appends text as UTF-8; a lone surrogate becomes U+FFFD, as the Encoding standard has it. */
  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buffer.write(text, this.length, "utf8");
  }

  /** Hands out what was gathered and starts anew; the bytes belong to the caller. */
  take(): Uint8Array {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#chunk + this.#chunk / 2);
    this.length = 0;
    return taken;
  }

  /**
   * Takes back bytes that nobody reads any more, to be written over: where they would else be garbage by the
   * megabyte, memory stays lower.
   */
  reuse(taken: Uint8Array): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(Buffer.from(taken.buffer));
  }
}
