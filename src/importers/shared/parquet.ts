import { open } from "node:fs/promises";
import { columnNames, PARQUET_MAGIC } from "../../core/parquet/footer.ts";
import type { InputFile } from "../../ports/load.ts";
import { damaged } from "./errors.ts";

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
  if (!whole || length === 0 || length > tail.length - 8) throw broken(file);
  try {
    return columnNames(tail.subarray(tail.length - 8 - length));
  } catch (error) {
    throw broken(file, error);
  }
}

function broken(file: InputFile, cause?: unknown): Error {
  return damaged(file, "it begins as Parquet, but its footer is missing or broken", cause);
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
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of file.open()) {
    chunks.push(chunk);
    length += chunk.length;
    while (length - (chunks[0]?.length ?? 0) >= MAX_FOOTER) length -= chunks.shift()?.length ?? 0;
  }
  return Buffer.concat(chunks, length);
}
