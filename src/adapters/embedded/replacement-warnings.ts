import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { identifier, integerList, rowsOf } from "../../duckdb/sql.ts";
import { listed } from "../../ports/load.ts";
import type { StagedDataset } from "../../ports/staged.ts";
import { factTable } from "./schema.ts";

/**
 * What the partitions being replaced hold and this delivery does not, and who else has facts of the same source and
 * period: both may be meant, and both are how money is lost or counted twice. Snapshots are not warned of.
 */
export async function replacementWarnings(
  connection: DuckDBConnection,
  { dataset, partitions, accounts }: StagedDataset,
): Promise<string[]> {
  if (accounts === null) return [];
  const rows = await rowsOf(
    connection,
    `SELECT k.id, l.source, l.period, l.load_id, l.rows FROM loads l JOIN tenant_keys k ON k.key = l.tenant
      WHERE l.dataset = $1 ORDER BY ALL`,
    [dataset],
  );
  const mine = new Set(partitions.map((p) => JSON.stringify([p.tenant, p.source, p.period])));
  const delivered = new Set(partitions.map((p) => JSON.stringify([p.source, p.period])));
  const replaced: number[] = [];
  const warnings: string[] = [];
  for (const [tenant, source, period, loadId, count] of rows) {
    if (!delivered.has(JSON.stringify([source, period]))) continue;
    if (mine.has(JSON.stringify([tenant, source, period]))) replaced.push(Number(loadId));
    else if (Number(count) > 0) {
      warnings.push(
        `${String(tenant)} keeps ${String(count)} rows of ${String(source)} ${String(period)} from an earlier load, none of which this delivery holds for it`,
      );
    }
  }
  const held = await accountsOf(connection, dataset, replaced);
  const present = new Set(accounts);
  const gone = held.filter((account) => !present.has(account));
  if (gone.length > 0) {
    warnings.push(`accounts that the replaced load had and this delivery lacks: ${listed(gone)}`);
  }
  return warnings;
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
