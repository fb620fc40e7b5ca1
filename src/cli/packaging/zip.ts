import { promisify } from "node:util";
import { crc32, deflateRaw } from "node:zlib";

/** A file in an archive. */
export interface ZipEntry {
  /** With forward slashes. */
  name: string;
  /** A function is called when the file's turn comes, so that only one large file is held at a time. */
  bytes: Uint8Array | (() => Promise<Uint8Array>);
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
/** From here on the hardest compression takes seconds more and saves less than a percent. */
const LARGE = 1024 * 1024;

const deflate = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);

/**
 * A ZIP archive (PKWARE APPNOTE 6.3) of files that each fit into memory, sorted by name, reproducible byte for byte.
 * @yields the archive, part by part
 */
export async function* zip(entries: readonly ZipEntry[]): AsyncGenerator<Uint8Array, void, void> {
  const directory: Buffer[] = [];
  let offset = 0;
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, bytes } of sorted) {
    const content = typeof bytes === "function" ? await bytes() : bytes;
    const packed = await deflate(content, { level: content.length < LARGE ? 9 : 6 });
    const path = Buffer.from(name, "utf8");
    const sums = [crc32(content), packed.length, content.length];
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
    yield local;
    yield path;
    yield packed;
    offset += local.length + path.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  yield* directory;
  yield header(0x06054b50, 22, [
    ...[u16(0), u16(0), u16(sorted.length), u16(sorted.length), u32(size), u32(offset), u16(0)],
  ]);
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
