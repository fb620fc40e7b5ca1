import { invalid } from "../../core/errors/errors.ts";
import type { Column, Row } from "../../core/query/query.ts";
import { detailTable, type ReportDocument } from "../../core/reports/document.ts";
import type { Renderer, RenderOptions } from "../../ports/renderer.ts";
import { ByteWriter } from "../shared/bytes.ts";
import { columnTitle, isNumeric } from "../shared/columns.ts";
import { type OpenRows, renderStream } from "../shared/streams.ts";
import { type CellWriter, numberWriter, textWriter } from "./cells.ts";

const CHUNK = 128 * 1024;
/** Label of the others row, in its first text column: how many groups it adds up. */
const othersLabel = (groups: number): string => `Others (${groups.toLocaleString("en-US")})`;

/**
 * CSV by RFC 4180: the detail table, one header record of column titles, CRLF after every record, UTF-8. Totals are in
 * the manifest, not here, so that a reader may add up a column; an others row, which is part of that sum, is the last
 * record. A null is an empty field, an empty text is `""`. Text that a spreadsheet would run as a formula gets an
 * apostrophe in front; numbers never do.
 */
export const csvRenderer: Renderer = {
  format: "csv",
  render: (document, options = {}) => {
    const delimiter = checkDelimiter(options.delimiter ?? ",");
    return renderStream(document, (open) => records(document, options, delimiter, open));
  },
};

async function* records(
  document: ReportDocument,
  options: RenderOptions,
  delimiter: string,
  open: OpenRows,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { table } = detailTable(document);
  const { columns, others } = table.head;
  const out = new ByteWriter(CHUNK);
  const text = textWriter(delimiter);
  const record = recordWriter(
    columns.map((column) => (isNumeric(column) ? numberWriter(delimiter) : text)),
    delimiter,
  );
  const heading = recordWriter(
    columns.map(() => text),
    delimiter,
  );
  if (options.bom === true) out.text("\ufeff");
  heading(out, columns.map(columnTitle));
  for await (const batch of open(table)) {
    for (const row of batch) {
      record(out, row);
      if (out.full) yield out.take();
    }
  }
  if (others !== null) record(out, labelled(columns, others.cells, othersLabel(others.groups)));
  yield out.take();
}

/** The others row with its label in the first text column, which is null there; a row of numbers stays as it is. */
function labelled(columns: readonly Column[], cells: Row, label: string): Row {
  const at = columns.findIndex((column) => !isNumeric(column));
  return cells.map((cell, i) => (i === at ? label : cell));
}

function recordWriter(
  writers: readonly CellWriter[],
  delimiter: string,
): (out: ByteWriter, row: Row) => void {
  const separator = delimiter.charCodeAt(0);
  return (out, row) => {
    for (let i = 0; i < writers.length; i++) {
      if (i > 0) out.byte(separator);
      const cell = row[i];
      if (cell !== null && cell !== undefined) writers[i]?.(out, cell);
      // A record of one empty field would be an empty line, which readers skip.
      else if (writers.length === 1) out.text('""');
    }
    out.byte(13);
    out.byte(10);
  };
}

/** @throws DomainError `export.invalid-delimiter` */
function checkDelimiter(delimiter: string): string {
  if (/^[!-~\t]$/.test(delimiter) && !/["'\w.+\-=@]/.test(delimiter)) return delimiter;
  throw invalid(
    "export.invalid-delimiter",
    `${JSON.stringify(delimiter)} cannot separate the fields of a CSV file`,
    {
      field: "delimiter",
      fix: "Give one character, for example a semicolon or a tab; no letter, digit, quote, sign or point.",
    },
  );
}
