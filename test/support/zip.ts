import zlib from "node:zlib";

/**
 * Reads a ZIP archive by its central directory (APPNOTE 4.3), strictly: local headers must agree with it, checksums
 * and sizes must be right. Independent of the writer under test.
 */
export function readZip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw new Error("no end of central directory");
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  const files = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    if (archive.readUInt32LE(at) !== 0x02014b50) throw new Error(`no directory record at ${at}`);
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.subarray(at + 46, at + 46 + nameLength).toString();
    if (files.has(name)) throw new Error(`${name} is listed twice`);
    files.set(name, readEntry(archive, at, name));
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  if (at !== end) throw new Error("the directory does not end where it says");
  return files;
}

function readEntry(archive: Buffer, record: number, name: string): Buffer {
  const [method, crc] = [archive.readUInt16LE(record + 10), archive.readUInt32LE(record + 16)];
  const [compressed, size] = [archive.readUInt32LE(record + 20), archive.readUInt32LE(record + 24)];
  const local = archive.readUInt32LE(record + 42);
  if (archive.readUInt32LE(local) !== 0x04034b50) throw new Error(`${name}: no local header`);
  if (archive.readUInt16LE(local + 8) !== method) throw new Error(`${name}: methods differ`);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const body = archive.subarray(start, start + compressed);
  const content = method === 0 ? Buffer.from(body) : zlib.inflateRawSync(body);
  if (content.length !== size) throw new Error(`${name}: ${content.length} bytes, not ${size}`);
  if (zlib.crc32(content) !== crc) throw new Error(`${name}: wrong checksum`);
  const streamed = (archive.readUInt16LE(local + 6) & 8) !== 0;
  if (streamed && archive.readUInt32LE(start + compressed + 4) !== crc)
    throw new Error(`${name}: wrong descriptor`);
  return content;
}

/** The parts of an archive put together. */
export async function joined(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}
