import { stat } from "node:fs/promises";
import { DomainError } from "../core/errors/errors.ts";
import type { ImportLimits } from "../core/limits/limits.ts";
import { tooLarge } from "../core/limits/too-large.ts";
import type { LoadRecord, MetricStore } from "../ports/metric-store.ts";
import type { StagedLoad } from "../ports/staged.ts";

/**
 * Refuses staged facts that would take more room than an import, or a tenant, may have.
 * @throws DomainError `import.too-large`, `import.tenant-full`
 */
export async function checkRoom(store: MetricStore, staged: StagedLoad, limits: ImportLimits): Promise<void> {
  let bytes = 0;
  for (const { paths } of staged.datasets) for (const path of paths) bytes += (await stat(path)).size;
  if (bytes > limits.storedBytes)
    throw tooLarge(`Its facts take ${bytes} bytes to store`, limits.storedBytes, "bytes");
  for (const [tenant, added] of rowsByTenant(staged)) {
    const kept = (await store.loads({ tenant })).filter((load) => !isReplaced(staged, load));
    const rows = kept.reduce((sum, load) => sum + load.rows, added);
    if (rows > limits.tenantRows) throw tenantFull(tenant, rows, limits.tenantRows);
  }
}

function rowsByTenant({ datasets }: StagedLoad): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { partitions } of datasets)
    for (const partition of partitions)
      if (partition.rows > 0) rows.set(partition.tenant, (rows.get(partition.tenant) ?? 0) + partition.rows);
  return rows;
}

function isReplaced({ datasets }: StagedLoad, { dataset, tenant, source, period }: LoadRecord): boolean {
  return datasets.some(
    (staged) =>
      staged.dataset === dataset &&
      staged.partitions.some(
        (each) => each.tenant === tenant && each.source === source && each.period === period,
      ),
  );
}

function tenantFull(tenant: string, rows: number, most: number): DomainError {
  return new DomainError(
    "import.tenant-full",
    "too-large",
    `${tenant} would have ${rows} rows; a tenant may have ${most}`,
    { fix: "Remove loads that are not needed any more, or ask the operator to raise the limit." },
  );
}
