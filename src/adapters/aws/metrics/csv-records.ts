import { type CsvRecord, CsvScanner, splitRecord } from "../../../core/csv/scanner.ts";
import type { InputFile } from "../../../ports/load.ts";
import { type CsvTable, MAX_ROW_BYTES, structureProblem, unclosed } from "../../shared/csv-structure.ts";
import { gunzip } from "../../shared/gunzip.ts";
import type { TableRow } from "./table-columns.ts";

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

/** The file's bytes, unpacked. */
function plainBytes(file: InputFile, table: CsvTable): AsyncIterable<Uint8Array> {
  return table.compression === "none" ? file.open() : gunzip(file, file.open(), CHUNK_BYTES);
}
