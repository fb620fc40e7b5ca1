import { chartData } from "../../core/charts/series.ts";
import { problemText } from "../../core/errors/errors.ts";
import { detailTable, type DocumentSection, type ReportDocument } from "../../core/reports/document.ts";
import { describeRange } from "../../core/time/ranges.ts";
import type { Renderer } from "../../ports/renderer.ts";
import { type OpenRows, renderStream } from "../shared/streams.ts";
import { counted } from "../shared/text.ts";
import { aboutSheet } from "./about.ts";
import { CellNotes } from "./cells.ts";
import { type BoundChart, ChartSheet } from "./chart-sheet.ts";
import { chartXml } from "./charts.ts";
import { contentTypes } from "./content-types.ts";
import { drawingRelationships, drawingXml, type Picture } from "./drawing.ts";
import { parseLogo } from "../../core/tenants/logo.ts";
import { lookOf } from "./look.ts";
import { SharedStrings } from "./strings.ts";
import { StyleBook } from "./styles.ts";
import { Summary, type SummaryPart } from "./summary.ts";
import {
  SHEET_LIMITS,
  type SheetLimits,
  type TableContext,
  tableEntries,
  type WrittenTable,
} from "./table.ts";
import { themeXml } from "./theme.ts";
import {
  appProperties,
  coreProperties,
  packageRelationships,
  relationship,
  relationships,
  type SheetEntry,
  Workbook,
} from "./workbook.ts";
import { type ZipEntry, zipStream } from "./zip.ts";

/**
 * An Excel workbook (ECMA-376, SpreadsheetML): a summary with cards and native charts, one sheet a table (more where a
 * table has more rows than a sheet), the data of the charts, and the manifest. Rows are written as they are pulled.
 */
export const xlsxRenderer: Renderer = {
  format: "xlsx",
  render: (document) => renderWorkbook(document),
};

/** The renderer with other limits of a sheet, for tests of what happens at them. */
export function renderWorkbook(
  document: ReportDocument,
  limits: SheetLimits = SHEET_LIMITS,
): AsyncIterable<Uint8Array> {
  return renderStream(document, (open) => zipStream(entries(document, open, limits)));
}

type Tables = Map<DocumentSection, WrittenTable>;

/** The parts of the package. Tables first, as they stream; what depends on them (names, notes, styles) behind. */
async function* entries(
  document: ReportDocument,
  open: OpenRows,
  limits: SheetLimits,
): AsyncGenerator<ZipEntry, void, undefined> {
  const look = lookOf(document.branding);
  const workbook = new Workbook();
  const context: TableContext = {
    styles: new StyleBook(),
    strings: new SharedStrings(),
    notes: new CellNotes(),
    workbook,
    look,
    limits,
  };
  const summary = workbook.add("Summary");
  const about = workbook.add("About this export", "back");
  yield part("_rels/.rels", packageRelationships());
  yield part("docProps/core.xml", coreProperties(document));
  yield part("docProps/app.xml", appProperties(document));
  yield part("xl/theme/theme1.xml", themeXml(look.brand));
  const tables: Tables = new Map();
  for (const section of document.sections) {
    if (section.kind !== "table") continue;
    const written: WrittenTable = { sheets: [], rows: 0 };
    tables.set(section, written);
    const { title, table } = section;
    const input = { title, head: table.head, rows: open(table), footer: footerOf(document) };
    yield* tableEntries(input, context, written);
  }
  const charts = yield* chartEntries(document, context);
  const picture = pictureOf(document);
  const manifest = document.manifest();
  const notes = [...manifest.notes, ...context.notes.list()];
  yield* summaryEntries(document, context, { summary, tables, charts, picture, notes });
  const columns = detailTable(document).table.head.columns;
  yield part(
    sheetPath(about),
    aboutSheet({ ...manifest, notes }, columns, context.styles, look, summary.name),
  );
  yield { name: "xl/sharedStrings.xml", content: context.strings.xml() };
  yield part("xl/styles.xml", context.styles.xml());
  yield part("xl/workbook.xml", workbook.xml());
  yield part("xl/_rels/workbook.xml.rels", workbook.relationships());
  const drawing = charts.bound.size > 0 || picture !== undefined;
  const sheets = workbook.sheets.map((sheet) => sheet.number);
  yield part("[Content_Types].xml", contentTypes(sheets, charts.bound.size, drawing));
}

function part(name: string, xml: string): ZipEntry {
  return { name, content: Buffer.from(xml) };
}

function sheetPath(sheet: SheetEntry): string {
  return `xl/worksheets/sheet${sheet.number}.xml`;
}

function footerOf({ title, tenant, range }: ReportDocument): string {
  return `${title}, ${tenant.name}, ${describeRange(range)}`;
}

interface WrittenCharts {
  /** Charts that are drawn natively, in order. */
  bound: Map<DocumentSection, BoundChart>;
  sheet: SheetEntry | undefined;
}

/** The chart parts and the sheet they are bound to; nothing when the report has no native chart. */
function* chartEntries(
  document: ReportDocument,
  { workbook, styles, look }: TableContext,
): Generator<ZipEntry, WrittenCharts, undefined> {
  const drawn = document.sections.flatMap((section) => {
    if (section.kind !== "chart") return [];
    const data = chartData(section.chart, section.data);
    return data.shape === "grid" ? [] : [{ section, data }];
  });
  const bound = new Map<DocumentSection, BoundChart>();
  if (drawn.length === 0) return { bound, sheet: undefined };
  const sheet = workbook.add("Chart data");
  const cells = new ChartSheet(sheet.name, styles, look);
  for (const { section, data } of drawn) bound.set(section, cells.add(section.title, data));
  yield part(sheetPath(sheet), cells.xml());
  let number = 0;
  for (const chart of bound.values())
    yield part(`xl/charts/chart${++number}.xml`, chartXml(chart, look.brand));
  return { bound, sheet };
}

interface SummaryInput {
  summary: SheetEntry;
  tables: Tables;
  charts: WrittenCharts;
  picture: Picture | undefined;
  notes: readonly string[];
}

function* summaryEntries(
  document: ReportDocument,
  context: TableContext,
  { summary, tables, charts, picture, notes }: SummaryInput,
): Generator<ZipEntry, void, undefined> {
  const page = new Summary(context.styles, context.look);
  const remarks = new Map<string, string>();
  for (const { sheets, rows } of tables.values()) {
    sheets.forEach((sheet, i) => remarks.set(sheet.name, i === 0 ? counted(rows, "row") : "continued"));
  }
  const others = context.workbook.sheets.filter((sheet) => sheet !== summary);
  page.head(
    document,
    others.map((sheet) => ({ name: sheet.name, note: remarks.get(sheet.name) ?? "" })),
  );
  for (const section of document.sections) page.add(summaryPart(section, tables, charts));
  page.notes(notes);
  const drawing = page.charts.length > 0 || picture !== undefined;
  yield part(sheetPath(summary), page.xml(drawing ? "rId1" : undefined, footerOf(document)));
  if (!drawing) return;
  yield part(
    `xl/worksheets/_rels/sheet${summary.number}.xml.rels`,
    relationships([relationship("rId1", "drawing", "../drawings/drawing1.xml")]),
  );
  yield part("xl/drawings/drawing1.xml", drawingXml(page.charts, picture));
  yield part("xl/drawings/_rels/drawing1.xml.rels", drawingRelationships(page.charts.length, picture));
  if (picture !== undefined) {
    const { bytes, extension } = picture.logo;
    yield { name: `xl/media/logo.${extension}`, content: bytes, stored: true };
  }
}

function summaryPart(section: DocumentSection, tables: Tables, charts: WrittenCharts): SummaryPart {
  switch (section.kind) {
    case "heading":
    case "text":
    case "kpis":
      return section;
    case "failed":
      return { kind: "failed", title: section.title, text: problemText("This part", section.problem) };
    case "table": {
      const written = tables.get(section);
      const sheets = written?.sheets.map((sheet) => sheet.name) ?? [];
      return { kind: "table", title: section.title, rows: written?.rows ?? 0, sheets };
    }
    case "chart": {
      const chart = charts.bound.get(section);
      if (chart !== undefined) return { kind: "chart", chart };
      const grid = chartData(section.chart, section.data);
      if (grid.shape !== "grid") throw new Error(`chart ${section.id} was not drawn`);
      return { kind: "heatmap", title: section.title, grid };
    }
  }
}

function pictureOf({ branding, tenant }: ReportDocument): Picture | undefined {
  const logo = branding.logo === undefined ? undefined : parseLogo(branding.logo);
  if (logo === undefined) return undefined;
  return { logo, column: 11, row: 1, width: 165, height: 52, description: `Logo of ${tenant.name}` };
}
