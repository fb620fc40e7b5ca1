import type { ReportDocument } from "../../core/reports/document.ts";
import { describeRange } from "../../core/time/ranges.ts";
import type { Renderer, RenderOptions } from "../../ports/renderer.ts";
import { instantLabel } from "./blocks/cover.ts";
import { PdfWriter } from "./pdf-writer.ts";
import { compose } from "./compose.ts";
import type { Format } from "./table/columns.ts";
import { themeOf } from "./theme.ts";

/** Paper in points, upright (ISO 216 and ANSI). */
const PAPER = { A4: { width: 595.28, height: 841.89 }, letter: { width: 612, height: 792 } } as const;
/** Bytes gathered before they are handed on. */
const CHUNK = 64 * 1024;

/**
 * Reports as tagged PDF 1.7 files (PDF/UA-1, PDF/A-2a), streamed page by page.
 * @param fonts folder of the font files
 */
export function createPdfRenderer(fonts: string): Renderer {
  return {
    format: "pdf",
    render: (document, options = {}) => write(document, options, fonts),
  };
}

async function* write(
  document: ReportDocument,
  options: RenderOptions,
  fonts: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const format = formatOf(document, options);
  const pdf = newWriter(document, format, fonts);
  const pages = compose(pdf, document, format);
  try {
    for (let page = await pages.next(); page.done !== true; page = await pages.next())
      if (pdf.file.waiting >= CHUNK) yield* taken(pdf);
    await pdf.end();
    yield* taken(pdf);
  } finally {
    // A consumer that stopped reading, or an error: the row streams end, the rest is forgotten.
    await pages.return();
    pdf.abandon();
  }
}

function newWriter(document: ReportDocument, format: Format, fonts: string): PdfWriter {
  const { width, height } = format.paper;
  const generated = new Date(document.generatedAt);
  const info = {
    title: document.title,
    author: document.tenant.name,
    subject: document.description === "" ? document.title : document.description,
    language: document.language,
    created: Number.isNaN(generated.getTime()) ? new Date(0) : generated,
    creator: "SecureBase Analytics",
  };
  const running = {
    left: `${document.tenant.name}  ·  ${document.title}`,
    right: describeRange(document.range),
    footer: `Generated ${instantLabel(document.generatedAt)}`,
    demo: document.demo,
  };
  const size = format.landscape ? { width: height, height: width } : { width, height };
  return new PdfWriter(info, themeOf(document.branding), running, size, fonts);
}

function* taken(pdf: PdfWriter): Generator<Uint8Array> {
  const bytes = pdf.file.take();
  if (bytes !== null) yield bytes;
}

/** Columns from which a report that begins with a table, as an export of a query does, lies on its side throughout. */
const WIDE = 8;

function formatOf(document: ReportDocument, options: RenderOptions): Format {
  const paper = PAPER[options.page?.size ?? "A4"];
  const mayTurn = options.page === undefined;
  const first = document.sections[0];
  const wide = mayTurn && first?.kind === "table" && first.table.head.columns.length >= WIDE;
  return { paper, landscape: wide || options.page?.orientation === "landscape", mayTurn };
}
