import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import type { Row } from "../src/core/query/query.ts";
import type { RenderOptions } from "../src/ports/renderer.ts";
import { csvRenderer } from "../src/render/csv/csv.ts";
import { jsonLinesRenderer, jsonRenderer } from "../src/render/json/json.ts";
import { xlsxRenderer } from "../src/render/xlsx/xlsx.ts";
import { benchDocument, benchRows, COLUMNS } from "./lib/document.ts";
import { reportPeak } from "./lib/process.ts";

/** The child of bench/render.ts: writes one file and ends. Usage: WRITER ROWS FILE */
type Writer = (rows: number, file: string) => Promise<void>;

const MONEY = '"$"#,##0.00';
const HEADINGS = COLUMNS.map((column) =>
  column.unit === undefined ? column.label : `${column.label} (${column.unit})`,
);
const FORMATS = COLUMNS.map((_, i) =>
  i === 0 ? "yyyy-mm-dd" : i < 6 ? undefined : i < 9 ? MONEY : "#,##0.00",
);

const WRITERS: Readonly<Record<string, Writer>> = {
  xlsx: (rows, file) => ours(xlsxRenderer, rows, file),
  csv: (rows, file) => ours(csvRenderer, rows, file),
  json: (rows, file) => ours(jsonRenderer, rows, file),
  ndjson: (rows, file) => ours(jsonLinesRenderer, rows, file),
  exceljs: withExcelJs,
  hucre: withHucre,
  duckdb: withDuckDb,
};

type Render = {
  render: (document: ReturnType<typeof benchDocument>, options?: RenderOptions) => AsyncIterable<Uint8Array>;
};

async function ours({ render }: Render, rows: number, file: string): Promise<void> {
  await pipeline(render(benchDocument(rows)), createWriteStream(file));
}

/** The rows as the JavaScript libraries want them: dates and numbers as such. The conversion is counted to them, as it would be in use. */
function* typedRows(rows: number): Generator<(string | number | Date | null)[], void, undefined> {
  for (const batch of benchRows(rows)) for (const row of batch) yield typed(row);
}

function typed(row: Row): (string | number | Date | null)[] {
  return row.map((cell, i) =>
    cell === null ? null : i === 0 ? new Date(cell) : i < 6 ? cell : Number(cell),
  );
}

async function withExcelJs(rows: number, file: string): Promise<void> {
  const { default: ExcelJS } = await import("exceljs");
  const book = new ExcelJS.stream.xlsx.WorkbookWriter({
    filename: file,
    useStyles: true,
    useSharedStrings: false,
  });
  const sheet = book.addWorksheet("Cost", { views: [{ state: "frozen", ySplit: 1 }] });
  sheet.columns = HEADINGS.map((header, i) => ({
    header,
    key: `c${i}`,
    width: 18,
    ...(FORMATS[i] !== undefined && { style: { numFmt: FORMATS[i] } }),
  }));
  sheet.autoFilter = `A1:J${rows + 1}`;
  const header = sheet.getRow(1);
  header.font = { bold: true, color: { argb: "FFFFFFFF" } };
  header.fill = { type: "pattern", pattern: "solid", fgColor: { argb: "FF0F766E" } };
  header.commit();
  for (const row of typedRows(rows)) sheet.addRow(row).commit();
  sheet.commit();
  await book.commit();
}

async function withHucre(rows: number, file: string): Promise<void> {
  const { writeXlsxStream } = await import("hucre/xlsx");
  const columns = HEADINGS.map((header, i) => ({
    header,
    width: 18,
    ...(FORMATS[i] !== undefined && { numFmt: FORMATS[i] }),
  }));
  const stream = writeXlsxStream(typedRows(rows), { name: "Cost", columns, freezePane: { rows: 1 } });
  await pipeline(Readable.fromWeb(stream as unknown as ReadableStream), createWriteStream(file));
}

/** The engine's own export, the table made by the engine too: no row passes through JavaScript. */
async function withDuckDb(rows: number, file: string): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(`
    CREATE TABLE cost AS SELECT
      DATE '2024-09-01' + (i % 30)::INTEGER AS day, ['Amazon EC2', 'Amazon S3', 'Amazon RDS', 'AWS Lambda', 'Amazon CloudFront', 'AWS Key Management Service', 'Amazon DynamoDB'][i % 7 + 1] AS service,
      ['us-east-1', 'us-west-2', 'eu-central-1', 'ap-southeast-2'][i % 4 + 1] AS region,
      '1000000000' || (i % 90 + 10) AS account, 'i-' || (1000000000 + i) AS resource,
      CASE WHEN i % 11 = 0 THEN 'Tax' ELSE 'Usage' END AS charge_category,
      ((i * 7919) % 100003 * 10007)::DECIMAL(18, 0) * 0.000001 AS billed_cost,
      ((i * 7919) % 100003 * 9006)::DECIMAL(18, 0) * 0.000001 AS effective_cost,
      ((i * 7919) % 100003 * 12008)::DECIMAL(18, 0) * 0.000001 AS list_cost,
      ((i % 744) * 25)::DECIMAL(18, 0) * 0.01 AS consumed_quantity
    FROM (SELECT r % 9973 AS i FROM range(${rows}) t(r))`);
  await connection.run(`COPY cost TO '${file.replaceAll("'", "''")}' (HEADER, DELIMITER ',')`);
}

const [name = "", rows = "", file = ""] = process.argv.slice(2);
const writer = WRITERS[name];
if (writer === undefined) throw new Error(`no writer ${name}; there are ${Object.keys(WRITERS).join(", ")}`);
await writer(Number(rows), file);
reportPeak();
