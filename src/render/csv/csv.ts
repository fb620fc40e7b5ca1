import { invalid } from "../../core/errors/errors.ts";
import type { Column, Row } from "../../core/query/query.ts";
import { detailTable, type ReportDocument } from "../../core/reports/document.ts";
import type { Leg, LegBytes, Renderer, RenderOptions, RenderState } from "../../ports/renderer.ts";
import { ByteWriter } from "../shared/bytes.ts";
import { columnTitle, isNumeric } from "../shared/columns.ts";
import { type OpenRows, renderStream, WHOLE } from "../shared/streams.ts";
import { type CellWriter, numberWriter, textWriter } from "./cells.ts";

const CHUNK = 128 * 1024;
/** Says which rows of the source the last record adds up, in its first column without a number. */
const othersLabel = (groups: number): string => `Others (${groups.toLocaleString("en-US")})`;

/**
 * CSV by RFC 4180: the detail table, one header record of column titles, CRLF after every record, UTF-8. Totals are in
 * the manifest, not here, so that a reader may add up a column; an others row, which is part of that sum, is the last
 * record. A null is an empty field, an empty text is `""`. Text that a spreadsheet would run as a formula gets an
 * apostrophe in front; numbers never do.
 */
export const csvRenderer: Renderer = {
  format: "csv",
  mediaType: "text/csv; charset=utf-8; header=present",
  extension: "csv",
  render: (document, options = {}) => renderLeg(document, options, WHOLE),
  renderLeg,
};

function renderLeg(document: ReportDocument, options: RenderOptions, leg: Leg): LegBytes {
  const delimiter = checkDelimiter(options.delimiter ?? ",");
  return renderStream(document, (rows) => records(document, options, delimiter, rows, leg));
}

async function* records(
  document: ReportDocument,
  options: RenderOptions,
  delimiter: string,
  open: OpenRows,
  leg: Leg,
): AsyncGenerator<Uint8Array, RenderState | undefined, undefined> {
  const { table } = detailTable(document);
  const { columns, others } = table.head;
  const out = new ByteWriter(CHUNK);
  const text = textWriter(delimiter);
  const record = recordWriter(
    columns.map((column) => (isNumeric(column) ? numberWriter(delimiter) : text)),
    delimiter,
  );
  if (leg.from === undefined) {
    if (options.bom === true) out.text("\ufeff");
    recordWriter(
      columns.map(() => text),
      delimiter,
    )(out, columns.map(columnTitle));
  }
  let rows = leg.from?.rows ?? 0;
  for await (const batch of open(table)) {
    for (const row of batch) {
      record(out, row);
      rows++;
      if (!out.full) continue;
      yield out.take();
      if (leg.pause()) return { rows, data: null };
    }
  }
  if (others !== null) record(out, labelled(columns, others.cells, othersLabel(others.groups)));
  yield out.take();
  return undefined;
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
