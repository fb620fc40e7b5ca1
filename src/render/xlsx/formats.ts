import { currencyDigits, formatMoney } from "../../core/money/format.ts";
import type { Column } from "../../core/query/query.ts";

/**
 * The number format of an amount. What would round to 0 shows its digits instead, since a cost must not look free:
 * conditional sections, the third for all that the first two leave (ECMA-376 part 1, 18.8.31).
 */
export function moneyFormat(currency: string | undefined): string {
  if (currency === undefined) return numberFormat("", 2);
  return numberFormat(
    `"${formatMoney("0", currency)
      .replace(/[\d.,]+$/, "")
      .replaceAll('"', "")}"`,
    currencyDigits(currency),
  );
}

function numberFormat(symbol: string, digits: number): string {
  if (digits === 0) return `${symbol}#,##0`;
  const decimals = "0".repeat(digits);
  const half = `0.${"0".repeat(digits)}5`;
  return `[>=${half}]${symbol}#,##0.${decimals};[<=-${half}]-${symbol}#,##0.${decimals};${symbol}0.${decimals}########`;
}

export const QUANTITY = numberFormat("", 2);
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
      return moneyFormat(unit);
    case "quantity":
      return QUANTITY;
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
