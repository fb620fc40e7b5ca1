import { promisify } from "node:util";
import zlib from "node:zlib";

/** A file of the archive: whole and small, or streamed. Streamed ones stay below 4 GiB before compression. */
export interface ZipEntry {
  name: string;
  content: Uint8Array | AsyncIterable<Uint8Array>;
  /** Already compressed (an image): stored as it is. */
  stored?: boolean;
  /** Called with bytes of a streamed content that are no longer needed. */
  reuse?: (bytes: Uint8Array) => void;
}

/** A file of the archive as its directory lists it. */
export interface Listed {
  name: Uint8Array;
  method: number;
  flags: number;
  crc: number;
  size: number;
  compressed: number;
  offset: number;
}

/** Level 2 packs sheets a tenth better than level 1 in the same time; 6 takes four times as long for a fifth. */
const LEVEL = 2;
/** A packed block fits, so that it is fetched from the thread pool once. */
const OUT_CHUNK = 128 * 1024;
/** Blocks compressed at the same time beside the one that is being filled. */
const AHEAD = 2;
const FOUR_GIB = 0xffff_ffff;
const UTF8_NAME = 0x0800;
const HAS_DESCRIPTOR = 0x0008;
/** 1980-01-01, 00:00: the same report gives the same bytes. */
const DOS_DATE = 0x0021;
/** An empty final block with fixed codes (RFC 1951, 3.2.6). */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

const deflateRaw = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.deflateRaw);

/**
 * A ZIP archive (APPNOTE 6.3.10) as a pulled stream: an entry's next bytes are requested once the reader has taken the
 * ones before, except for the blocks that are being compressed. Archives beyond 4 GiB get a ZIP64 directory; an entry never needs
 * ZIP64 sizes, which some readers refuse behind a data descriptor.
 */
export async function* zipStream(
  entries: AsyncIterable<ZipEntry>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const listed: Listed[] = [];
  let offset = 0;
  for await (const entry of entries) {
    const { content } = entry;
    const file = newlyListed(entry, offset);
    listed.push(file);
    const written =
      content instanceof Uint8Array ? wholeEntry(file, content) : streamedEntry(file, content, entry.reuse);
    for await (const bytes of written) {
      offset += bytes.length;
      yield bytes;
    }
  }
  yield directory(listed, offset);
}

function newlyListed(entry: ZipEntry, offset: number): Listed {
  const method = entry.stored === true ? 0 : 8;
  return { name: Buffer.from(entry.name), method, flags: UTF8_NAME, crc: 0, size: 0, compressed: 0, offset };
}

async function* wholeEntry(file: Listed, content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  const body = file.method === 0 ? content : await deflateRaw(content, { level: 6 });
  file.crc = zlib.crc32(content);
  file.size = content.length;
  file.compressed = body.length;
  yield localHeader(file);
  yield body;
}

/** An entry whose sizes follow its data, in a data descriptor. */
async function* streamedEntry(
  file: Listed,
  content: AsyncIterable<Uint8Array>,
  reuse: ZipEntry["reuse"],
): AsyncGenerator<Uint8Array, void, undefined> {
  file.flags |= HAS_DESCRIPTOR;
  yield localHeader(file);
  for await (const block of deflateBlocks(file, content, reuse)) {
    file.compressed += block.length;
    yield block;
  }
  file.compressed += LAST_BLOCK.length;
  yield LAST_BLOCK;
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(file.crc, 4);
  descriptor.writeUInt32LE(file.compressed, 8);
  descriptor.writeUInt32LE(file.size, 12);
  yield descriptor;
}

/**
 * Compresses block by block in the thread pool while the next is being made. A block ends with a sync flush, so it is
 * whole bytes and no last block, and blocks in a row are one valid stream (RFC 1951; the way of pigz). The last block is
 * the caller's to write.
 */
async function* deflateBlocks(
  file: Listed,
  content: AsyncIterable<Uint8Array>,
  reuse: ZipEntry["reuse"],
): AsyncGenerator<Uint8Array, void, undefined> {
  const running: Promise<Buffer>[] = [];
  const options = { level: LEVEL, finishFlush: zlib.constants.Z_SYNC_FLUSH, chunkSize: OUT_CHUNK };
  try {
    for await (const bytes of content) {
      file.crc = zlib.crc32(bytes, file.crc);
      file.size += bytes.length;
      const block = deflateRaw(bytes, options);
      // Awaited below, in order; until then a failure must not count as unhandled.
      block.then(
        () => reuse?.(bytes),
        () => undefined,
      );
      running.push(block);
      const oldest = running.length > AHEAD ? running.shift() : undefined;
      if (oldest !== undefined) yield await oldest;
    }
    for (let block = running.shift(); block !== undefined; block = running.shift()) yield await block;
  } finally {
    await Promise.allSettled(running);
  }
}

function localHeader(entry: Listed): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  common(header, 6, entry);
  return Buffer.concat([header, entry.name]);
}

/** The fields that local header and directory share, from the flags to the length of the name. */
function common(header: Buffer, at: number, entry: Listed): void {
  header.writeUInt16LE(entry.flags, at);
  header.writeUInt16LE(entry.method, at + 2);
  header.writeUInt16LE(DOS_DATE, at + 6);
  header.writeUInt32LE(entry.crc, at + 8);
  header.writeUInt32LE(entry.compressed, at + 12);
  header.writeUInt32LE(entry.size, at + 16);
  header.writeUInt16LE(entry.name.length, at + 20);
}

/** The central directory and its end records. @param start bytes before it */
export function directory(entries: readonly Listed[], start: number): Buffer {
  const records = entries.map(directoryRecord);
  const size = records.reduce((sum, record) => sum + record.length, 0);
  const large = start >= FOUR_GIB;
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(entries.length, 8);
  tail.writeUInt16LE(entries.length, 10);
  tail.writeUInt32LE(size, 12);
  tail.writeUInt32LE(large ? FOUR_GIB : start, 16);
  return Buffer.concat([...records, ...(large ? [zip64End(entries.length, size, start)] : []), tail]);
}

function directoryRecord(entry: Listed): Buffer {
  const header = Buffer.alloc(46);
  const large = entry.offset >= FOUR_GIB;
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(large ? 45 : 20, 4);
  header.writeUInt16LE(large ? 45 : 20, 6);
  common(header, 8, entry);
  header.writeUInt32LE(large ? FOUR_GIB : entry.offset, 42);
  if (!large) return Buffer.concat([header, entry.name]);
  const extra = Buffer.alloc(12);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8, 2);
  extra.writeBigUInt64LE(BigInt(entry.offset), 4);
  header.writeUInt16LE(extra.length, 30);
  return Buffer.concat([header, entry.name, extra]);
}

function zip64End(count: number, size: number, start: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(start), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(start + size), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
