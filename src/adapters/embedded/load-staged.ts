import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { interruptOnAbort, PROGRESS_SETTINGS, watchProgress } from "../../duckdb/interrupt.ts";
import { execute, identifier, integerList } from "../../duckdb/sql.ts";
import { stagedTable } from "../../duckdb/stage-delivery.ts";
import { joinTotals, sameSums, sumsByCurrency } from "../../duckdb/sums.ts";
import type { LoadReport } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { CurrencySums, StagedDataset, StagedLoad } from "../../ports/staged.ts";
import type { Database } from "./database.ts";
import { type OpenedPartition, newLoadName, previewPartitions, replacePartitions } from "./partitions.ts";
import { replacementWarnings } from "./replacement-warnings.ts";
import { factTable } from "./schema.ts";

/**
 * Takes staged facts in: one transaction replaces the partitions of all datasets, and commits only if what is stored
 * adds up to what was staged, to the last digit.
 * @returns a report for each dataset
 * @throws DomainError `import.not-reconciled`; the signal's reason when aborted; the store is then as it was
 */
export async function loadStaged(
  database: Database,
  staged: StagedLoad,
  options: LoadOptions,
): Promise<LoadReport[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  try {
    if (staged.dryRun) return await database.read((connection) => preview(connection, staged));
    return await database.write(async (connection) => {
      const stopWatching = interruptOnAbort(connection, signal);
      try {
        return await store(connection, staged, options);
      } finally {
        stopWatching();
      }
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function preview(connection: DuckDBConnection, staged: StagedLoad): Promise<LoadReport[]> {
  const reports: LoadReport[] = [];
  for (const each of staged.datasets) {
    const warnings = await replacementWarnings(connection, each);
    const replaced = await previewPartitions(connection, each.dataset, each.partitions);
    reports.push(reportOf(staged, each, replaced, each.sums, warnings));
  }
  return reports;
}

async function store(
  connection: DuckDBConnection,
  staged: StagedLoad,
  { signal, onProgress }: LoadOptions,
): Promise<LoadReport[]> {
  signal?.throwIfAborted();
  for (const setting of PROGRESS_SETTINGS) await connection.run(setting);
  const { format, files, loadedAt } = staged;
  const id = newLoadName();
  const rows = staged.datasets.reduce((sum, { report }) => sum + report.rowsAccepted, 0);
  onProgress?.({ phase: "storing", rows });
  const reports: LoadReport[] = [];
  for (const each of staged.datasets) {
    const warnings = await replacementWarnings(connection, each);
    const load = { id, dataset: each.dataset, format, files, loadedAt };
    const opened = await replacePartitions(connection, load, each.partitions);
    const stop = watchProgress(connection, (fraction) => onProgress?.({ phase: "storing", rows, fraction }));
    const inserted = await insert(connection, each, opened).finally(stop);
    const stored = await storedSums(connection, each, opened);
    if (inserted !== each.report.rowsAccepted || !sameSums(stored, each.sums))
      throw notReconciled(each.report.rowsAccepted, inserted);
    signal?.throwIfAborted();
    reports.push(reportOf(staged, each, opened, stored, warnings));
  }
  return reports;
}

/** Copies the staged facts into their partitions, in the order they come: by tenant and day. @returns facts inserted */
async function insert(
  connection: DuckDBConnection,
  { dataset, paths }: StagedDataset,
  opened: readonly OpenedPartition[],
): Promise<number> {
  if (paths.length === 0) return 0;
  await connection.run("CREATE OR REPLACE TEMP TABLE opened (part INTEGER, key INTEGER, load_id INTEGER)");
  const rows = opened.map(({ tenantKey, loadId }, part) => `(${integerList([part, tenantKey, loadId])})`);
  await connection.run(`INSERT INTO opened VALUES ${rows.join(", ")}`);
  const columns = DATASETS[dataset].columns.map(({ name }) => `s.${identifier(name)}`);
  const inserted = await execute(
    connection,
    `INSERT INTO ${factTable(dataset)} SELECT p.key, s.day, p.load_id, ${columns.join(", ")}
      FROM ${stagedTable(paths)} s JOIN opened p USING (part)`,
  );
  await connection.run("DROP TABLE temp.opened");
  return inserted;
}

function storedSums(
  connection: DuckDBConnection,
  { dataset, sums }: StagedDataset,
  opened: readonly OpenedPartition[],
): Promise<CurrencySums[]> {
  const [first] = sums;
  if (first === undefined || opened.length === 0) return Promise.resolve([]);
  const ids = integerList(opened.map((partition) => partition.loadId));
  const from = `${factTable(dataset)} WHERE load_id IN (${ids})`;
  return sumsByCurrency(connection, dataset, Object.keys(first.values), from);
}

function reportOf(
  { dryRun }: StagedLoad,
  { dataset, partitions, source, report }: StagedDataset,
  replaced: readonly { replacedRows: number }[],
  loaded: readonly CurrencySums[],
  warnings: readonly string[],
): LoadReport {
  return {
    ...report,
    dataset,
    totals: joinTotals(source, loaded),
    partitions: partitions.map((partition, i) => ({
      ...partition,
      replacedRows: replaced[i]?.replacedRows ?? 0,
    })),
    warnings: [...report.warnings, ...warnings],
    dryRun,
  };
}

function notReconciled(rows: number, inserted: number): DomainError {
  return new DomainError(
    "import.not-reconciled",
    "unavailable",
    `The store would hold other totals than the ${rows} rows accepted (${inserted} stored); nothing was changed`,
    { fix: "Try again; if it stays, report it with the file." },
  );
}
