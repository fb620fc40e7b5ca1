import type { SourceName } from "../../ports/load.ts";

/**
 * The spellings of a column of the Cost and Usage Report: `lineItem/UnblendedCost` in the legacy CSV files,
 * `line_item_unblended_cost` in the legacy Parquet files and in CUR 2.0.
 * https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html
 */
export function spellings(name: string): readonly [legacy: SourceName, snake: SourceName] {
  const snake = name
    .replace("/", "_")
    .replaceAll(/([A-Z]+)/g, (letters: string) =>
      letters.length > 1 ? `_${Array.from(letters).join("_")}` : `_${letters}`,
    )
    .replaceAll(/_+/g, "_")
    .toLowerCase();
  return [name, snake];
}

/** A column of the `product/…` family, which CUR 2.0 may hold as a key of its `product` map. */
export function product(name: string): readonly SourceName[] {
  const [legacy, snake] = spellings(`product/${name}`);
  return [legacy, snake, `product->${snake.slice("product_".length)}`];
}

/** What every row must have: money, its currency, its bill and its time. */
export const REQUIRED = {
  cost: spellings("lineItem/UnblendedCost"),
  currency: spellings("lineItem/CurrencyCode"),
  period: spellings("bill/BillingPeriodStartDate"),
  start: spellings("lineItem/UsageStartDate"),
} as const;

/** Families of columns that the report defines and no fact is made of. */
export const IGNORED: readonly string[] = [
  ...["identity", "bill", "lineItem", "pricing", "product", "reservation", "savingsPlan", "discount"].map(
    (family) => `${family}/*`,
  ),
  ...["identity", "bill", "line_item", "pricing", "product", "reservation", "savings_plan", "discount"].map(
    (family) => `${family}_*`,
  ),
  ...["splitLineItem/*", "split_line_item_*", "capacity_reservation_*", "product", "discount"],
  // Partition columns of the tables that Glue makes of a delivery.
  ...["year", "month", "billing_period"],
];
