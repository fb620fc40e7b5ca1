/** Types of the Thrift compact protocol. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
const TYPE = {
  stop: 0,
  yes: 1,
  no: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
};
const MAP = 11;
const STRUCT = 12;

const TEXT = new TextDecoder();

/** Reads what Parquet writes about itself: structs in the Thrift compact protocol, field by field. */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * Calls `onField` before each field's value; one that it did not read is skipped.
   * @throws RangeError when the bytes end within the struct
   */
  struct(onField: (id: number) => boolean): void {
    let id = 0;
    for (;;) {
      const header = this.#byte();
      const type = header & 15;
      if (type === TYPE.stop) return;
      id = header >> 4 === 0 ? this.integer() : id + (header >> 4);
      if (!onField(id)) this.#skip(type);
    }
  }

  list(onItem: () => void): void {
    const header = this.#byte();
    const size = header >> 4 === 15 ? this.#varint() : header >> 4;
    for (let i = 0; i < size; i++) onItem();
  }

  /** Exact up to 2^53. */
  integer(): number {
    const zigzag = this.#varint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  text(): string {
    const length = this.#varint();
    this.#advance(length);
    return TEXT.decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  #skip(type: number): void {
    if (type === TYPE.yes || type === TYPE.no) return;
    if (type === TYPE.byte) this.#advance(1);
    else if (type <= TYPE.i64) this.#varint();
    else if (type === TYPE.double) this.#advance(8);
    else if (type === TYPE.binary) this.#advance(this.#varint());
    else if (type === STRUCT) this.struct(() => false);
    else if (type === MAP) throw new Error("Parquet metadata has no maps");
    else this.#skipList();
  }

  #skipList(): void {
    const item = (this.#bytes[this.#at] ?? 0) & 15;
    // In a list a boolean takes a byte, in a field none.
    this.list(() => (item <= TYPE.byte ? this.#advance(1) : this.#skip(item)));
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #byte(): number {
    this.#advance(1);
    return this.#bytes[this.#at - 1] ?? 0;
  }

  #advance(length: number): void {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError("Parquet metadata ends early");
  }
}
