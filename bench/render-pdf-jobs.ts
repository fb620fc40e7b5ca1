import { createWriteStream } from "node:fs";
import { createRequire } from "node:module";
import { finished, pipeline } from "node:stream/promises";
import { moneyFormatter, quantityFormatter } from "../src/core/money/formatter.ts";
import type { QueryResult, Row } from "../src/core/query/query.ts";
import type { ReportDocument } from "../src/core/reports/document.ts";
import { createPdfRenderer } from "../src/render/pdf/pdf.ts";
import { FONT_FOLDER } from "../src/runtimes/fonts.ts";
import { benchDocument, benchRows, COLUMNS } from "./lib/document.ts";
import { reportPeak } from "./lib/process.ts";

/** The child of bench/render-pdf.ts: writes one file and ends. Usage: WRITER ROWS FILE FONTS TOTALS… */
type Writer = (rows: number, file: string, fonts: string, totals: readonly string[]) => Promise<void>;

const WRITERS: Readonly<Record<string, Writer>> = {
  ours: (rows, file, _, totals) => write(benchDocument(rows, totals), file),
  executive: (_, file) => executive(file),
  "pdfkit-text": withPdfKit,
  pdfmake: withPdfMake,
};

const HEADINGS = COLUMNS.map((column) =>
  column.type === "quantity" ? `${column.label} (Hrs)` : column.label,
);
const WIDTHS = [52, 130, 72, 72, 72, 62, 72, 72, 72, 86];
const SIZE = 7.5;

async function write(document: ReportDocument, file: string): Promise<void> {
  await pipeline(createPdfRenderer(FONT_FOLDER).render(document), createWriteStream(file));
}

/** The rows as text, as every peer draws them. */
function* shownRows(rows: number): Generator<string[], void, undefined> {
  const money = moneyFormatter("USD");
  const quantity = quantityFormatter(2);
  const show = (row: Row): string[] =>
    row.map((cell, i) => (i < 6 ? (cell ?? "") : i < 9 ? money(cell ?? "0") : quantity(cell ?? "0")));
  for (const batch of benchRows(rows)) for (const row of batch) yield show(row);
}

/** A one-page report, the work alone: modules are loaded, nothing of the report is. Prints its milliseconds. */
async function executive(file: string): Promise<void> {
  const document = executiveDocument();
  const start = performance.now();
  await write(document, file);
  console.log(JSON.stringify({ workMs: performance.now() - start }));
}

function executiveDocument(): ReportDocument {
  const detail = benchDocument(8);
  const head = detail.sections[0]?.kind === "table" ? detail.sections[0].table.head : undefined;
  if (head === undefined) throw new Error("the bench document has no table");
  const [day, service, region] = COLUMNS;
  const [cost, effective] = COLUMNS.slice(6);
  if (day === undefined || service === undefined || region === undefined) throw new Error("columns");
  if (cost === undefined || effective === undefined) throw new Error("columns");
  const result = (columns: QueryResult["columns"], rows: readonly Row[]): QueryResult => ({
    ...head,
    columns,
    rows,
    totals: [],
  });
  // Rows at hand: making them is no work of the report's.
  const held = [...benchRows(8)];
  // eslint-disable-next-line @typescript-eslint/require-await -- nothing to wait for
  async function* batches(): AsyncGenerator<readonly Row[]> {
    yield* held;
  }
  const days = Array.from({ length: 30 }, (_, i): Row => [
    `2024-09-${String(i + 1).padStart(2, "0")}`,
    String(900 + ((i * 37) % 400)),
    String(700 + ((i * 53) % 300)),
  ]);
  const parts = ["us-east-1", "eu-central-1", "ap-southeast-2"].map((name, i): Row => [
    name,
    String(9000 / (i + 1)),
  ]);
  const kpi = { type: "money", unit: "USD", upIs: "bad" } as const;
  const change = { absolute: "120.5", percent: "7.6", against: "1 Aug 2024 – 31 Aug 2024" };
  return {
    ...detail,
    title: "Executive summary",
    sections: [
      {
        kind: "kpis",
        items: ["Billed cost", "Effective cost", "List cost"].map((label) => ({
          ...kpi,
          id: label,
          label,
          value: "128394.55",
          change,
        })),
      },
      {
        kind: "chart",
        id: "trend",
        title: "Cost by day",
        chart: { kind: "line", x: "day", y: ["billed_cost", "effective_cost"] },
        data: result([day, cost, effective], days),
      },
      {
        kind: "chart",
        id: "regions",
        title: "By region",
        chart: { kind: "doughnut", label: "region", value: "billed_cost" },
        data: result([region, cost], parts),
      },
      {
        kind: "chart",
        id: "services",
        title: "By service",
        chart: { kind: "bar", x: "service", y: ["billed_cost"], horizontal: true },
        data: result([service, cost], parts),
      },
      { kind: "table", id: "detail", title: "Largest resources", detail: true, table: { head, batches } },
    ],
  };
}

/** PDFKit's own text calls: one a cell, in an embedded font, as its guide shows them. */
async function withPdfKit(rows: number, file: string, fonts: string): Promise<void> {
  const { default: PDFDocument } = await import("pdfkit");
  const doc = new PDFDocument({
    size: "A4",
    layout: "landscape",
    margins: { top: 50, bottom: 40, left: 40, right: 40 },
  });
  const out = createWriteStream(file);
  doc.pipe(out);
  // Paths, not names made with registerFont: an alias is parsed again at each use.
  const [regular, bold] = [`${fonts}/Inter-Regular.ttf`, `${fonts}/Inter-SemiBold.ttf`];
  const lefts = WIDTHS.map((_, i) => 40 + WIDTHS.slice(0, i).reduce((a, b) => a + b, 0));
  let y = 0;
  const line = (cells: readonly string[]): void => {
    cells.forEach((cell, i) => {
      const align = i > 5 ? "right" : "left";
      doc.text(cell, (lefts[i] ?? 0) + 4, y, { width: (WIDTHS[i] ?? 0) - 8, align, lineBreak: false });
    });
    y += 14;
  };
  const header = (): void => {
    y = 56;
    doc.font(bold).fontSize(SIZE).fillColor("#0f172a");
    line(HEADINGS);
    doc.font(regular);
  };
  header();
  let n = 0;
  for (const row of shownRows(rows)) {
    if (y > 540) {
      doc.addPage();
      header();
    }
    if (n++ % 2 === 1)
      doc
        .rect(40, y - 3, 762, 14)
        .fill("#f8fafc")
        .fillColor("#0f172a");
    line(row);
  }
  doc.end();
  await finished(out);
}

async function withPdfMake(rows: number, file: string, fonts: string): Promise<void> {
  const pdfmake = createRequire(import.meta.url)("pdfmake") as PdfMake;
  const inter = { normal: `${fonts}/Inter-Regular.ttf`, bold: `${fonts}/Inter-SemiBold.ttf` };
  pdfmake.addFonts({ Inter: inter });
  const numbers = (cells: readonly string[], bold: boolean): unknown[] =>
    cells.map((text, i) => ({ text, bold, alignment: i > 5 ? "right" : "left" }));
  const body = [numbers(HEADINGS, true)];
  for (const row of shownRows(rows)) body.push(numbers(row, false));
  const fill = (i: number): string | null => (i % 2 === 0 && i > 0 ? "#f8fafc" : null);
  const pdf = pdfmake.createPdf({
    pageSize: "A4",
    pageOrientation: "landscape",
    pageMargins: [40, 50, 40, 40],
    defaultStyle: { font: "Inter", fontSize: SIZE },
    content: [
      {
        table: { headerRows: 1, widths: WIDTHS.map((width) => width - 9), body },
        layout: { fillColor: fill, hLineWidth: () => 0, vLineWidth: () => 0 },
      },
    ],
  });
  await pdf.write(file);
}

interface PdfMake {
  addFonts(fonts: Readonly<Record<string, unknown>>): void;
  createPdf(document: unknown): { write(file: string): Promise<void> };
}

const [, , writer = "", rows = "0", file = "", fonts = "", ...totals] = process.argv;
const run = WRITERS[writer];
if (run === undefined) throw new Error(`there is no writer "${writer}"`);
await run(Number(rows), file, fonts, totals);
reportPeak();
