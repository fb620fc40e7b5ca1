import { DATASET_IDS, DATASETS, type Dataset, type DatasetId } from "../../core/metrics/datasets.ts";
import { identifier, sqlType } from "../../duckdb/sql.ts";

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

/**
 * Records of all kinds, and what no two records of a kind may share. `space` is the tenant's id, empty for what belongs
 * to none. Neither table has an index: they are small, answers are known without them, and the engine refuses a key
 * that one transaction deletes and inserts again.
 */
export const RECORD_TABLES: readonly string[] = [
  `CREATE TABLE records (space VARCHAR NOT NULL, kind VARCHAR NOT NULL, id VARCHAR NOT NULL, revision VARCHAR NOT NULL,
    version INTEGER NOT NULL, position VARCHAR, expires_at TIMESTAMP, body VARCHAR NOT NULL)`,
  `CREATE TABLE record_keys (space VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
    value VARCHAR NOT NULL, id VARCHAR NOT NULL)`,
];

/** The accounts that changed hands, each with the number of its last change; they count on together. */
export const OWNER_CHANGES = "CREATE TABLE owner_changes (number BIGINT NOT NULL, account VARCHAR NOT NULL)";

/** The statements that make an empty store, beside its version; `migrations.ts` brings older ones to the same. */
export function createSchema(): string[] {
  return [
    "CREATE SEQUENCE load_ids START 1",
    "CREATE SEQUENCE tenant_key_ids START 1",
    // 0 is the unassigned tenant.
    "CREATE TABLE tenant_keys (key INTEGER PRIMARY KEY, id VARCHAR NOT NULL UNIQUE)",
    "INSERT INTO tenant_keys VALUES (0, 'unassigned')",
    // One row a partition of a load: the current one only, since a load replaces the one before.
    `CREATE TABLE loads (load_id INTEGER NOT NULL, id VARCHAR NOT NULL, tenant INTEGER NOT NULL, dataset VARCHAR NOT NULL,
      source VARCHAR NOT NULL, period VARCHAR NOT NULL, format VARCHAR NOT NULL, files VARCHAR NOT NULL,
      rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL, follows VARCHAR)`,
    OWNER_CHANGES,
    // Counts every change of a tenant's facts; part of cache keys.
    "CREATE TABLE versions (tenant INTEGER NOT NULL, dataset VARCHAR NOT NULL, version BIGINT NOT NULL, as_of TIMESTAMP)",
    ...RECORD_TABLES,
    ...DATASET_IDS.map((id) => createFactTable(DATASETS[id])),
  ];
}
