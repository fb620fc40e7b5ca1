import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import {
  type CurrencyTotals,
  type LoadReport,
  MAX_LISTED_REJECTIONS,
  type TableLoad,
  type TableMapping,
} from "../../ports/load.ts";
import type { LoadOptions, LoadProgress } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { conformanceWarnings } from "./load-conformance.ts";
import { insertFacts } from "./load-insert.ts";
import { listRejections } from "./load-rejections.ts";
import { Stage } from "./load-stage.ts";
import { prepareTags, type TagReader } from "./load-tags.ts";
import {
  type Assignment,
  assignGroups,
  countStaged,
  groupStaged,
  joinTotals,
  sameSums,
  sumStaged,
  sumStored,
} from "./load-summary.ts";
import { columnWarnings, replacementWarnings } from "./load-warnings.ts";
import { newLoadName, previewPartitions, replacePartitions } from "./partitions.ts";
import { createSpool } from "./spool.ts";

/**
 * Loads CSV and Parquet files by the engine: one scan reads, types and checks all rows into a stage beside the store;
 * sums and partitions are taken from there; then one transaction replaces the partitions. Until it commits the store
 * is as it was.
 * @throws DomainError `import.*` when a file cannot be read, `import.not-reconciled` when the stored totals are not
 * those of the accepted rows; the signal's reason when aborted
 */
export async function loadTables(
  database: Database,
  input: TableLoad,
  options: LoadOptions,
): Promise<LoadReport> {
  const { signal } = options;
  signal?.throwIfAborted();
  const name = newLoadName();
  // Swept with the rest of the spool when the store is opened.
  const folder = join(database.directory, "tmp", "spool");
  await mkdir(folder, { recursive: true });
  const connection = await database.acquire();
  const stage = new Stage(connection, input.mapping, folder, name, () => signal?.throwIfAborted());
  const stopWatching = interruptOnAbort(connection, signal);
  try {
    await stage.create();
    await readFiles(database, connection, stage, input, options);
    await stage.finish();
    return await report(database, connection, stage, input, options, name);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw database.translate(error);
  } finally {
    stopWatching();
    await stage.dispose();
    // Not given back: it has the load's settings and functions.
    connection.disconnectSync();
  }
}

/**
 * Interrupts whatever the engine does for the load once the signal is aborted, again and again: an interrupt between
 * two statements is forgotten.
 */
export function interruptOnAbort(connection: DuckDBConnection, signal: AbortSignal | undefined): () => void {
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    timer = setTimeout(interrupt, POLL_MS);
  };
  signal?.addEventListener("abort", interrupt, { once: true });
  return () => {
    signal?.removeEventListener("abort", interrupt);
    clearTimeout(timer);
  };
}

async function readFiles(
  database: Database,
  connection: DuckDBConnection,
  stage: Stage,
  input: TableLoad,
  { signal, onProgress }: LoadOptions,
): Promise<void> {
  const spool = createSpool(database.directory, newLoadName);
  const total = input.files.reduce((sum, { file }) => sum + (file.size ?? 0), 0);
  let before = 0;
  for (const { file, table } of input.files) {
    signal?.throwIfAborted();
    const size = file.size ?? 0;
    const tell = (share: number): void => {
      const fraction = total > 0 ? Math.min(1, (before + size * share) / total) : undefined;
      onProgress?.({ phase: "reading", ...(fraction !== undefined && { fraction }) });
    };
    const watch = watchEngine(connection, tell);
    try {
      await stage.add(file, table, spool, MAX_LISTED_REJECTIONS, (read) => {
        signal?.throwIfAborted();
        if (size > 0) tell((read / size) * 0.5);
      });
    } finally {
      watch.stop();
    }
    before += size;
  }
}

const POLL_MS = 200;

/** Asks the engine now and then how far its statement has come. @returns a way to stop asking */
function watchEngine(connection: DuckDBConnection, tell: (fraction: number) => void): { stop: () => void } {
  const timer = setInterval(() => {
    const { percentage } = connection.progress;
    if (percentage >= 0) tell(percentage / 100);
  }, POLL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

async function report(
  database: Database,
  connection: DuckDBConnection,
  stage: Stage,
  input: TableLoad,
  options: LoadOptions,
  name: string,
): Promise<LoadReport> {
  const { mapping } = input;
  const counts = await countStaged(connection, stage.table);
  const broken = stage.files.reduce((sum, staged) => sum + staged.broken.count, 0);
  options.onProgress?.({ phase: "checking", rows: counts.rows + broken });
  const groups = await groupStaged(connection, stage.table, mapping);
  const tags = await prepareTags(connection, stage.table, mapping);
  const assignment = assignGroups(groups, mapping, input.owners);
  const rejected = counts.rejected + broken;
  const rejections = rejected === 0 ? [] : await listRejections(connection, stage);
  const stored = input.dryRun
    ? await preview(connection, stage, mapping, assignment)
    : await store(database, connection, stage, input, options, name, assignment, tags);
  const warnings = [
    ...columnWarnings(stage.files, mapping),
    ...(await conformanceWarnings(connection, stage, mapping)),
    ...tagWarning(tags.reduce((sum, reader) => sum + reader.lost, 0)),
    ...stored.warnings,
  ];
  return {
    dataset: mapping.dataset,
    format: mapping.format,
    version: mapping.version,
    files: input.files.map(({ file }) => file.name),
    rowsRead: counts.rows + broken,
    rowsAccepted: counts.rows - counts.rejected,
    rowsRejected: rejected,
    rejections,
    totals: stored.totals,
    partitions: assignment.partitions.map((partition, i) => ({
      ...partition,
      replacedRows: stored.replacedRows[i] ?? 0,
    })),
    unassigned: assignment.unassigned,
    warnings,
    dryRun: input.dryRun,
  };
}

function tagWarning(count: number): string[] {
  return count === 0
    ? []
    : [
        `tags that are no JSON object, left out; the rows are loaded: ${count} ${count === 1 ? "row" : "rows"}`,
      ];
}

interface Stored {
  /** In the order of the partitions. */
  replacedRows: readonly number[];
  totals: CurrencyTotals[];
  warnings: string[];
}

async function preview(
  connection: DuckDBConnection,
  stage: Stage,
  mapping: TableMapping,
  assignment: Assignment,
): Promise<Stored> {
  const warnings = await replacementWarnings(connection, mapping, assignment);
  const opened = await previewPartitions(connection, mapping.dataset, assignment.partitions);
  const { all, accepted } = await sumStaged(connection, stage.table, mapping);
  return {
    replacedRows: opened.map((partition) => partition.replacedRows),
    totals: joinTotals(all, accepted),
    warnings,
  };
}

async function store(
  database: Database,
  connection: DuckDBConnection,
  stage: Stage,
  input: TableLoad,
  options: LoadOptions,
  name: string,
  assignment: Assignment,
  tags: readonly TagReader[],
): Promise<Stored> {
  const { mapping, loadedAt } = input;
  const { all, accepted } = await sumStaged(connection, stage.table, mapping);
  const rows = assignment.partitions.reduce((sum, partition) => sum + partition.rows, 0);
  const tell = (progress: Partial<LoadProgress>): void =>
    options.onProgress?.({ phase: "storing", rows, ...progress });
  const files = input.files.map(({ file }) => file.name);
  const load = { id: name, dataset: mapping.dataset, format: mapping.format, files, loadedAt };
  tell({});
  return database.writeOn(connection, async () => {
    options.signal?.throwIfAborted();
    const warnings = await replacementWarnings(connection, mapping, assignment);
    const opened = await replacePartitions(connection, load, assignment.partitions);
    const watch = watchEngine(connection, (fraction) => tell({ fraction }));
    const inserted = await insertFacts(connection, stage, input, assignment, opened, tags).finally(
      watch.stop,
    );
    const stored = await sumStored(connection, mapping, opened);
    if (inserted !== rows || !sameSums(stored, accepted)) throw notReconciled(rows, inserted);
    options.signal?.throwIfAborted();
    return {
      replacedRows: opened.map((partition) => partition.replacedRows),
      totals: joinTotals(all, stored),
      warnings,
    };
  });
}

function notReconciled(rows: number, inserted: number): DomainError {
  return new DomainError(
    "import.not-reconciled",
    "unavailable",
    `The store would hold other totals than the ${rows} rows accepted (${inserted} stored); nothing was changed`,
    { fix: "Try again; if it stays, report it with the file." },
  );
}
