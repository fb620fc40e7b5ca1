export interface TextColumn {
  label: string;
  align?: "left" | "right";
}

/** A table for a terminal: a header, a rule, one line a row; `·` where there is no value. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly (string | null)[])[],
): string {
  const cells = rows.map((row) => columns.map((_, i) => oneLine(row[i] ?? "·")));
  const widths = columns.map((column, i) =>
    Math.max(width(column.label), ...cells.map((row) => width(row[i] ?? ""))),
  );
  const line = (values: readonly string[]): string =>
    values
      .map((value, i) => pad(value, widths[i] ?? 0, columns[i]?.align ?? "left"))
      .join("  ")
      .trimEnd();
  const rule = widths.map((w) => "─".repeat(w)).join("  ");
  return [line(columns.map((column) => column.label)), rule, ...cells.map(line)]
    .map((text) => `${text}\n`)
    .join("");
}

/** Control characters would let a data file move the cursor or change colours of the reader's terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

function pad(text: string, to: number, align: "left" | "right"): string {
  const space = " ".repeat(Math.max(0, to - width(text)));
  return align === "right" ? space + text : text + space;
}

function width(text: string): number {
  return Array.from(text).length;
}
