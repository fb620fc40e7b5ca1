import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { identifier, integerList, rowsOf } from "../../duckdb/sql.ts";
import type { ReplacedFacts, StagedDataset, StagedPartition } from "../../ports/staged.ts";
import { factTable } from "./schema.ts";

/** What the store holds of the sources and periods that a load brings anew; nothing where it is not asked for. */
export async function earlierFacts(
  connection: DuckDBConnection,
  { dataset, partitions, accounts }: StagedDataset,
): Promise<Pick<ReplacedFacts, "accounts" | "kept">> {
  if (accounts === null) return { accounts: [], kept: [] };
  const rows = await rowsOf(
    connection,
    `SELECT k.id, l.source, l.period, l.load_id, l.rows FROM loads l JOIN tenant_keys k ON k.key = l.tenant
      WHERE l.dataset = $1 ORDER BY ALL`,
    [dataset],
  );
  const mine = new Set(partitions.map((p) => JSON.stringify([p.tenant, p.source, p.period])));
  const delivered = new Set(partitions.map((p) => JSON.stringify([p.source, p.period])));
  const replaced: number[] = [];
  const kept: StagedPartition[] = [];
  for (const row of rows) {
    const [tenant = "", source = "", period = ""] = row.map(String);
    const count = Number(row[4]);
    if (!delivered.has(JSON.stringify([source, period]))) continue;
    if (mine.has(JSON.stringify([tenant, source, period]))) replaced.push(Number(row[3]));
    else if (count > 0) kept.push({ tenant, source, period, rows: count });
  }
  return { accounts: await accountsOf(connection, dataset, replaced), kept };
}

async function accountsOf(
  connection: DuckDBConnection,
  dataset: StagedDataset["dataset"],
  loadIds: readonly number[],
): Promise<string[]> {
  if (loadIds.length === 0) return [];
  const column = identifier(DATASETS[dataset].accountColumn);
  const rows = await rowsOf(
    connection,
    `SELECT DISTINCT ${column} FROM ${factTable(dataset)}
      WHERE load_id IN (${integerList(loadIds)}) AND ${column} IS NOT NULL ORDER BY 1`,
  );
  return rows.map(([account]) => String(account));
}
