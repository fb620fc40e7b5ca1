import { formatPercent } from "../../../core/money/format.ts";
import { moneyFormatter, quantityFormatter } from "../../../core/money/formatter.ts";
import { tryParseDecimal } from "../../../core/money/decimal.ts";
import { dateLabel } from "../../../core/charts/scale.ts";
import type { Cell, Column, Row } from "../../../core/query/query.ts";

/** Shown for a value that is not known. */
export const UNKNOWN = "—";

/** The text of a column's cell; `unit` overrides the column's, for totals that come one a unit. */
export type CellText = (cell: Cell, row: Row, unit?: string | null) => string;

/** Whether a column is lined up on its decimal point. */
export function isNumeric(column: Column): boolean {
  return (
    column.type === "money" ||
    column.type === "quantity" ||
    column.type === "integer" ||
    column.type === "percent"
  );
}

/** How each column of a table turns its cells into text. */
export function cellTexts(columns: readonly Column[]): CellText[] {
  const currencyAt = columns.findIndex((column) => column.id === "currency");
  return columns.map((column) => {
    const text = textOf(column, currencyAt);
    return (cell, row, unit) => (cell === null ? UNKNOWN : text(cell, row, unit));
  });
}

function textOf(
  column: Column,
  currencyAt: number,
): (cell: string, row: Row, unit?: string | null) => string {
  switch (column.type) {
    case "money":
      return moneyText(column.unit, currencyAt);
    case "quantity":
      return guarded(quantityFormatter(2));
    case "integer":
      return guarded(quantityFormatter(0));
    case "percent":
      return guarded((cell) => formatPercent(cell, column.id.endsWith(".change_percent")));
    case "date":
      return (cell) =>
        column.grain === "month" && /^\d{4}-\d\d-\d\d$/.test(cell) ? dateLabel(cell, "month") : cell;
    case "instant":
      return (cell) => cell.replace("T", " ").replace(/(?:\.\d+)?Z$/, " UTC");
    case "string":
      if (column.repeatedIds === true) return shortId;
      return (cell) => (cell === "" ? UNKNOWN : cell);
  }
}

/** Characters that a repeated id is abbreviated to: the first group of a UUID, one of four billion. */
const SHORT_ID = 8;

function shortId(cell: string): string {
  return cell === "" ? UNKNOWN : cell.length > SHORT_ID + 1 ? `${cell.slice(0, SHORT_ID)}…` : cell;
}

/** Notes about columns whose ids are shown abbreviated. */
export function shortIdNotes(columns: readonly Column[]): string[] {
  return columns
    .filter(({ repeatedIds }) => repeatedIds === true)
    .map(
      ({ label }) => `${label} shows how its ids begin; the same table as CSV, XLSX or JSON has them whole.`,
    );
}

/** A value that is no number after all is shown as it is, so that one odd cell does not cost the report. */
function guarded(format: (cell: string) => string): (cell: string) => string {
  return (cell) => {
    try {
      return format(cell);
    } catch {
      return cell;
    }
  };
}

function moneyText(
  shared: string | undefined,
  currencyAt: number,
): (cell: string, row: Row, unit?: string | null) => string {
  const formatters = new Map<string, (amount: string) => string>();
  const plain = guarded(quantityFormatter(2));
  const of = (currency: string): ((amount: string) => string) => {
    let formatter = formatters.get(currency);
    if (formatter === undefined) formatters.set(currency, (formatter = guarded(moneyFormatter(currency))));
    return formatter;
  };
  const sharedFormatter = shared === undefined ? undefined : of(shared);
  return (cell, row, unit) => {
    if (sharedFormatter !== undefined) return sharedFormatter(cell);
    const currency = unit ?? row[currencyAt] ?? undefined;
    return currency === undefined ? plain(cell) : of(currency)(cell);
  };
}

/** The heading of a column: its label, with the unit that its cells do not show. */
export function headingOf(column: Column): string {
  const shown = column.unit !== undefined && column.type === "quantity" && !COUNTED.has(column.unit);
  const label = column.grain === "week" ? `${column.label} of` : column.label;
  return shown ? `${label} (${column.unit})` : label;
}

const COUNTED = new Set(["findings", "results"]);

/** Whether the text is a number, for aligning it on its decimal point. */
export function isNumber(cell: Cell): boolean {
  return cell !== null && tryParseDecimal(cell) !== undefined;
}
