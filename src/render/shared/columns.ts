import { DATASETS } from "../../core/metrics/datasets.ts";
import type { Column, ResultHead } from "../../core/query/query.ts";

/**
 * A column's heading, the same in every format: its label, with the currency or unit when all rows share one and the
 * cells alone would not tell it (`Billed cost (USD)`).
 */
export function columnTitle(column: Column): string {
  const shown = column.unit !== undefined && (column.type === "money" || column.type === "quantity");
  return shown ? `${column.label} (${column.unit})` : column.label;
}

/** Whether cells are canonical decimals, never text. */
export function isNumeric(column: Column): boolean {
  switch (column.type) {
    case "money":
    case "quantity":
    case "integer":
    case "percent":
      return true;
    case "string":
    case "date":
    case "instant":
      return false;
  }
}

/**
 * For a measure in several currencies or units, the index of the column that names each row's.
 * @returns undefined when the column carries one unit, or the result does not say
 */
export function unitColumn(head: ResultHead, column: Column): number | undefined {
  if (column.unit !== undefined) return undefined;
  const { measures, dimensions } = DATASETS[head.dataset];
  const measure = measures.find((m) => m.id === column.id || column.id.startsWith(`${m.id}.`));
  if (measure === undefined || !("column" in measure.unit) || column.type === "percent") return undefined;
  const { column: source } = measure.unit;
  const ids = dimensions.filter((d) => d.column === source).map((d) => d.id);
  const index = head.columns.findIndex((candidate) => ids.includes(candidate.id));
  return index < 0 ? undefined : index;
}
