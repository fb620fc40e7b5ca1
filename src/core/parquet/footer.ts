import { convertedType, type LogicalType, readLogicalType } from "./logical-type.ts";
import { ThriftReader } from "./thrift.ts";

/** Both ends of a Parquet file. */
export const PARQUET_MAGIC = "PAR1";

/** How the values of a leaf lie in a file. The order is the format's. */
export const PHYSICAL_TYPES = [
  "BOOLEAN",
  "INT32",
  "INT64",
  "INT96",
  "FLOAT",
  "DOUBLE",
  "BYTE_ARRAY",
  "FIXED_LEN_BYTE_ARRAY",
] as const;
export type PhysicalType = (typeof PHYSICAL_TYPES)[number];

/** The order is the format's. */
export const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"] as const;
export type ParquetCodec = (typeof CODECS)[number];

/** A column, or a part of a nested one. */
export interface SchemaNode {
  name: string;
  repetition: "required" | "optional" | "repeated";
  /** How many repeated and how many optional or repeated nodes there are from the root to this one. */
  maxRepetition: number;
  maxDefinition: number;
  /** Undefined for groups. */
  physical: PhysicalType | undefined;
  /** Bytes of a fixed-length value. */
  length: number;
  logical: LogicalType | undefined;
  children: readonly SchemaNode[];
}

/** Where a row group has the values of one leaf. */
export interface ColumnChunk {
  /** Names from a top-level column down to the leaf. */
  path: readonly string[];
  /** Undefined when this reader does not know it. */
  codec: ParquetCodec | undefined;
  /** Nulls and empty lists counted. */
  values: number;
  /** Of its first page, in the file. */
  offset: number;
  encrypted: boolean;
  /** The chunk lies in another file. */
  elsewhere: boolean;
}

export interface RowGroup {
  rows: number;
  columns: readonly ColumnChunk[];
}

export interface ParquetFooter {
  rows: number;
  /** Top-level columns. */
  columns: readonly SchemaNode[];
  rowGroups: readonly RowGroup[];
}

/**
 * Reads a file's metadata, which lies before the length and the magic number at its end.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 * @throws Error when they are no Parquet metadata
 */
export function readFooter(bytes: Uint8Array): ParquetFooter {
  const reader = new ThriftReader(bytes);
  const elements: SchemaElement[] = [];
  const rowGroups: RowGroup[] = [];
  let rows = 0;
  reader.struct((id) => {
    if (id === 2) reader.list(() => elements.push(readElement(reader)));
    else if (id === 3) rows = reader.integer();
    else if (id === 4) reader.list(() => rowGroups.push(readRowGroup(reader)));
    else return false;
    return true;
  });
  return { rows, columns: treeOf(elements), rowGroups };
}

interface SchemaElement {
  name: string;
  repetition: number;
  children: number;
  physical: number | undefined;
  length: number;
  converted: number | undefined;
  scale: number;
  logical: LogicalType | undefined;
}

function readElement(reader: ThriftReader): SchemaElement {
  const element: SchemaElement = {
    ...{ name: "", repetition: 0, children: 0, physical: undefined, length: 0 },
    ...{ converted: undefined, scale: 0, logical: undefined },
  };
  reader.struct((id) => {
    if (id === 1) element.physical = reader.integer();
    else if (id === 2) element.length = reader.integer();
    else if (id === 3) element.repetition = reader.integer();
    else if (id === 4) element.name = reader.text();
    else if (id === 5) element.children = reader.integer();
    else if (id === 6) element.converted = reader.integer();
    else if (id === 7) element.scale = reader.integer();
    else if (id === 10) element.logical = readLogicalType(reader);
    else return false;
    return true;
  });
  return element;
}

function readRowGroup(reader: ThriftReader): RowGroup {
  const columns: ColumnChunk[] = [];
  let rows = 0;
  reader.struct((id) => {
    if (id === 1) reader.list(() => columns.push(readChunk(reader)));
    else if (id === 3) rows = reader.integer();
    else return false;
    return true;
  });
  return { rows, columns };
}

function readChunk(reader: ThriftReader): ColumnChunk {
  const path: string[] = [];
  const chunk = { values: 0, encrypted: false, elsewhere: false };
  const offsets = { data: 0, dictionary: 0 };
  let codec = -1;
  const meta = (id: number): boolean => {
    if (id === 3) reader.list(() => path.push(reader.text()));
    else if (id === 4) codec = reader.integer();
    else if (id === 5) chunk.values = reader.integer();
    else if (id === 9) offsets.data = reader.integer();
    else if (id === 11) offsets.dictionary = reader.integer();
    else return false;
    return true;
  };
  reader.struct((id) => {
    if (id === 3) {
      reader.struct(meta);
      return true;
    }
    chunk.elsewhere ||= id === 1;
    chunk.encrypted ||= id === 8 || id === 9;
    return false;
  });
  // Some writers give 0 for "no dictionary", some name no dictionary although the data pages follow one.
  const { data, dictionary } = offsets;
  const offset = dictionary > 0 && dictionary < data ? dictionary : data;
  return { ...chunk, path, codec: CODECS[codec], offset };
}

const REPETITIONS = ["required", "optional", "repeated"] as const;

/** The schema is a depth-first list; each element says how many of the following are its children. */
function treeOf(elements: readonly SchemaElement[]): readonly SchemaNode[] {
  let at = 0;
  const next = (maxRepetition: number, maxDefinition: number, root: boolean): SchemaNode => {
    const element = elements[at++];
    if (element === undefined) throw new RangeError("Parquet schema ends early");
    const repetition = root ? "required" : (REPETITIONS[element.repetition] ?? "required");
    const repetitions = maxRepetition + (repetition === "repeated" ? 1 : 0);
    const definitions = maxDefinition + (repetition === "required" ? 0 : 1);
    const children = Array.from({ length: element.children }, () => next(repetitions, definitions, false));
    const { name, length, converted, scale } = element;
    return {
      ...{ name, repetition, length, children },
      ...{ maxRepetition: repetitions, maxDefinition: definitions },
      physical:
        children.length > 0 || element.physical === undefined ? undefined : PHYSICAL_TYPES[element.physical],
      logical: element.logical ?? convertedType(converted, scale),
    };
  };
  return elements.length === 0 ? [] : next(0, 0, true).children;
}
