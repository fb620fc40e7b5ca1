import type { Row } from "../../core/query/query.ts";
import {
  detailTable,
  type DocumentSection,
  type ReportDocument,
  type TableStream,
} from "../../core/reports/document.ts";
import { type Manifest, manifestTotals } from "../../core/reports/manifest.ts";
import type { Renderer } from "../../ports/renderer.ts";
import { ByteWriter } from "../shared/bytes.ts";
import { type OpenRows, renderStream } from "../shared/streams.ts";
import { surrogateNote, wellFormed } from "../shared/text.ts";
import { type RowWriter, rowWriter } from "./cells.ts";

const CHUNK = 128 * 1024;
const [FIRST, NEXT] = [Buffer.from("[\n"), Buffer.from(",\n")];
const [LINE_START, LINE_END] = [Buffer.from('{"row":'), Buffer.from("}\n")];
/** Names the structure of the document; a change that breaks readers gets a new number. */
export const JSON_VERSION = "securebase-report/1";

/**
 * One JSON document: `version`, what the report is, its `sections`, then of the detail table `columns`, `rows` (objects
 * by column id, decimals as strings), `others`, `totals`, and last the `manifest`, which is known only then.
 */
export const jsonRenderer: Renderer = {
  format: "json",
  render: (document, options = {}) =>
    renderStream(document, (open) => (options.lines === true ? lines : whole)(document, open)),
};

/**
 * The same as newline-delimited JSON, for readers that stream. Every line is an object with one key that says what it
 * is: `head` first, one `row` a row, `others` where there is one, `manifest` last.
 */
export const jsonLinesRenderer: Renderer = {
  format: "json",
  render: (document) => renderStream(document, (open) => lines(document, open)),
};

type Written<Result = void> = AsyncGenerator<Uint8Array, Result, undefined>;

async function* whole(document: ReportDocument, open: OpenRows): Written {
  const { table } = detailTable(document);
  const out = new ByteWriter(CHUNK);
  let replaced = yield* beginning(document, open, out);
  const writer = rowWriter(table.head.columns);
  yield* rowArray(table, open, out, writer);
  replaced += writer.replaced;
  out.text(`,\n"totals":${json(totalsOf(table))},\n"manifest":${json(manifest(document, replaced))}\n}\n`);
  yield out.take();
}

/** Everything before the rows of the detail table. @returns number of cells in which text was replaced */
async function* beginning(document: ReportDocument, open: OpenRows, out: ByteWriter): Written<number> {
  const { table } = detailTable(document);
  let replaced = 0;
  out.text(`${withoutEnd(about(document))},\n"sections":[`);
  for (const [i, section] of document.sections.entries()) {
    out.text(i === 0 ? "\n" : ",\n");
    if (section.kind === "table" && !section.detail) replaced += yield* sideTable(section, open, out);
    else out.text(json(sectionData(section)));
  }
  out.text(`\n],\n"columns":${json(table.head.columns)},\n"rows":`);
  return replaced;
}

async function* lines(document: ReportDocument, open: OpenRows): Written {
  const { table } = detailTable(document);
  const { columns, others, completeness } = table.head;
  const out = new ByteWriter(CHUNK);
  const writer = rowWriter(columns);
  out.text(`${json({ head: { ...about(document), columns, totals: totalsOf(table), completeness } })}\n`);
  for await (const batch of open(table)) {
    for (const row of batch) {
      out.bytes(LINE_START);
      writer.write(out, row);
      out.bytes(LINE_END);
      if (out.full) yield out.take();
    }
  }
  if (others !== null) out.text(`${json({ others: othersOf(table) })}\n`);
  out.text(`${json({ manifest: manifest(document, writer.replaced) })}\n`);
  yield out.take();
}

/** The rows and the others row of a table, without the comma that follows. */
async function* rowArray(table: TableStream, open: OpenRows, out: ByteWriter, writer: RowWriter): Written {
  let isFirst = true;
  for await (const batch of open(table)) {
    for (const row of batch) {
      out.bytes(isFirst ? FIRST : NEXT);
      isFirst = false;
      writer.write(out, row);
      if (out.full) yield out.take();
    }
  }
  out.text(`${isFirst ? "[" : "\n"}],\n"others":${json(othersOf(table))}`);
}

async function* sideTable(
  section: Extract<DocumentSection, { kind: "table" }>,
  open: OpenRows,
  out: ByteWriter,
): Written<number> {
  const { id, title, table } = section;
  const { columns, completeness } = table.head;
  out.text(`${withoutEnd({ kind: "table", id, title, detail: false, columns, completeness })},"rows":`);
  const writer = rowWriter(columns);
  yield* rowArray(table, open, out, writer);
  out.text(`,"totals":${json(totalsOf(table))}}`);
  return writer.replaced;
}

function about(document: ReportDocument): object {
  const { title, description, tenant, range, generatedAt, dataAsOf, demo, language } = document;
  return { version: JSON_VERSION, title, description, tenant, range, generatedAt, dataAsOf, demo, language };
}

function sectionData(section: DocumentSection): object {
  switch (section.kind) {
    case "heading":
    case "text":
    case "kpis":
    case "failed":
      return section;
    case "chart": {
      const { kind, id, title, chart, data } = section;
      const { columns, rows, completeness } = data;
      const named = rows.map((row) => byColumn(data, row));
      const totals = manifestTotals(columns, data.totals);
      return {
        kind,
        id,
        title,
        chart,
        columns,
        rows: named,
        others: othersOf({ head: data }),
        totals,
        completeness,
      };
    }
    case "table":
      // The rows of the detail table are the document's own, below.
      return { kind: "table", id: section.id, title: section.title, detail: true };
  }
}

function byColumn(head: Pick<TableStream["head"], "columns">, row: Row): object {
  return Object.fromEntries(head.columns.map((column, i) => [column.id, row[i] ?? null]));
}

function othersOf({ head }: Pick<TableStream, "head">): object | null {
  return head.others === null
    ? null
    : { groups: head.others.groups, cells: byColumn(head, head.others.cells) };
}

function totalsOf({ head }: Pick<TableStream, "head">): Manifest["totals"] {
  return manifestTotals(head.columns, head.totals);
}

function manifest(document: ReportDocument, replaced: number): Manifest {
  const complete = document.manifest();
  const note = surrogateNote(replaced);
  return note === undefined ? complete : { ...complete, notes: [...complete.notes, note] };
}

/** JSON text without lone surrogates, which strict readers refuse. */
function json(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? wellFormed(part) : part));
}

/** JSON text of an object without its closing brace, for more members to follow. */
function withoutEnd(value: object): string {
  return json(value).slice(0, -1);
}
