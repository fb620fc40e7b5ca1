import { STATUS_TEXT } from "../../core/charts/palette.ts";
import { problemText } from "../../core/errors/errors.ts";
import type { DocumentSection, FailedSection, ReportDocument } from "../../core/reports/document.ts";
import { detailTable, failuresOf } from "../../core/reports/document.ts";
import type { Manifest } from "../../core/reports/manifest.ts";
import { drawAbout, queryText } from "./blocks/about.ts";
import { cardHeight, type ChartBlock, chartBlock, drawCharts, ROW_GAP, rowHeight } from "./blocks/charts.ts";
import { type ContentsPages, drawContents, type Entry, reserveContents } from "./blocks/contents.ts";
import { drawCover } from "./blocks/cover.ts";
import { drawKpis, KPI_HEIGHT } from "./blocks/kpis.ts";
import { drawDocumentInfo, documentInfoHeight, documentInfoLines } from "./blocks/document-info.ts";
import { blockTitle, heading, paragraph } from "./blocks/titles.ts";
import type { PdfWriter, Target } from "./pdf-writer.ts";
import type { Element } from "./tags.ts";
import type { Format } from "./table/columns.ts";
import { drawTable } from "./table/table.ts";
import { TEXT } from "./theme.ts";

/** A normalized part of the report: what to draw, with its heading level and its entry in the table of contents. */
type Block =
  | { kind: "heading"; text: string; entry: Entry }
  | { kind: "text"; text: string }
  | { kind: "kpis"; section: Extract<DocumentSection, { kind: "kpis" }> }
  | { kind: "charts"; charts: ChartBlock[] }
  | { kind: "failed"; section: FailedSection; level: 2 | 3; entry: Entry }
  | { kind: "table"; section: Extract<DocumentSection, { kind: "table" }>; level: 2 | 3; entry: Entry };

/** From so many rows and titles a report gets a table of contents. */
const LONG = { rows: 150, titles: 3 };

/** Sections to blocks: levels by the headings above, small charts in rows, an entry of the contents each. */
function normalize(document: ReportDocument): { blocks: Block[]; entries: Entry[] } {
  const blocks: Block[] = [];
  const entries: Entry[] = [];
  let level: 2 | 3 = 2;
  const enter = (title: string, at: 1 | 2): Entry => {
    const entry: Entry = { title, level: at };
    entries.push(entry);
    return entry;
  };
  for (const section of document.sections) {
    if (section.kind === "heading") {
      level = 3;
      blocks.push({ kind: "heading", text: section.text, entry: enter(section.text, 1) });
    } else if (section.kind === "text") blocks.push({ kind: "text", text: section.text });
    else if (section.kind === "kpis") blocks.push({ kind: "kpis", section });
    else {
      const entry = enter(section.title, level === 2 ? 1 : 2);
      if (section.kind === "table") blocks.push({ kind: "table", section, level, entry });
      else if (section.kind === "failed") blocks.push({ kind: "failed", section, level, entry });
      else
        addChart(
          blocks,
          chartBlock(section, level, (target: Target) => (entry.target = target)),
        );
    }
  }
  return { blocks, entries };
}

function addChart(blocks: Block[], chart: ChartBlock): void {
  const last = blocks.at(-1);
  const row = last?.kind === "charts" ? last.charts : [];
  const abreast = Math.min(chart.abreast, ...row.map((other) => other.abreast));
  if (row.length > 0 && row.length < abreast) row.push(chart);
  else blocks.push({ kind: "charts", charts: [chart] });
}

/**
 * Draws the document and yields after each page that was finished, so that the caller can pass its bytes on.
 * @throws DomainError whatever a row stream throws
 */
export async function* compose(
  pdf: PdfWriter,
  document: ReportDocument,
  format: Format,
): AsyncGenerator<void, void, undefined> {
  const root = pdf.tags.document;
  const { blocks, entries } = normalize(document);
  const about: Entry = { title: "About this report", level: 1 };
  const notes = drawCover(pdf, document, root);
  await pdf.file.imagesWritten();
  const contents = isLong(document, entries) ? reserveContents(pdf, root, [...entries, about]) : undefined;
  for (const [i, block] of blocks.entries()) {
    const rest = blocks.slice(i);
    if (document.layout === "compact" && areCharts(rest))
      drawCharts(pdf, root, rest[0].charts, sharedHeight(pdf, document, rest, notes));
    else yield* drawBlock(pdf, root, block, follow(pdf, blocks[i + 1]), format);
  }
  drawLastPage(pdf, document, about, notes, format, contents);
  yield;
}

type Failed = Extract<Block, { kind: "failed" }>;
/** Points that a title and a few lines of text take. */
const FAILED_HEIGHT = 60;

type Charts = Extract<Block, { kind: "charts" }>;

function areCharts(blocks: readonly Block[]): blocks is readonly [Charts, ...Charts[]] {
  return blocks.length > 0 && blocks.every(({ kind }) => kind === "charts");
}

/** Points below which a chart's card cannot be read. */
const LEAST_CARD = 114;
/** Kept free for a note that only the last chart's text may call for. */
const SPARE = 14;

/** The height of each of the last rows of charts when they share what the closing lines leave of the page. */
function sharedHeight(
  pdf: PdfWriter,
  document: ReportDocument,
  rows: readonly [Charts, ...Charts[]],
  notes: readonly string[],
): number {
  const closing = documentInfoHeight(pdf, closingLines(pdf, document, notes)) + SPARE;
  const share = (pdf.room - closing) / rows.length - ROW_GAP;
  const best = rowHeight(pdf, rows[0].charts);
  return share < LEAST_CARD ? best : Math.min(share, best * 1.25);
}

function isLong(document: ReportDocument, entries: readonly Entry[]): boolean {
  const rows = document.sections.reduce(
    (sum, section) => sum + (section.kind === "table" ? section.table.head.completeness.rows : 0),
    0,
  );
  return entries.length >= LONG.titles && rows >= LONG.rows;
}

async function* drawBlock(
  pdf: PdfWriter,
  root: Element,
  block: Block,
  after: number,
  format: Format,
): AsyncGenerator<void, void, undefined> {
  if (block.kind === "table") {
    const { section, level, entry } = block;
    const placed = (target: Target): void => void (entry.target = target);
    const table = { title: section.title, stream: section.table, level, parent: root, format, placed };
    yield* drawTable(pdf, table);
    return;
  }
  const before = pdf.page.number;
  upright(pdf, format);
  if (block.kind === "heading")
    heading(pdf, root, block.text, after, (target) => (block.entry.target = target));
  else if (block.kind === "text")
    paragraph(pdf, root, block.text, { size: TEXT.body, color: pdf.theme.ink, gap: 10 });
  else if (block.kind === "kpis") drawKpis(pdf, root, block.section.items);
  else if (block.kind === "failed") drawFailed(pdf, root, block);
  else drawCharts(pdf, root, block.charts);
  if (pdf.page.number !== before) yield;
}

/** Draws a part that could not be computed: its title and the reason. */
function drawFailed(pdf: PdfWriter, parent: Element, { section, level, entry }: Failed): void {
  if (pdf.room < FAILED_HEIGHT) pdf.next();
  const { title, problem } = section;
  blockTitle(pdf, { title, level, parent, placed: (target) => (entry.target = target) }, "");
  const text = problemText("This part", problem);
  paragraph(pdf, parent, text, { size: TEXT.body, color: STATUS_TEXT.bad, gap: 14 });
}

/** Starts a page in the report's own orientation when a wide table has turned the current one. */
function upright(pdf: PdfWriter, format: Format): void {
  const { width, height } = format.paper;
  const size = format.landscape ? { width: height, height: width } : { width, height };
  if (pdf.page.width !== size.width) pdf.next(size);
}

/** Points that the next block needs at least, so that no heading is left alone at the foot of a page. */
function follow(pdf: PdfWriter, next: Block | undefined): number {
  if (next === undefined) return 0;
  if (next.kind === "kpis") return KPI_HEIGHT;
  if (next.kind === "charts") {
    const width = (pdf.width - 10 * (next.charts.length - 1)) / next.charts.length;
    return Math.min(420, Math.max(...next.charts.map((chart) => cardHeight(pdf, chart, width))));
  }
  return next.kind === "table" ? 140 : 50;
}

function drawLastPage(
  pdf: PdfWriter,
  document: ReportDocument,
  about: Entry,
  notes: readonly string[],
  format: Format,
  contents: ContentsPages | undefined,
): void {
  upright(pdf, format);
  const placed = (target: Target): void => void (about.target = target);
  if (document.layout === "compact")
    drawDocumentInfo(pdf, pdf.tags.document, closingLines(pdf, document, notes), placed);
  else {
    const manifest = document.manifest();
    const columns = detailTable(document).table.head.columns;
    drawAbout(pdf, pdf.tags.document, manifest, columns, allNotes(pdf, manifest, notes), placed);
  }
  if (contents !== undefined) drawContents(pdf, contents);
}

/** Without the manifest's other notes, which the detail table has under its title. */
function closingLines(pdf: PdfWriter, document: ReportDocument, notes: readonly string[]): string[] {
  const manifest = document.manifest();
  const { columns } = detailTable(document).table.head;
  const failures = failuresOf(document.sections).map(({ message }) => message);
  return documentInfoLines(manifest, columns, [...failures, ...notes, ...missingNotes(pdf, manifest)]);
}

/** The manifest's notes, those of drawing, and one about characters that no font has. */
function allNotes(pdf: PdfWriter, manifest: Manifest, notes: readonly string[]): string[] {
  return [...manifest.notes, ...notes, ...missingNotes(pdf, manifest)];
}

function missingNotes(pdf: PdfWriter, manifest: Manifest): string[] {
  // It counts what the query shows, too.
  pdf.shaper.shape(queryText(manifest));
  const missing = pdf.shaper.missingNote();
  return missing === undefined ? [] : [missing];
}
