import { open } from "node:fs/promises";
import type { InputFile } from "../../ports/load.ts";
import { importError } from "./errors.ts";

/** Both ends of a Parquet file. */
export const PARQUET_MAGIC = "PAR1";
/** A footer lists every row group of every column; more than this is no file of a bill. */
const MAX_FOOTER = 64 << 20;

/**
 * The names of a Parquet file's top-level columns, read from its footer.
 * https://parquet.apache.org/docs/file-format/metadata/
 * @throws DomainError `import.damaged`
 */
export async function parquetColumns(file: InputFile): Promise<string[]> {
  const tail = file.path === undefined ? await tailOfStream(file) : await tailOfFile(file.path);
  const length = tail.length >= 12 ? tail.readUInt32LE(tail.length - 8) : 0;
  const whole = tail.subarray(tail.length - 4).toString("latin1") === PARQUET_MAGIC;
  if (!whole || length === 0 || length > tail.length - 8) throw damaged(file);
  try {
    return topLevelNames(new ThriftReader(tail.subarray(tail.length - 8 - length)));
  } catch (error) {
    throw damaged(file, error);
  }
}

function damaged(file: InputFile, cause?: unknown): Error {
  return importError("damaged", file, "is damaged: it begins as Parquet and its end is missing or broken", {
    fix: "Fetch the file again.",
    cause,
  });
}

async function tailOfFile(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const read = async (length: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, size - length);
      return buffer.subarray(0, bytesRead);
    };
    const end = await read(Math.min(8, size));
    const footer = end.length === 8 ? end.readUInt32LE(0) : 0;
    return await read(Math.min(size, footer + 8, MAX_FOOTER));
  } finally {
    await handle.close();
  }
}

async function tailOfStream(file: InputFile): Promise<Buffer> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of file.open()) {
    tail = Buffer.concat([tail, chunk]);
    if (tail.length > MAX_FOOTER) tail = tail.subarray(tail.length - MAX_FOOTER);
  }
  return tail;
}

/** FileMetaData field 2 is the schema, a depth-first list; each element has its name (4) and its children's count (5). */
function topLevelNames(reader: ThriftReader): string[] {
  const elements: { name: string; children: number }[] = [];
  reader.struct((id) => {
    if (id !== 2) return false;
    reader.list(() => {
      const element = { name: "", children: 0 };
      reader.struct((field) => {
        if (field === 4) element.name = reader.text();
        else if (field === 5) element.children = reader.integer();
        else return false;
        return true;
      });
      elements.push(element);
    });
    return true;
  });
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = elements[at++]?.children ?? 0;
    for (let i = 0; i < children; i++) skip();
  };
  while (at < elements.length) {
    names.push(elements[at]?.name ?? "");
    skip();
  }
  return names;
}

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

class ThriftReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Calls `onField` before each field's value; one that it did not read is skipped. */
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

  integer(): number {
    const zigzag = this.#varint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  text(): string {
    const length = this.#varint();
    this.#advance(length);
    return this.#bytes.toString("utf8", this.#at - length, this.#at);
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
