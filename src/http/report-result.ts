import type { z } from "zod/mini";
import type { reportResultSchema } from "../contract/schemas/reports.ts";
import type { QueryResult, Row } from "../core/query/query.ts";
import type { DocumentSection, ReportDocument, TableStream } from "../core/reports/document.ts";

/**
 * A document to look at: each table with its first rows. What is not shown is said in the table's completeness.
 * @param rows most rows of a table
 * @throws what the tables throw; all of them are ended either way
 */
export async function reportResult(
  document: ReportDocument,
  rows: number,
  signal: AbortSignal,
): Promise<z.infer<typeof reportResultSchema>> {
  const { title, description, tenant, range, generatedAt, dataAsOf, demo } = document;
  const waiting = new Set(document.sections.filter((section) => section.kind === "table"));
  const sections: unknown[] = [];
  try {
    for (const section of document.sections) {
      signal.throwIfAborted();
      if (section.kind === "table") waiting.delete(section);
      sections.push(await shown(section, rows));
    }
  } finally {
    for (const section of waiting) await end(section.table);
  }
  return {
    title,
    description,
    tenant,
    range,
    generatedAt,
    dataAsOf,
    demo,
    sections: sections as z.infer<typeof reportResultSchema>["sections"],
  };
}

async function shown(section: DocumentSection, rows: number): Promise<unknown> {
  const { kind } = section;
  if (kind === "heading" || kind === "text") return { kind, text: section.text };
  if (kind === "kpis") return { kind, items: section.items };
  if (kind === "failed") return section;
  const { id, title } = section;
  if (kind === "chart") return { kind, id, title, chart: section.chart, data: section.data };
  return { kind, id, title, detail: section.detail, data: await firstRows(section.table, rows) };
}

async function firstRows(table: TableStream, most: number): Promise<QueryResult> {
  const rows: Row[] = [];
  for await (const batch of table.batches()) {
    rows.push(...batch.slice(0, most - rows.length));
    if (rows.length >= most) break;
  }
  const { completeness } = table.head;
  if (rows.length >= completeness.rows) return { ...table.head, rows };
  const note = `The first ${rows.length} of ${completeness.rows} rows are shown; an export carries them all.`;
  return {
    ...table.head,
    completeness: {
      ...completeness,
      rows: rows.length,
      complete: false,
      notes: [...completeness.notes, note],
    },
    rows,
  };
}

/** Ends a table nobody read. A generator lets go of what it holds only once it has been started. */
async function end(table: TableStream): Promise<void> {
  const iterator = table.batches()[Symbol.asyncIterator]();
  await iterator.next().catch(() => undefined);
  await iterator.return?.().catch(() => undefined);
}
