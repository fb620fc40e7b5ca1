import type { z } from "zod/mini";
import type { reportResultSchema } from "../contract/schemas/reports.ts";
import type { QueryResult, Row } from "../core/query/query.ts";
import type { DocumentSection, ReportDocument, TableStream } from "../core/reports/document.ts";

/**
 * A document to look at: each table with its first rows. What is not shown is said in the table's completeness.
 * @param document whose tables are in memory, with `rows` rows at least where they have as many
 * @param rows most rows of a table
 */
export async function reportResult(
  document: ReportDocument,
  rows: number,
): Promise<z.infer<typeof reportResultSchema>> {
  const { title, description, tenant, range, generatedAt, dataAsOf, demo } = document;
  const sections: unknown[] = [];
  for (const section of document.sections) sections.push(await shown(section, rows));
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
  if (most > 0) {
    for await (const batch of table.batches()) {
      rows.push(...batch.slice(0, most - rows.length));
      if (rows.length >= most) break;
    }
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
