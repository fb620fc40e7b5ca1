import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { LoadRecord } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { instantOf, rowsOf } from "./sql.ts";

/** The loads behind the current facts, newest first. */
export async function listLoads(
  database: Database,
  filter: { tenant?: string; limit?: number },
): Promise<LoadRecord[]> {
  const where = filter.tenant === undefined ? "" : "WHERE k.id = $1";
  const limit = filter.limit === undefined ? "" : `LIMIT ${Math.trunc(filter.limit)}`;
  const rows = await database.read((connection) =>
    rowsOf(
      connection,
      `SELECT l.id, k.id, l.dataset, l.source, l.period, l.format, l.files, l.rows, l.loaded_at::VARCHAR
        FROM loads l JOIN tenant_keys k ON k.key = l.tenant ${where}
        ORDER BY l.loaded_at DESC, l.load_id DESC ${limit}`,
      filter.tenant === undefined ? [] : [filter.tenant],
    ),
  );
  return rows.map(([id, tenant, dataset, source, period, format, files, count, loadedAt]) => ({
    id: String(id),
    tenant: String(tenant),
    dataset: String(dataset) as DatasetId,
    source: String(source),
    period: String(period),
    format: String(format),
    files: JSON.parse(String(files)) as string[],
    rows: Number(count),
    loadedAt: instantOf(String(loadedAt)),
  }));
}
