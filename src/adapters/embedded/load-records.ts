import type { DuckDBConnection } from "@duckdb/node-api";
import { type Dataset, DATASETS } from "../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../core/metrics/facts.ts";
import { canonicalDecimal } from "../../core/money/decimal.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { CurrencyTotals, LoadReport, RecordLoad } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import {
  type LoadMeta,
  type NewPartition,
  newLoadName,
  type OpenedPartition,
  previewPartitions,
  replacePartitions,
} from "./partitions.ts";
import { factTable, identifier } from "./schema.ts";
import { execute, integerList, rowsOf, textOf } from "./sql.ts";
import { Staging } from "./staging.ts";

/**
 * Loads facts made one by one: they are staged aside while readers and other writers go on, then take the place of
 * their partitions in one transaction.
 * @throws DomainError `import.invalid-fact`; what the record stream throws; the signal's reason when aborted
 */
export async function loadRecords(
  database: Database,
  input: RecordLoad,
  options: LoadOptions,
): Promise<LoadReport> {
  const { signal } = options;
  signal?.throwIfAborted();
  const connection = await database.acquire();
  const interrupt = (): void => connection.interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    const staging = await Staging.create(connection, DATASETS[input.dataset]);
    await staging.fill(input.records, (rows) => {
      signal?.throwIfAborted();
      options.onProgress?.({ phase: "reading", rows });
    });
    const report = await storeStaged(database, connection, staging, input, options);
    signal?.removeEventListener("abort", interrupt);
    await staging.drop();
    database.release(connection);
    return report;
  } catch (error) {
    // The staged rows go with their connection.
    connection.disconnectSync();
    if (signal?.aborted === true) throw signal.reason;
    throw database.translate(error);
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

async function storeStaged(
  database: Database,
  connection: DuckDBConnection,
  staging: Staging,
  input: RecordLoad,
  options: LoadOptions,
): Promise<LoadReport> {
  const dataset = DATASETS[input.dataset];
  const source = await moneyTotals(connection, dataset, staging.table);
  const partitions = await stagedPartitions(connection, staging.table, input.partitions);
  const unassigned = await unassignedAccounts(connection, dataset, staging.table);
  let replaced: readonly (PartitionKey & { replacedRows: number })[];
  let loaded = source;
  if (input.dryRun) {
    replaced = await previewPartitions(connection, input.dataset, partitions);
  } else {
    options.onProgress?.({ phase: "storing", rows: staging.rows });
    const load: LoadMeta = {
      id: newLoadName(),
      dataset: input.dataset,
      format: input.format,
      files: input.files,
      loadedAt: input.loadedAt,
    };
    [replaced, loaded] = await database.writeOn(connection, async () => {
      const opened = await replacePartitions(connection, load, partitions);
      await insertStaged(connection, dataset, staging, opened);
      const sums = await moneyTotals(connection, dataset, factTable(dataset.id), opened);
      options.signal?.throwIfAborted();
      return [opened, sums] as const;
    });
  }
  return {
    dataset: input.dataset,
    format: input.format,
    version: "",
    files: input.files,
    rowsRead: staging.rows + input.rejections.count,
    rowsAccepted: staging.rows,
    rowsRejected: input.rejections.count,
    rejections: input.rejections.kept,
    totals: joinTotals(source, loaded),
    partitions: partitions.map(({ tenant, source, period, rows }, i) => ({
      tenant,
      source,
      period,
      rows,
      replacedRows: replaced[i]?.replacedRows ?? 0,
    })),
    unassigned,
    warnings: [],
    dryRun: input.dryRun,
  };
}

/** The partitions that facts fell in, and those that were named and stayed empty. */
async function stagedPartitions(
  connection: DuckDBConnection,
  table: string,
  named: readonly PartitionKey[],
): Promise<NewPartition[]> {
  const rows = await rowsOf(
    connection,
    `SELECT tenant, source, period, count(*) FROM ${table} GROUP BY ALL ORDER BY ALL`,
  );
  const found = new Map<string, NewPartition>();
  const add = (partition: NewPartition): void => {
    const name = JSON.stringify([partition.tenant, partition.source, partition.period]);
    if (!found.has(name)) found.set(name, partition);
  };
  for (const [tenant, source, period, count] of rows) {
    add({ tenant: String(tenant), source: String(source), period: String(period), rows: Number(count) });
  }
  for (const { tenant, source, period } of named) add({ tenant, source, period, rows: 0 });
  return [...found.values()];
}

/** Copies the staged facts into their partitions, sorted so that a tenant's days lie together on disk. */
async function insertStaged(
  connection: DuckDBConnection,
  dataset: Dataset,
  staging: Staging,
  opened: readonly OpenedPartition[],
): Promise<void> {
  if (staging.rows === 0) return;
  await connection.run(
    "CREATE OR REPLACE TEMP TABLE staged_partitions (tenant VARCHAR, source VARCHAR, period VARCHAR, key INTEGER, load_id INTEGER)",
  );
  const appender = await connection.createAppender("staged_partitions", "main", "temp");
  for (const partition of opened) {
    appender.appendVarchar(partition.tenant);
    appender.appendVarchar(partition.source);
    appender.appendVarchar(partition.period);
    appender.appendInteger(partition.tenantKey);
    appender.appendInteger(partition.loadId);
    appender.endRow();
  }
  appender.closeSync();
  const columns = dataset.columns.map((column) => `s.${identifier(column.name)}`);
  await execute(
    connection,
    `INSERT INTO ${factTable(dataset.id)} SELECT p.key, s.day, p.load_id, ${columns.join(", ")}
      FROM ${staging.table} s JOIN staged_partitions p USING (tenant, source, period) ORDER BY p.key, s.day`,
  );
  await connection.run("DROP TABLE temp.staged_partitions");
}

interface Sums {
  currency: string | null;
  values: Record<string, string | null>;
}

/** Sums of the dataset's money by currency, of all rows of a table or of those of some partitions. */
async function moneyTotals(
  connection: DuckDBConnection,
  dataset: Dataset,
  table: string,
  partitions?: readonly OpenedPartition[],
): Promise<Sums[]> {
  const measures = dataset.measures.filter((m) => m.format === "money" && m.kind === "counter");
  const unit = measures[0]?.unit;
  if (unit === undefined || !("column" in unit) || partitions?.length === 0) return [];
  const where =
    partitions === undefined ? "" : `WHERE load_id IN (${integerList(partitions.map((p) => p.loadId))})`;
  const sums = measures.map((measure) => `sum(${identifier(measure.column)})::VARCHAR`);
  const rows = await rowsOf(
    connection,
    `SELECT ${identifier(unit.column)}, ${sums.join(", ")} FROM ${table} ${where} GROUP BY 1 ORDER BY 1 NULLS LAST`,
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

function joinTotals(source: readonly Sums[], loaded: readonly Sums[]): CurrencyTotals[] {
  return source.map(({ currency, values }) => ({
    currency,
    source: values,
    loaded: loaded.find((sums) => sums.currency === currency)?.values ?? {},
  }));
}

async function unassignedAccounts(
  connection: DuckDBConnection,
  dataset: Dataset,
  table: string,
): Promise<LoadReport["unassigned"]> {
  const name = dataset.columns.some((column) => column.name === "sub_account_name")
    ? "any_value(sub_account_name)"
    : "NULL";
  const rows = await rowsOf(
    connection,
    `SELECT coalesce(${identifier(dataset.accountColumn)}, '') AS account, ${name}, count(*) FROM ${table}
      WHERE tenant = $1 GROUP BY account ORDER BY account`,
    [UNASSIGNED],
  );
  return rows.map(([account, label, count]) => ({
    account: String(account),
    name: textOf(label),
    rows: Number(count),
  }));
}
