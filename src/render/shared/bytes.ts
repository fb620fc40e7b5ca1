/** Chunks kept for reuse: as many as are in flight at a time. */
const MAX_SPARE = 4;

/**
 * Collects bytes until there are enough for a chunk. After `reserve`, text writers write to `buffer` from `length` on;
 * both are public because a function call per character would cost more than the work itself.
 */
export class ByteWriter {
  buffer: Buffer;
  length = 0;
  readonly #chunk: number;
  readonly #spare: Buffer[] = [];

  /** @param chunk size in bytes from which `full` is true; a single row may exceed it */
  constructor(chunk: number) {
    this.#chunk = chunk;
    this.buffer = Buffer.allocUnsafeSlow(chunk + chunk / 2);
  }

  get full(): boolean {
    return this.length >= this.#chunk;
  }

  /** Makes room for `bytes` more; may replace `buffer`. */
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

  /** Appends bytes, in a loop: for a few bytes a call to `set` costs more. */
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

  /** Returns the collected bytes, which then belong to the caller, and starts a new chunk. */
  take(): Uint8Array {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#chunk + this.#chunk / 2);
    this.length = 0;
    return taken;
  }

  /**
   * Takes back a chunk that nobody reads any more, to be overwritten: this keeps memory low where chunks would
   * otherwise become garbage by the megabyte.
   */
  reuse(taken: Uint8Array): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(Buffer.from(taken.buffer));
  }
}
