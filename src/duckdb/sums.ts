import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS, type DatasetId } from "../core/metrics/datasets.ts";
import { canonicalDecimal } from "../core/money/decimal.ts";
import type { CurrencySums } from "../ports/staged.ts";
import { identifier, rowsOf, textOf } from "./sql.ts";

/**
 * Sums of a dataset's amounts by currency, exact.
 * @param measures ids; a dataset that has none of them has no sums
 * @param from what to select them from, with its condition
 */
export async function sumsByCurrency(
  connection: DuckDBConnection,
  dataset: DatasetId,
  measures: readonly string[],
  from: string,
): Promise<CurrencySums[]> {
  const summed = DATASETS[dataset].measures.filter(({ id }) => measures.includes(id));
  const unit = summed.map((measure) => measure.unit).find((each) => "column" in each);
  if (unit === undefined || !("column" in unit)) return [];
  const columns = summed.map(({ column }) => `sum(${identifier(column)})::VARCHAR`);
  const rows = await rowsOf(
    connection,
    `SELECT ${[identifier(unit.column), ...columns].join(", ")} FROM ${from} GROUP BY 1 ORDER BY 1 NULLS LAST`,
  );
  return rows.map(([currency, ...values]) => ({
    currency: textOf(currency),
    values: Object.fromEntries(
      summed.map((measure, i) => {
        const value = textOf(values[i]);
        return [measure.id, value === null ? null : canonicalDecimal(value)];
      }),
    ),
  }));
}
