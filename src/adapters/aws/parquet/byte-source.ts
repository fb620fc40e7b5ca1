import { createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { InputFile } from "../../../ports/load.ts";
import { damaged } from "./problem.ts";

/** A file that is read in pieces from anywhere in it. */
export interface ByteSource {
  size: number;
  /** @throws ParquetProblem when the file ends before */
  read(at: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Opens a file; one that is a stream only is kept in a folder for temporary files until it is closed. */
export async function openBytes(file: InputFile): Promise<ByteSource> {
  if (file.path !== undefined) return fromHandle(await open(file.path), () => Promise.resolve());
  const folder = await mkdtemp(join(tmpdir(), "securebase-stream-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "file");
    await pipeline(Readable.from(file.open(), { objectMode: false }), createWriteStream(path));
    return await fromHandle(await open(path), remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function fromHandle(handle: FileHandle, remove: () => Promise<void>): Promise<ByteSource> {
  const { size } = await handle.stat();
  return {
    size,
    async read(at, length) {
      if (at < 0 || length < 0 || at + length > size) throw damaged("it ends within its data");
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(buffer, 0, length, at);
      if (bytesRead < length) throw damaged("it ends within its data");
      return buffer;
    },
    async close() {
      await handle.close();
      await remove();
    },
  };
}

/** Bytes read ahead of what was asked for. */
const AHEAD = 256 << 10;

/** Reads one part of a file from its front to its end, in pieces larger than what is asked for. */
export class Window {
  readonly #source: ByteSource;
  #bytes: Buffer = Buffer.alloc(0);
  #from: number;
  /** Where the next byte is. */
  at: number;

  constructor(source: ByteSource, at: number) {
    this.#source = source;
    this.#from = at;
    this.at = at;
  }

  /** The next bytes, at most `length`, fewer at the end of the file; {@link at} stays. */
  async peek(length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.#source.size - this.at);
    const have = this.#from + this.#bytes.length - this.at;
    if (have < wanted) {
      const ahead = Math.min(Math.max(wanted, AHEAD), this.#source.size - this.at);
      this.#bytes = await this.#source.read(this.at, ahead);
      this.#from = this.at;
    }
    const start = this.at - this.#from;
    return this.#bytes.subarray(start, start + Math.max(0, wanted));
  }

  /** @throws ParquetProblem when the file ends before */
  async take(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    if (bytes.length < length) throw damaged("it ends within its data");
    this.at += length;
    // A page may be large, and is not to be kept for the sake of the one after.
    if (this.at === this.#from + this.#bytes.length) {
      this.#bytes = Buffer.alloc(0);
      this.#from = this.at;
    }
    return bytes;
  }
}
