/**
 * Bytes of a content stream as they are written: a table is millions of short pieces, which as strings would be built,
 * flattened and collected one by one.
 */
export class ContentStream {
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Operators and operands: characters up to U+00FF, a byte each. */
  text(text: string): void {
    const { length } = text;
    this.#room(length);
    if (length > 48) {
      this.#length += this.#bytes.write(text, this.#length, "latin1");
      return;
    }
    for (let i = 0; i < length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#room(length);
    if (length > 96) {
      this.#bytes.set(bytes, this.#length);
      this.#length += length;
      return;
    }
    for (let i = 0; i < length; i++) this.#bytes[this.#length++] = bytes[i] ?? 0;
  }

  /** A number in hundredths, without zeros at its end, and a space. */
  number(value: number): void {
    let hundredths = Math.round(value * 100);
    if (!(Math.abs(hundredths) < 1e9)) {
      this.text(`${hundredths / 100} `);
      return;
    }
    this.#room(16);
    if (hundredths < 0) {
      this.#bytes[this.#length++] = 45;
      hundredths = -hundredths;
    }
    const fraction = hundredths % 100;
    this.#digits((hundredths - fraction) / 100);
    if (fraction > 0) {
      this.#bytes[this.#length++] = 46;
      this.#bytes[this.#length++] = 48 + Math.floor(fraction / 10);
      if (fraction % 10 > 0) this.#bytes[this.#length++] = 48 + (fraction % 10);
    }
    this.#bytes[this.#length++] = 32;
  }

  /** A whole number, not negative. */
  #digits(value: number): void {
    let power = 1;
    while (power * 10 <= value) power *= 10;
    let rest = value;
    for (; power >= 1; power /= 10) {
      const digit = Math.floor(rest / power);
      this.#bytes[this.#length++] = 48 + digit;
      rest -= digit * power;
    }
  }

  /** A glyph number inside a literal string: two bytes, with what must be escaped (ISO 32000-1, 7.3.4.2). */
  glyph(id: number): void {
    this.#room(4);
    this.#escaped(id >> 8);
    this.#escaped(id & 255);
  }

  #escaped(byte: number): void {
    if (byte === 13) {
      this.#bytes[this.#length++] = 92;
      this.#bytes[this.#length++] = 114;
      return;
    }
    if (byte === 40 || byte === 41 || byte === 92) this.#bytes[this.#length++] = 92;
    this.#bytes[this.#length++] = byte;
  }

  /** What was written; the view is good until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties the stream and keeps its memory. */
  clear(): void {
    this.#length = 0;
  }
}
