import { isUtf8 } from "node:buffer";
import { type CsvRecord, splitRecord } from "../../core/csv/scanner.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { InputFile, TableFormat } from "../../ports/load.ts";

export type CsvTable = TableFormat & { kind: "csv" };

/** A longer row is no row of a bill; DuckDB's own limit. */
export const MAX_ROW_BYTES = 2_000_000;

/** What is wrong with a record's structure. */
export interface StructureProblem {
  /** The column, when one is to blame. */
  field: string | null;
  reason: string;
}

/** Looks at a record's structure. @returns undefined when nothing is wrong with it */
export function structureProblem(
  record: CsvRecord,
  table: CsvTable,
  used: readonly number[],
): StructureProblem | undefined {
  const reason = shapeProblem(record, table);
  if (reason !== undefined) return { field: null, reason };
  if (isUtf8(record.bytes)) return undefined;
  // Latin-1 maps bytes to characters one to one, so that the fields' bytes can be told apart.
  const fields = splitRecord(Buffer.from(record.bytes).toString("latin1"), table.delimiter);
  const broken = used.find((column) => !isUtf8(Buffer.from(fields[column] ?? "", "latin1")));
  return broken === undefined ? undefined : { field: table.header[broken] ?? null, reason: "is not UTF-8" };
}

function shapeProblem(record: CsvRecord, table: CsvTable): string | undefined {
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
  return record.fields === columns
    ? undefined
    : `the row has ${record.fields} fields where the header has ${columns}`;
}

/** The error of a file in which a quote is never closed. @param line where it opens */
export function unclosed(file: InputFile, line: number): DomainError {
  return new DomainError(
    "import.unclosed-quote",
    "unprocessable",
    `${file.name}, line ${line}: a quote that opens here is never closed, so where the rows after it end is unknown`,
    { fix: "Correct the line or export the file again; nothing was loaded." },
  );
}
