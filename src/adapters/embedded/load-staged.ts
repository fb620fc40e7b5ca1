import type { DuckDBConnection } from "@duckdb/node-api";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { interruptOnAbort, PROGRESS_SETTINGS, watchProgress } from "../../duckdb/interrupt.ts";
import { execute, identifier, integerList } from "../../duckdb/sql.ts";
import { stagedTable } from "../../duckdb/stage-delivery.ts";
import { sumsByCurrency } from "../../duckdb/sums.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { CurrencySums, ReplacedFacts, StagedDataset, StorableLoad } from "../../ports/staged.ts";
import type { Database } from "./database.ts";
import { earlierFacts } from "./earlier-facts.ts";
import { type OpenedPartition, newLoadName, previewPartitions, replacePartitions } from "./partitions.ts";
import { refuseFormerOwners } from "./owner-changes.ts";
import { factTable } from "./schema.ts";

/** Takes staged facts in, by the engine: one transaction replaces the partitions of all datasets; see `MetricStore`. */
export async function loadStaged(
  database: Database,
  load: StorableLoad,
  options: LoadOptions,
): Promise<ReplacedFacts[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  try {
    if (load.dryRun) return await database.read((connection) => preview(connection, load));
    return await database.write(async (connection) => {
      const stopWatching = interruptOnAbort(connection, signal);
      try {
        return await store(connection, load, options);
      } finally {
        stopWatching();
      }
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function preview(connection: DuckDBConnection, { datasets }: StorableLoad): Promise<ReplacedFacts[]> {
  const replaced: ReplacedFacts[] = [];
  for (const each of datasets) {
    const earlier = await earlierFacts(connection, each);
    const before = await previewPartitions(connection, each.dataset, each.partitions);
    replaced.push({ ...earlier, replacedRows: before.map(({ replacedRows }) => replacedRows) });
  }
  return replaced;
}

async function store(
  connection: DuckDBConnection,
  load: StorableLoad,
  { signal, onProgress }: LoadOptions,
): Promise<ReplacedFacts[]> {
  signal?.throwIfAborted();
  await refuseFormerOwners(connection, load);
  for (const setting of PROGRESS_SETTINGS) await connection.run(setting);
  const { format, files, loadedAt } = load;
  const follows = load.assignment.kind === "owners" ? "all" : [];
  const id = newLoadName();
  const rows = load.datasets.reduce((sum, { report }) => sum + report.rowsAccepted, 0);
  onProgress?.({ phase: "storing", rows });
  const replaced: ReplacedFacts[] = [];
  for (const each of load.datasets) {
    const earlier = await earlierFacts(connection, each);
    const meta = { id, dataset: each.dataset, format, files, loadedAt, follows } as const;
    const opened = await replacePartitions(connection, meta, each.partitions);
    const stop = watchProgress(connection, (fraction) => onProgress?.({ phase: "storing", rows, fraction }));
    const inserted = await insert(connection, each, opened).finally(stop);
    load.reconcile(each, { rows: inserted, sums: await storedSums(connection, each, opened) });
    signal?.throwIfAborted();
    replaced.push({ ...earlier, replacedRows: opened.map(({ replacedRows }) => replacedRows) });
  }
  return replaced;
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
