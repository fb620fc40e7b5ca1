import type { DuckDBConnection } from "@duckdb/node-api";
import { type DatasetId, DATASETS } from "../../core/metrics/datasets.ts";
import { canonicalDecimal } from "../../core/money/decimal.ts";
import { LOAD_TOTALS, type PartitionTotals } from "../../ports/metric-store.ts";
import { factTable } from "./schema.ts";
import { identifier, integerList, rowsOf, textOf } from "../../duckdb/sql.ts";

/**
 * What the facts of partitions add up to, by currency.
 * @param loadIds values of the fact tables' `load_id` column
 * @returns by load id; one without facts, or of a dataset without amounts, is not in it
 */
export async function moneyByLoad(
  connection: DuckDBConnection,
  dataset: DatasetId,
  loadIds: readonly number[],
): Promise<Map<number, PartitionTotals[]>> {
  const measures = DATASETS[dataset].measures.filter(({ id }) => LOAD_TOTALS[dataset].includes(id));
  const unit = measures[0]?.unit;
  const found = new Map<number, PartitionTotals[]>();
  if (unit === undefined || !("column" in unit) || loadIds.length === 0) return found;
  const sums = measures.map(({ column }) => `sum(${identifier(column)})::VARCHAR`);
  const rows = await rowsOf(
    connection,
    `SELECT load_id, ${identifier(unit.column)}, ${sums.join(", ")} FROM ${factTable(dataset)}
      WHERE load_id IN (${integerList(loadIds)}) GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST`,
  );
  for (const [loadId, currency, ...values] of rows) {
    const totals = found.get(Number(loadId)) ?? [];
    found.set(Number(loadId), totals);
    const amounts = measures.map(({ id }, i): [string, string | null] => {
      const value = textOf(values[i]);
      return [id, value === null ? null : canonicalDecimal(value)];
    });
    totals.push({ currency: textOf(currency), values: Object.fromEntries(amounts) });
  }
  return found;
}
