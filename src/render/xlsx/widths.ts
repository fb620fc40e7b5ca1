import type { Cell, Column, ResultHead, Row } from "../../core/query/query.ts";
import { columnTitle } from "../shared/columns.ts";

const MIN_WIDTH = 9;
const MAX_WIDTH = 60;
/** Rows looked at: enough to see what a column holds, few enough to cost nothing. */
const SAMPLE = 500;
/** Room for the filter button in a heading. */
const BUTTON = 3;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

/** Column widths in characters of the default font, from the headings, the first rows and the totals. */
export function columnWidths(head: ResultHead, rows: readonly Row[]): number[] {
  const samples = [
    ...rows.slice(0, SAMPLE),
    ...head.totals.map((total) => total.cells),
    ...(head.others === null ? [] : [head.others.cells]),
  ];
  return head.columns.map((column, i) => {
    let longest = textWidth(columnTitle(column)) + BUTTON;
    for (const row of samples) longest = Math.max(longest, cellWidth(row[i] ?? null, column));
    return Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, longest * 1.05 + 2)) * 100) / 100;
  });
}

/** Characters of a text, the wide ones of East Asia counted twice (Unicode Standard Annex 11). */
export function textWidth(text: string): number {
  const line = text.length > MAX_WIDTH ? text.slice(0, MAX_WIDTH) : text;
  return line.length + (line.match(WIDE)?.length ?? 0);
}

function cellWidth(cell: Cell, column: Column): number {
  if (cell === null) return 0;
  switch (column.type) {
    case "string":
      return textWidth(cell);
    case "date":
      return 10;
    case "instant":
      return 23;
    case "percent":
      return (cell.split(".")[0]?.length ?? 0) + 4;
    case "money":
    case "quantity":
    case "integer": {
      const whole = cell.split(".")[0]?.length ?? 0;
      return (
        whole +
        Math.floor(whole / 3) +
        (column.type === "integer" ? 0 : 3) +
        (column.type === "money" ? 2 : 0)
      );
    }
  }
}
