import { isUtf8 } from "node:buffer";
import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { type CsvRecord, CsvScanner, splitRecord } from "../../../core/csv/scanner.ts";
import { DomainError } from "../../../core/errors/errors.ts";
import type { InputFile, TableFormat } from "../../../ports/load.ts";
import type { TableRow } from "./table-columns.ts";

export type CsvTable = TableFormat & { kind: "csv" };

/** A longer row is no row of a bill. */
const MAX_ROW_BYTES = 2_000_000;
const CHUNK_BYTES = 256 * 1024;

/**
 * The rows of a CSV file in batches, the header left out; a batch is what one chunk of the file completes.
 * @param used positions of the columns that are read; the others need not be UTF-8
 * @throws DomainError `import.damaged`, `import.unclosed-quote`, `import.record-too-large`
 */
export async function* csvRows(
  file: InputFile,
  table: CsvTable,
  used: readonly number[],
): AsyncGenerator<TableRow[]> {
  let batch: TableRow[] = [];
  let header = true;
  const take = (record: CsvRecord): void => {
    if (header) header = false;
    else if (record.problem === "unclosed") throw unclosed(file, record.line);
    else batch.push(rowOf(record, table, used));
  };
  const scanner = new CsvScanner(table.delimiter, MAX_ROW_BYTES, take, file.name);
  for await (const chunk of plainBytes(file, table)) {
    scanner.push(chunk);
    if (batch.length > 0) yield batch;
    batch = [];
  }
  scanner.finish();
  if (batch.length > 0) yield batch;
}

function rowOf(record: CsvRecord, table: CsvTable, used: readonly number[]): TableRow {
  const { line, bytes } = record;
  const problem = structureProblem(record, table, used);
  if (problem !== undefined) return { line, problem };
  // The bytes are the scanner's own until the callback returns.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  return { line, fields: splitRecord(text, table.delimiter) };
}

/** What is wrong with a record's structure; undefined when it is a row of the table. */
function structureProblem(record: CsvRecord, table: CsvTable, used: readonly number[]): string | undefined {
  switch (record.problem) {
    case "too-long":
      return `the row is longer than ${MAX_ROW_BYTES / 1e6} MB`;
    case "text-after-quote":
      return "there is text between a closing quote and the next delimiter";
    case "unclosed":
      return "a quote is never closed";
    case undefined:
      break;
  }
  const columns = table.header.length;
  if (record.fields !== columns) return `the row has ${record.fields} fields where the header has ${columns}`;
  if (isUtf8(record.bytes)) return undefined;
  // Latin-1 maps bytes to characters one to one, so that the fields' bytes can be told apart.
  const fields = splitRecord(Buffer.from(record.bytes).toString("latin1"), table.delimiter);
  const broken = used.find((at) => !isUtf8(Buffer.from(fields[at] ?? "", "latin1")));
  return broken === undefined ? undefined : `${table.header[broken] ?? ""} is not UTF-8`;
}

async function* plainBytes(file: InputFile, table: CsvTable): AsyncGenerator<Uint8Array> {
  if (table.compression === "none") {
    yield* file.open();
    return;
  }
  const source = Readable.from(file.open(), { objectMode: false });
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on("error", (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    throw new DomainError(
      "import.damaged",
      "unprocessable",
      `${file.name} is damaged: its gzip data ends early or does not match its checksum`,
      { fix: "Fetch the file again; nothing was loaded.", cause: error },
    );
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

function unclosed(file: InputFile, line: number): DomainError {
  return new DomainError(
    "import.unclosed-quote",
    "unprocessable",
    `${file.name}, line ${line}: a quote that opens here is never closed, so the rows after it cannot be told apart`,
    { fix: "Correct the line or export the file again; nothing was loaded." },
  );
}
