import type { InputFile, TableFormat } from "../../../ports/load.ts";
import { csvRows } from "./csv-records.ts";
import type { Fields, FileColumn, TableRow } from "./table-columns.ts";

/** A file of rows, whatever its format. */
export interface TableSource {
  columns: readonly FileColumn[];
  /** @param used positions of the columns that are read; the others may be left out */
  rows(used: readonly number[]): AsyncIterable<readonly TableRow[]>;
  close(): Promise<void>;
}

/**
 * Opens a file for reading. Parquet's reader is loaded when it is first needed.
 * @throws DomainError `import.damaged`
 */
export async function openTable(file: InputFile, table: TableFormat): Promise<TableSource> {
  if (table.kind === "csv") {
    return {
      columns: table.header.map((name) => ({ name, float: false, text: true })),
      rows: (used) => csvRows(file, table, used),
      close: () => Promise.resolve(),
    };
  }
  const { openParquet } = await import("../parquet/parquet-file.ts");
  const opened = await openParquet(file);
  return {
    columns: opened.columns,
    rows: (used) => parquetRows(opened.rows(used)),
    close: () => opened.close(),
  };
}

async function* parquetRows(batches: AsyncIterable<Fields[]>): AsyncGenerator<TableRow[]> {
  for await (const batch of batches) yield batch.map((fields) => ({ line: null, fields }));
}
