import { crc32, gzipSync } from "node:zlib";

/** A leaf of a file made by {@link parquetBytes}, whose pages are written as given: for files that no engine at hand writes. */
export interface RawColumn {
  name: string;
  /** 0 BOOLEAN, 1 INT32, 2 INT64, 3 INT96, 4 FLOAT, 5 DOUBLE, 6 BYTE_ARRAY, 7 FIXED_LEN_BYTE_ARRAY */
  physical: number;
  length?: number;
  /** 0 required, 1 optional, 2 repeated */
  repetition?: number;
  converted?: number;
  scale?: number;
  /** Fields of the union `LogicalType`. */
  logical?: Thrift;
  /** By its number; 0 none, 2 gzip. */
  codec?: number;
  pages: readonly RawPage[];
}

export interface RawPage {
  version?: 1 | 2 | "dictionary";
  encoding?: number;
  /** Nulls counted. */
  count: number;
  /** A level a value; undefined where the column has none. */
  definitions?: readonly number[];
  repetitions?: readonly number[];
  values: Buffer;
  crc?: "right" | "wrong";
}

/** A group of the schema and how many of the following elements are its children. */
export interface RawGroup {
  group: string;
  children: number;
  repetition?: number;
  converted?: number;
}

/** A struct by its fields' numbers; in it a Buffer is binary, a number an i32, a bigint an i64. */
export interface Thrift {
  [id: number]: number | bigint | boolean | Buffer | string | Thrift | readonly (number | string | Thrift)[];
}

/**
 * A Parquet file of one row group.
 * @param schema groups and leaves, depth first
 * @param paths a leaf's path, where it is not its name alone
 */
export function parquetBytes(
  rows: number,
  schema: readonly (RawColumn | RawGroup)[],
  paths: Readonly<Record<string, readonly string[]>> = {},
  more: Thrift = {},
): Buffer {
  const out: Buffer[] = [Buffer.from("PAR1")];
  let at = 4;
  const chunks = schema.flatMap((element): Thrift[] => {
    if ("group" in element) return [];
    const begin = at;
    let dictionary = 0;
    for (const page of element.pages) {
      if (page.version === "dictionary") dictionary = at;
      for (const bytes of pageBytes(element, page)) {
        out.push(bytes);
        at += bytes.length;
      }
    }
    const values = element.pages.reduce((n, p) => (p.version === "dictionary" ? n : n + p.count), 0);
    const meta: Thrift = {
      1: element.physical,
      2: [0],
      3: paths[element.name] ?? [element.name],
      4: element.codec ?? 0,
      5: BigInt(values),
      6: BigInt(at - begin),
      7: BigInt(at - begin),
      9: BigInt(begin),
      ...(dictionary > 0 && { 11: BigInt(dictionary) }),
    };
    return [{ 2: BigInt(begin), 3: meta }];
  });
  const below = schema.reduce((n, e) => n + ("group" in e ? e.children : 0), 0);
  const elements = [{ 4: "root", 5: schema.length - below }, ...schema.map(elementOf)];
  const group = { 1: chunks, 2: BigInt(at), 3: BigInt(rows) };
  const footer = thrift({ 1: 1, 2: elements, 3: BigInt(rows), 4: [group], ...more });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([...out, footer, length, Buffer.from("PAR1")]);
}

function elementOf(element: RawColumn | RawGroup): Thrift {
  const { repetition = 0, converted } = element;
  const shared = { 3: repetition, ...(converted !== undefined && { 6: converted }) };
  if ("group" in element) return { ...shared, 4: element.group, 5: element.children };
  const { physical, name, length, scale, logical } = element;
  return {
    ...shared,
    1: physical,
    4: name,
    ...(length !== undefined && { 2: length }),
    ...(scale !== undefined && { 7: scale, 8: 38 }),
    ...(logical !== undefined && { 10: logical }),
  };
}

function pageBytes({ codec = 0 }: RawColumn, page: RawPage): [Buffer, Buffer] {
  const { version = 1, encoding = 0, count, values } = page;
  const pack = (bytes: Buffer): Buffer => (codec === 2 ? gzipSync(bytes) : bytes);
  const levels = [page.repetitions, page.definitions].map((l) => (l === undefined ? undefined : runs(l)));
  let plain: Buffer;
  let packed: Buffer;
  if (version === 2) {
    const front = Buffer.concat(levels.filter((l) => l !== undefined));
    plain = Buffer.concat([front, values]);
    packed = Buffer.concat([front, pack(values)]);
  } else {
    plain = Buffer.concat([...levels.flatMap((l) => (l === undefined ? [] : [int32(l.length), l])), values]);
    packed = pack(plain);
  }
  const nulls = page.definitions?.filter((d) => d < Math.max(...(page.definitions ?? []))).length ?? 0;
  const lengths = levels.map((l) => l?.length ?? 0);
  const header: Thrift = {
    1: version === 2 ? 3 : version === "dictionary" ? 2 : 0,
    2: plain.length,
    3: packed.length,
    ...(page.crc !== undefined && { 4: (crc32(packed) ^ (page.crc === "wrong" ? 1 : 0)) | 0 }),
    ...(version === 1 && { 5: { 1: count, 2: encoding, 3: 3, 4: 3 } }),
    ...(version === "dictionary" && { 7: { 1: count, 2: 0 } }),
    ...(version === 2 && {
      8: { 1: count, 2: nulls, 3: count, 4: encoding, 5: lengths[1] ?? 0, 6: lengths[0] ?? 0 },
    }),
  };
  return [thrift(header), packed];
}

export function int32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeInt32LE(value, i * 4));
  return bytes;
}

export function int64(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => bytes.writeBigInt64LE(value, i * 8));
  return bytes;
}

export function byteArrays(...values: (string | Buffer)[]): Buffer {
  const all = values.map((value) => Buffer.from(value));
  return Buffer.concat(all.flatMap((value) => [int32(value.length), value]));
}

/** Levels, or indices of a dictionary of at most 256 values, as runs; one value a run. */
export function runs(values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [2, value]));
}

/** INT96 of a day since 1970 and nanoseconds within it. */
export function int96(day: number, nanos: bigint): Buffer {
  return Buffer.concat([int64(nanos), int32(day + 2_440_588)]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const zigzag = (value: number | bigint): Buffer =>
  varint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));

/** A struct in the Thrift compact protocol. */
export function thrift(struct: Thrift): Buffer {
  const parts: Buffer[] = [];
  let last = 0;
  for (const key of Object.keys(struct)) {
    const id = Number(key);
    const value = struct[id];
    if (value === undefined) continue;
    const [type, bytes] = encode(value);
    parts.push(
      id - last <= 15
        ? Buffer.from([((id - last) << 4) | type])
        : Buffer.concat([Buffer.from([type]), zigzag(id)]),
    );
    parts.push(bytes);
    last = id;
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function encode(value: Thrift[number]): [type: number, bytes: Buffer] {
  if (typeof value === "boolean") return [value ? 1 : 2, Buffer.alloc(0)];
  if (typeof value === "number") return [5, zigzag(value)];
  if (typeof value === "bigint") return [6, zigzag(value)];
  if (typeof value === "string") return encode(Buffer.from(value));
  if (Buffer.isBuffer(value)) return [8, Buffer.concat([varint(BigInt(value.length)), value])];
  if (!Array.isArray(value)) return [12, thrift(value)];
  const items = (value as readonly (number | string | Thrift)[]).map((item) => encode(item));
  const type = items[0]?.[0] ?? 12;
  const size =
    items.length < 15
      ? Buffer.from([(items.length << 4) | type])
      : Buffer.concat([Buffer.from([0xf0 | type]), varint(BigInt(items.length))]);
  return [9, Buffer.concat([size, ...items.map(([, bytes]) => bytes)])];
}
