import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { type CsvRecord, CsvScanner } from "../../../core/csv/scanner.ts";
import { DomainError } from "../../../core/errors/errors.ts";
import type { InputFile } from "../../../ports/load.ts";
import { type CsvTable, MAX_ROW_BYTES } from "./table-rows.ts";

const CHUNK_BYTES = 256 * 1024;

/**
 * The data records of a CSV file in batches, the header left out; a batch is what one chunk of the file completes. Its
 * bytes are valid until the next batch is asked for.
 * @throws DomainError `import.damaged`, `import.unclosed-quote`, `import.unsupported`
 */
export async function* csvRecords(file: InputFile, table: CsvTable): AsyncGenerator<CsvRecord[]> {
  let batch: CsvRecord[] = [];
  let header = true;
  const scanner = new CsvScanner(table.delimiter, MAX_ROW_BYTES, (record) => {
    if (header) header = false;
    else if (record.problem === "unclosed") throw unclosed(file, record.line);
    // The bytes are the scanner's own until the callback returns, and the chunk's where it needed no joining.
    else batch.push({ ...record, bytes: record.bytes.slice() });
  });
  for await (const chunk of plainBytes(file, table)) {
    scanner.push(chunk);
    if (batch.length > 0) yield batch;
    batch = [];
  }
  scanner.finish();
  if (batch.length > 0) yield batch;
}

async function* plainBytes(file: InputFile, table: CsvTable): AsyncGenerator<Uint8Array> {
  if (table.compression === "none") {
    yield* file.open();
    return;
  }
  if (table.compression === "zstd") throw unsupported(file, "zstd compression", "Compress it with gzip.");
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

/** What this store has no reader for. */
export function unsupported(file: InputFile, what: string, fix: string): DomainError {
  return new DomainError(
    "import.unsupported",
    "unprocessable",
    `${file.name}: ${what} cannot be read by this service`,
    { fix },
  );
}

function unclosed(file: InputFile, line: number): DomainError {
  return new DomainError(
    "import.unclosed-quote",
    "unprocessable",
    `${file.name}, line ${line}: a quote that opens here is never closed, so the rows after it cannot be told apart`,
    { fix: "Correct the line or export the file again; nothing was loaded." },
  );
}
