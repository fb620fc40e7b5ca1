import { must } from "../../core/errors/must.ts";
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type CsvRecord, CsvScanner, ENDLESS_BYTES, endless } from "../../core/csv/scanner.ts";
import type { InputFile, TableFormat } from "../../ports/load.ts";
import type { Spool } from "../../ports/spool.ts";
import { gunzip } from "../../importers/shared/bytes.ts";
import {
  type CsvTable,
  MAX_ROW_BYTES,
  type StructureProblem,
  structureProblem,
  unclosed,
} from "./csv-structure.ts";
import { type Encoding, encodingOf, fromWindows1252 } from "./encoding.ts";

const READ_BYTES = 1 << 20;

/** A file where and how the engine can read it. */
export interface ReadableTable {
  path: string;
  /** How the text of a CSV file was encoded; at {@link path} it is UTF-8 unless it is `mixed`. */
  encoding: Encoding;
  dispose(): Promise<void>;
}

/**
 * Makes a file readable by the engine: what has no path is spooled, gzip is unpacked aside, Windows-1252 becomes UTF-8.
 * The engine could unpack by itself, but takes a file that ends early for a shorter one and checks no checksum.
 * @throws DomainError `import.damaged`, `import.record-too-large`
 */
export async function makeReadable(
  file: InputFile,
  table: TableFormat,
  spool: Spool,
  onBytes: (read: number) => void,
): Promise<ReadableTable> {
  const local = await localCopy(file, table, spool, onBytes);
  if (table.kind === "parquet") return { ...local, encoding: "utf-8" };
  const encoding = await encodingOf(local.path);
  if (encoding !== "windows-1252") return { ...local, encoding };
  const decoded = await spool.store(file.name, fromWindows1252(local.path));
  await local.dispose();
  return {
    path: must(decoded.path, "the path of a spooled file"),
    encoding,
    dispose: () => decoded.dispose(),
  };
}

async function localCopy(
  file: InputFile,
  table: TableFormat,
  spool: Spool,
  onBytes: (read: number) => void,
): Promise<Omit<ReadableTable, "encoding">> {
  const packed = table.kind === "csv" && table.compression === "gzip";
  const path = file.path === undefined ? undefined : resolve(file.path);
  // The engine takes these for patterns that stand for several files.
  if (path !== undefined && !packed && !/[*?[\]{}]/.test(path)) {
    await stat(path);
    return { path, dispose: () => Promise.resolve() };
  }
  const watched: InputFile = { ...file, open: () => counted(file.open(), onBytes) };
  const content = packed ? gunzip(watched, READ_BYTES) : watched.open();
  const spooled = await spool.store(file.name, table.kind === "csv" ? withLines(file, content) : content);
  return { path: must(spooled.path, "the path of a spooled file"), dispose: () => spooled.dispose() };
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  onBytes: (read: number) => void,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of stream) {
    read += chunk.length;
    onBytes(read);
    yield chunk;
  }
}

const LF = 0x0a;
const CR = 0x0d;

/** Ends a text without line breaks early, which unpacked may be a thousand times the size of its file. */
async function* withLines(file: InputFile, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let line = 1;
  let length = 0;
  for await (const chunk of content) {
    const last = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR));
    length = last < 0 ? length + chunk.length : chunk.length - last - 1;
    if (last >= 0) line += countOf(chunk, LF);
    if (length > ENDLESS_BYTES) throw endless(file.name, line);
    yield chunk;
  }
}

function countOf(chunk: Uint8Array, byte: number): number {
  let count = 0;
  for (let at = chunk.indexOf(byte); at >= 0; at = chunk.indexOf(byte, at + 1)) count++;
  return count;
}

/** Whether a CSV file starts with its header; blank lines before it would make the engine take it for a row. */
export async function startsWithHeader(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    const bom = bytesRead >= 3 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
    const first = buffer[bom ? 3 : 0];
    return first !== 0x0a && first !== 0x0d;
  } finally {
    await handle.close();
  }
}

/** A row of a CSV file that is no row of its table. */
export interface BrokenRow extends StructureProblem {
  line: number;
}

/**
 * Walks through the data rows of a CSV file in the order the engine has them.
 * @param used positions of the columns that are read; the others need not be UTF-8
 * @param check called for each chunk read; may throw to stop
 * @param onRow told the record, and what is wrong with its structure; true ends the walk
 * @throws DomainError `import.unclosed-quote`: rows after such a quote cannot be told apart
 */
export async function walkRows(
  file: InputFile,
  path: string,
  table: CsvTable,
  used: readonly number[],
  check: () => void,
  onRow: (record: CsvRecord, problem: StructureProblem | undefined) => boolean,
): Promise<void> {
  const state = { header: true, done: false };
  const scanner = new CsvScanner(
    table.delimiter,
    MAX_ROW_BYTES,
    (record) => {
      if (state.header) state.header = false;
      else if (record.problem === "unclosed") throw unclosed(file, record.line);
      else if (!state.done) state.done = onRow(record, structureProblem(record, table, used));
    },
    file.name,
  );
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    check();
    scanner.push(chunk as Uint8Array);
    if (state.done) return;
  }
  scanner.finish();
}

/** A copy of a row; what is not UTF-8 in columns that are not read becomes U+FFFD: the engine fails on such text. */
function readableText(row: Uint8Array): Uint8Array {
  return isUtf8(row) ? row.slice() : Buffer.from(Buffer.from(row).toString("utf8"));
}

/**
 * The rows of a CSV file that fit its header, one line end each, without the header; those that do not are told.
 * The engine skips broken rows by itself, but not all of them are counted.
 */
export async function* fittingRows(
  file: InputFile,
  path: string,
  table: CsvTable,
  used: readonly number[],
  check: () => void,
  onBroken: (row: BrokenRow) => void,
): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let header = true;
  const lineEnd = new Uint8Array([0x0a]);
  const scanner = new CsvScanner(
    table.delimiter,
    MAX_ROW_BYTES,
    (record) => {
      if (header) {
        header = false;
        return;
      }
      if (record.problem === "unclosed") throw unclosed(file, record.line);
      const problem = structureProblem(record, table, used);
      if (problem === undefined) pending.push(readableText(record.bytes), lineEnd);
      else onBroken({ line: record.line, ...problem });
    },
    file.name,
  );
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    check();
    scanner.push(chunk as Uint8Array);
    if (pending.length > 0) yield Buffer.concat(pending);
    pending = [];
  }
  scanner.finish();
  if (pending.length > 0) yield Buffer.concat(pending);
}
