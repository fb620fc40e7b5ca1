import { crc32, deflateRawSync } from "node:zlib";

/** A file in an archive. */
export interface ZipEntry {
  /** With forward slashes. */
  name: string;
  bytes: Uint8Array;
}

/** 1 January 1980, the first date a ZIP can say: the same source gives the same bytes whenever it is packed. */
const DATE = (1 << 5) | 1;
/** Version 2.0 of the format, as made by Unix, for the file mode. */
const MADE_BY = (3 << 8) | 20;
const NEEDED = 20;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const DEFLATED = 8;
/** A regular file that its owner may write and all may read; Lambda unpacks with these modes. */
const MODE = 0o100644;

/** A ZIP archive (PKWARE APPNOTE 6.3) of small files, sorted by name, reproducible byte for byte. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, bytes } of sorted) {
    const packed = deflateRawSync(bytes, { level: 9 });
    const path = Buffer.from(name, "utf8");
    const sums = [crc32(bytes), packed.length, bytes.length];
    const local = header(0x04034b50, 30, [
      ...[u16(NEEDED), u16(FLAGS), u16(DEFLATED), u16(0), u16(DATE)],
      ...[...sums.map(u32), u16(path.length), u16(0)],
    ]);
    directory.push(
      header(0x02014b50, 46, [
        ...[u16(MADE_BY), u16(NEEDED), u16(FLAGS), u16(DEFLATED), u16(0), u16(DATE), ...sums.map(u32)],
        ...[u16(path.length), u16(0), u16(0), u16(0), u16(0), u32((MODE << 16) >>> 0), u32(offset)],
      ]),
      path,
    );
    bodies.push(local, path, packed);
    offset += local.length + path.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = header(0x06054b50, 22, [
    ...[u16(0), u16(0), u16(sorted.length), u16(sorted.length), u32(size), u32(offset), u16(0)],
  ]);
  return Buffer.concat([...bodies, ...directory, end]);
}

interface Field {
  value: number;
  bytes: 2 | 4;
}

const u16 = (value: number): Field => ({ value, bytes: 2 });
const u32 = (value: number): Field => ({ value, bytes: 4 });

function header(signature: number, length: number, fields: readonly Field[]): Buffer {
  const buffer = Buffer.alloc(length);
  let at = buffer.writeUInt32LE(signature, 0);
  for (const { value, bytes } of fields) at = buffer.writeUIntLE(value, at, bytes);
  return buffer;
}
