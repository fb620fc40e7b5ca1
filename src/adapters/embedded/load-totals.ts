import type { DuckDBConnection } from "@duckdb/node-api";
import type { Dataset } from "../../core/metrics/datasets.ts";
import { canonicalDecimal } from "../../core/money/decimal.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { CurrencyTotals, LoadReport } from "../../ports/load.ts";
import type { OpenedPartition } from "./partitions.ts";
import { factTable, identifier } from "./schema.ts";
import { integerList, rowsOf, textOf } from "./sql.ts";
import type { Staging } from "./staging.ts";

/** Sums of a dataset's money in one currency, by measure. */
export interface MoneySums {
  currency: string | null;
  values: Record<string, string | null>;
}

/** The money of all staged facts, by currency. */
export async function stagedMoney(
  connection: DuckDBConnection,
  { table, dataset }: Staging,
): Promise<MoneySums[]> {
  return table === undefined ? [] : moneySums(connection, dataset, table);
}

/** The money of the partitions just stored, by currency. */
export async function storedMoney(
  connection: DuckDBConnection,
  dataset: Dataset,
  opened: readonly OpenedPartition[],
): Promise<MoneySums[]> {
  if (opened.length === 0) return [];
  const loads = integerList(opened.map((partition) => partition.loadId));
  return moneySums(connection, dataset, `${factTable(dataset.id)} WHERE load_id IN (${loads})`);
}

async function moneySums(connection: DuckDBConnection, dataset: Dataset, from: string): Promise<MoneySums[]> {
  const measures = dataset.measures.filter((m) => m.format === "money" && m.kind === "counter");
  const unit = measures[0]?.unit;
  if (unit === undefined || !("column" in unit)) return [];
  const sums = measures.map((measure) => `sum(${identifier(measure.column)})::VARCHAR`);
  const rows = await rowsOf(
    connection,
    `SELECT ${identifier(unit.column)}, ${sums.join(", ")} FROM ${from} GROUP BY 1 ORDER BY 1 NULLS LAST`,
  );
  return rows.map(([currency, ...values]) => ({
    currency: textOf(currency),
    values: Object.fromEntries(
      measures.map((measure, i) => {
        const value = textOf(values[i]);
        return [measure.id, value === null ? null : canonicalDecimal(value)];
      }),
    ),
  }));
}

export function joinTotals(source: readonly MoneySums[], loaded: readonly MoneySums[]): CurrencyTotals[] {
  return source.map(({ currency, values }) => ({
    currency,
    source: values,
    loaded: loaded.find((sums) => sums.currency === currency)?.values ?? {},
  }));
}

/** The accounts of staged facts that no tenant claims. */
export async function unassignedAccounts(
  connection: DuckDBConnection,
  { table, dataset, parts }: Staging,
): Promise<LoadReport["unassigned"]> {
  const unclaimed = parts.flatMap(({ tenant }, part) => (tenant === UNASSIGNED ? [part] : []));
  if (table === undefined || unclaimed.length === 0) return [];
  const name = dataset.columns.some((column) => column.name === "sub_account_name")
    ? "any_value(sub_account_name)"
    : "NULL";
  const rows = await rowsOf(
    connection,
    `SELECT coalesce(${identifier(dataset.accountColumn)}, '') AS account, ${name}, count(*) FROM ${table}
      WHERE part IN (${integerList(unclaimed)}) GROUP BY account ORDER BY account`,
  );
  return rows.map(([account, label, count]) => ({
    account: String(account),
    name: textOf(label),
    rows: Number(count),
  }));
}
