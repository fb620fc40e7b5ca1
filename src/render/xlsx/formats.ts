import type { ValueFormat } from "../../core/charts/abbreviate.ts";
import { currencyDigits, formatMoney } from "../../core/money/format.ts";
import type { Column, ColumnType } from "../../core/query/query.ts";

/** Decimals of a quantity, and of an amount whose currency is not known. */
const DIGITS = 2;

/** The symbol or code in front of an amount, quoted for a format: `"$"`. */
function symbolOf(currency: string | undefined): string {
  if (currency === undefined) return "";
  const symbol = formatMoney("0", currency).replace(/[\d.,]+$/, "");
  return `"${symbol.replaceAll('"', "")}"`;
}

/** The decimals a number is shown with; undefined where it is not money or a quantity. */
export function shownDigits(type: ColumnType, unit: string | undefined): number | undefined {
  if (type === "quantity") return DIGITS;
  if (type !== "money") return undefined;
  return unit === undefined ? DIGITS : currencyDigits(unit);
}

/**
 * The format of numbers that the usual one would round to 0: all their digits, since a cost must not look free. A
 * format of its own and not a conditional section of the usual one, in which some programs drop the minus sign.
 */
export function tinyFormat(type: ColumnType, unit: string | undefined): string {
  return `${type === "money" ? symbolOf(unit) : ""}0.00########`;
}

/** The format of a chart's value axis: as many decimals as tell the ticks of a scale up to `greatest` apart. */
export function axisFormat({ type, unit }: ValueFormat, greatest: number): string {
  if (type === "percent") return "0%";
  const symbol = type === "money" ? symbolOf(unit ?? undefined) : "";
  const digits = greatest >= 10 || greatest <= 0 ? 0 : Math.min(8, 1 - Math.floor(Math.log10(greatest)));
  return `${symbol}#,##0${digits === 0 || type === "integer" ? "" : `.${"0".repeat(digits)}`}`;
}

export const INTEGER = "#,##0";
export const PERCENT = "0.0%";
export const SIGNED_PERCENT = "+0.0%;-0.0%;0.0%";
export const DATE = "yyyy-mm-dd";
export const MONTH = "mmm yyyy";
/** Excel knows no time zones: the format says which one it is. */
export const INSTANT = 'yyyy-mm-dd hh:mm:ss" UTC"';

/** The number format of a column's cells; of a money column without a shared currency, of cells in `unit`. */
export function columnFormat(
  column: Pick<Column, "type" | "unit" | "grain" | "id">,
  unit = column.unit,
): string | undefined {
  switch (column.type) {
    case "money":
    case "quantity": {
      const digits = shownDigits(column.type, unit) ?? DIGITS;
      const symbol = column.type === "money" ? symbolOf(unit) : "";
      return `${symbol}#,##0${digits === 0 ? "" : `.${"0".repeat(digits)}`}`;
    }
    case "integer":
      return INTEGER;
    case "percent":
      return column.id.endsWith(".change_percent") ? SIGNED_PERCENT : PERCENT;
    case "date":
      return column.grain === "month" ? MONTH : DATE;
    case "instant":
      return INSTANT;
    case "string":
      return undefined;
  }
}
