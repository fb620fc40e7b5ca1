import { describeRange } from "../../core/time/ranges.ts";
import type { Column } from "../../core/query/query.ts";
import type { Manifest, ManifestTotal } from "../../core/reports/manifest.ts";
import { columnTitle } from "../shared/columns.ts";
import { Grid } from "./grid.ts";
import type { Look } from "./look.ts";
import { sheetFoot, sheetHead } from "./sheet.ts";
import type { StyleBook } from "./styles.ts";

/** What the demo banner says, on every sheet that has one. */
export const DEMO_TEXT = "DEMO DATA: generated numbers, not a real bill.";

const LINE_CHARACTERS = 105;

/**
 * The sheet "About this export": the manifest, so that the file can be checked against its source and the other
 * formats. Totals are text here, since a number cell keeps only 15 digits.
 * @param columns of the detail table, for the names of the totals
 */
export function aboutSheet(
  manifest: Manifest,
  columns: readonly Column[],
  styles: StyleBook,
  look: Look,
  summary: string,
): string {
  const grid = new Grid(styles);
  let row = 1;
  grid.merge(0, row, 2, { text: "About this export" }, { ...look.title, size: 18 });
  grid.height(row, 30);
  if (manifest.demo) {
    grid.merge(0, ++row, 2, { text: DEMO_TEXT }, look.demo);
    grid.height(row, 22);
  }
  row += 1;
  for (const [label, value] of facts(manifest, columns)) {
    grid.set(0, row, { text: label }, { ...look.body, bold: true, vertical: "top" });
    grid.set(
      1,
      row,
      { text: value },
      { ...look.body, wrap: true, vertical: "top", quoted: /^[=+\-@]/.test(value) },
    );
    const lines = value
      .split("\n")
      .reduce((sum, line) => sum + Math.ceil(Math.max(1, line.length) / LINE_CHARACTERS), 0);
    grid.height(row++, Math.min(400, Math.max(18, lines * 15 + 3)));
  }
  grid.set(0, row + 1, { text: "Back to the summary" }, look.link);
  grid.link(0, row + 1, summary);
  return (
    sheetHead({ widths: [30, 100] }) +
    grid.xml() +
    sheetFoot({ merges: grid.merges, links: grid.links, landscape: false, textArea: `A1:B${row}` })
  );
}

/** The manifest as labels and values, for people. */
function facts(manifest: Manifest, columns: readonly Column[]): [string, string][] {
  const { tenant, range, rowsWritten, rowsTotal } = manifest;
  const count = (n: number): string => n.toLocaleString("en-US");
  return [
    ["Report", manifest.title],
    ["Tenant", `${tenant.name} (${tenant.id})`],
    ["Period", `${describeRange(range)}, days of ${range.zone}`],
    ["From, to (not included)", `${range.from}, ${range.to}`],
    ["Generated at", manifest.generatedAt],
    ["Data as of", manifest.dataAsOf ?? "No data was loaded"],
    ["Rows written", count(rowsWritten)],
    ["Rows in total", count(rowsTotal)],
    ["Complete", manifest.complete ? "Yes: every row is here" : "No: see the notes"],
    ...manifest.totals.flatMap((total) =>
      Object.entries(total.values).map(([id, value]): [string, string] => [
        `Total ${titleOf(columns, id, total)}`,
        value,
      ]),
    ),
    ["Dataset hash", manifest.datasetHash],
    ["Question", JSON.stringify(manifest.query, null, 2)],
    ["Notes", manifest.notes.length === 0 ? "None" : manifest.notes.join("\n")],
    ["Generator", manifest.generator],
  ];
}

function titleOf(columns: readonly Column[], id: string, { unit, of }: ManifestTotal): string {
  const column = columns.find((candidate) => candidate.id === id);
  if (column === undefined) return id;
  const title = columnTitle(column);
  if (column.type === "percent") {
    const named = title.includes("%") ? title : `${title} (%)`;
    return of === undefined || of === null ? named : `${named}, ${of}`;
  }
  return column.unit === undefined && unit !== null ? `${title} (${unit})` : title;
}
