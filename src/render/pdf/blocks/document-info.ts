import { type Manifest, totalText } from "../../../core/reports/manifest.ts";
import type { Column } from "../../../core/query/query.ts";
import type { PdfWriter, Target } from "../pdf-writer.ts";
import type { Element } from "../tags.ts";
import { MARGIN, TEXT } from "../theme.ts";
import { queryText } from "./about.ts";
import { paragraph } from "./titles.ts";

const TITLE = 18;
const GAP = 2;

/**
 * What a report of one page says about itself: the same facts as on the last page of a long one, but for those that
 * its first page has at its top, as lines of small print.
 * @param columns of the detail table, for the labels of its totals
 */
export function documentInfoLines(
  manifest: Manifest,
  columns: readonly Column[],
  notes: readonly string[],
): string[] {
  const { rowsWritten, rowsTotal, complete, tenant, totals } = manifest;
  const label = (id: string): string => columns.find((column) => column.id === id)?.label ?? id;
  const sums = totals.flatMap((total) =>
    Object.entries(total.values).map(([id, value]) => `${label(id)} ${totalText(value, total)}`),
  );
  const count = (value: number): string => value.toLocaleString("en-US");
  const rows = `${count(rowsWritten)} of ${count(rowsTotal)} rows, ${complete ? "complete" : "not complete"}`;
  return [
    `Tenant ${tenant.id}  ·  ${rows}  ·  ${manifest.generator}  ·  dataset hash ${manifest.datasetHash}`,
    ...(sums.length > 0 ? [`Totals, exact: ${sums.join(", ")}`] : []),
    ...(manifest.demo ? ["Demo data, generated for demonstration; not a real bill."] : []),
    ...notes.map((note) => `•  ${note}`),
    `Query ${queryText(manifest)}`,
  ];
}

/** Points of height that the lines take with their title. */
export function documentInfoHeight(pdf: PdfWriter, lines: readonly string[]): number {
  const leading = TEXT.tiny * 1.45;
  const heights = lines.map((line) => pdf.shaper.wrap(line, pdf.width, TEXT.tiny).length * leading + GAP);
  return heights.reduce((sum, height) => sum + height, TITLE);
}

/** Draws the lines at the current position of the page. */
export function drawDocumentInfo(
  pdf: PdfWriter,
  parent: Element,
  lines: readonly string[],
  placed: (target: Target) => void,
): void {
  if (pdf.room < documentInfoHeight(pdf, lines)) pdf.next();
  const title = "About this report";
  placed(pdf.bookmark(title, 1));
  const { page, theme } = pdf;
  page.canvas.tagged("H2", parent, () => {
    page.canvas.text(title, MARGIN.x, page.y + 9, { size: TEXT.small, bold: true, color: theme.brandText });
  });
  page.y += TITLE - 3;
  for (const line of lines) paragraph(pdf, parent, line, { size: TEXT.tiny, color: theme.muted, gap: GAP });
}
