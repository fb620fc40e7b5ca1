import { ThriftReader } from "../../../core/parquet/thrift.ts";

/** What stands before each page. https://parquet.apache.org/docs/file-format/data-pages/ */
export interface PageHeader {
  kind: "data" | "data-2" | "dictionary" | "other";
  packed: number;
  size: number;
  crc: number | undefined;
  /** Nulls counted. */
  values: number;
  encoding: number;
  /** Of data pages of version 1. */
  levelEncoding: number;
  /** Of data pages of version 2, whose levels are never packed. */
  definitionBytes: number;
  repetitionBytes: number;
  isPacked: boolean;
  /** Bytes of the header itself. */
  length: number;
}

const KINDS = ["data", "other", "dictionary", "data-2"] as const;
const RLE = 3;

/** @throws RangeError when the bytes end within the header */
export function readPageHeader(bytes: Uint8Array): PageHeader {
  const reader = new ThriftReader(bytes);
  const header: PageHeader = {
    ...{ kind: "other", packed: 0, size: 0, crc: undefined, values: 0, encoding: 0, levelEncoding: RLE },
    ...{ definitionBytes: 0, repetitionBytes: 0, isPacked: true, length: 0 },
  };
  reader.struct((id) => {
    if (id === 1) header.kind = KINDS[reader.integer()] ?? "other";
    else if (id === 2) header.size = reader.integer();
    else if (id === 3) header.packed = reader.integer();
    else if (id === 4) header.crc = reader.integer() >>> 0;
    else if (id === 5 || id === 7) readFirst(reader, header);
    else if (id === 8) readSecond(reader, header);
    else return false;
    return true;
  });
  header.length = reader.at;
  return header;
}

/** Of a data page of version 1, or a dictionary page. */
function readFirst(reader: ThriftReader, header: PageHeader): void {
  reader.struct((id) => {
    if (id === 1) header.values = reader.integer();
    else if (id === 2) header.encoding = reader.integer();
    else if (id === 3 && header.kind === "data") header.levelEncoding = reader.integer();
    else return false;
    return true;
  });
}

function readSecond(reader: ThriftReader, header: PageHeader): void {
  reader.struct((id) => {
    if (id === 1) header.values = reader.integer();
    else if (id === 4) header.encoding = reader.integer();
    else if (id === 5) header.definitionBytes = reader.integer();
    else if (id === 6) header.repetitionBytes = reader.integer();
    else if (id === 7) header.isPacked = reader.flag();
    else return false;
    return true;
  });
}
