import { DATASET_IDS, DATASETS, type Dataset, type DatasetId } from "../../core/metrics/datasets.ts";
import { identifier, sqlType } from "../../duckdb/sql.ts";

/** Raised when tables change shape; `openDatabase` migrates older files or refuses newer ones. */
export const SCHEMA_VERSION = 1;

/** The table that holds a dataset's facts. */
export function factTable(dataset: DatasetId): string {
  return `facts_${dataset}`;
}

/** Columns every fact table starts with, before the dataset's own. */
export const FACT_PREFIX = ["tenant", "day", "load_id"] as const;

/**
 * Fact tables carry the tenant as a small integer (`tenant_keys`), because row groups are pruned by minimum and
 * maximum and text keys with a shared prefix are not; loads insert sorted by tenant and day for the same reason.
 */
function createFactTable(dataset: Dataset): string {
  const columns = dataset.columns.map((column) => `${identifier(column.name)} ${sqlType(column.type)}`);
  return `CREATE TABLE ${factTable(dataset.id)} (
    tenant INTEGER NOT NULL, day DATE NOT NULL, load_id INTEGER NOT NULL, ${columns.join(", ")})`;
}

/** The statements that make an empty store. */
export function createSchema(): string[] {
  return [
    "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    `INSERT INTO meta VALUES ('schema_version', '${SCHEMA_VERSION}')`,
    "CREATE SEQUENCE load_ids START 1",
    "CREATE SEQUENCE tenant_key_ids START 1",
    // 0 is the unassigned tenant.
    "CREATE TABLE tenant_keys (key INTEGER PRIMARY KEY, id VARCHAR NOT NULL UNIQUE)",
    "INSERT INTO tenant_keys VALUES (0, 'unassigned')",
    "CREATE TABLE tenants (id VARCHAR PRIMARY KEY, record VARCHAR NOT NULL)",
    "CREATE TABLE accounts (account VARCHAR PRIMARY KEY, tenant VARCHAR NOT NULL)",
    // One row a partition of a load: the current one only, since a load replaces the one before.
    `CREATE TABLE loads (load_id INTEGER NOT NULL, id VARCHAR NOT NULL, tenant INTEGER NOT NULL, dataset VARCHAR NOT NULL,
      source VARCHAR NOT NULL, period VARCHAR NOT NULL, format VARCHAR NOT NULL, files VARCHAR NOT NULL,
      rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL)`,
    // Counts every change of a tenant's facts; part of cache keys.
    "CREATE TABLE versions (tenant INTEGER NOT NULL, dataset VARCHAR NOT NULL, version BIGINT NOT NULL, as_of TIMESTAMP)",
    "CREATE TABLE reports (tenant INTEGER NOT NULL, id VARCHAR NOT NULL, etag VARCHAR NOT NULL, record VARCHAR NOT NULL)",
    "CREATE TABLE exports (tenant INTEGER NOT NULL, id VARCHAR NOT NULL, record VARCHAR NOT NULL)",
    ...DATASET_IDS.map((id) => createFactTable(DATASETS[id])),
  ];
}
