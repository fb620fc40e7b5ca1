import { join } from "node:path";
import { rm } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { tooLarge } from "../../core/limits/too-large.ts";
import { plausibleDays } from "../../core/time/plausible.ts";
import { PROGRESS_SETTINGS, interruptOnAbort, watchProgress } from "../../duckdb/interrupt.ts";
import { literal, rowsOf } from "../../duckdb/sql.ts";
import type { Connect } from "../../duckdb/staging.ts";
import { sumsByCurrency } from "../../duckdb/sums.ts";
import { assignmentOf, MAX_LISTED_REJECTIONS, type TableLoad } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { Spool } from "../../ports/spool.ts";
import type { StagedDataset, StagedLoad } from "../../ports/staged.ts";
import { conformanceWarnings } from "./conformance.ts";
import { writeFacts } from "./facts.ts";
import { listRejections } from "./rejections.ts";
import { Stage } from "./stage.ts";
import { assignGroups, countStaged, groupStaged } from "./summary.ts";
import { prepareTags } from "./tags.ts";
import { columnWarnings } from "./warnings.ts";

/** Where reading keeps what it reads, all of it removed with the folder. */
export interface Workplace {
  /** A folder of this load's own. */
  folder: string;
  spool: Spool;
  connect: Connect;
}

/**
 * Reads CSV and Parquet files by the engine: one scan reads, types and checks all rows; counts, sums, partitions and
 * owners are taken from that; then the accepted rows are written once more, sorted, as the facts of one dataset.
 * @throws DomainError `import.*` when a file cannot be read; the signal's reason when aborted
 */
export async function readTables(
  { folder, spool, connect }: Workplace,
  input: TableLoad,
  options: LoadOptions,
): Promise<StagedLoad> {
  const { signal } = options;
  signal?.throwIfAborted();
  const connection = await connect();
  const stopWatching = interruptOnAbort(connection, signal);
  const days = plausibleDays(new Date(input.loadedAt));
  const check = (): void => signal?.throwIfAborted();
  const stage = new Stage(connection, input.mapping, days, join(folder, "stage"), check);
  try {
    for (const setting of PROGRESS_SETTINGS) await connection.run(setting);
    await stage.create();
    await readFiles(connection, stage, spool, input, options);
    await stage.finish();
    const dataset = await facts(connection, stage, input, join(folder, "facts"), options);
    return {
      format: input.mapping.format,
      files: dataset.report.files,
      loadedAt: input.loadedAt,
      assignment: assignmentOf(input.owners),
      dryRun: input.dryRun,
      datasets: [dataset],
    };
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw error;
  } finally {
    stopWatching();
    await stage.dispose();
    connection.disconnectSync();
  }
}

async function readFiles(
  connection: DuckDBConnection,
  stage: Stage,
  spool: Spool,
  input: TableLoad,
  { signal, onProgress, maxRows = Number.POSITIVE_INFINITY }: LoadOptions,
): Promise<void> {
  await checkParquetRows(connection, input, maxRows);
  const total = input.files.reduce((sum, { file }) => sum + (file.size ?? 0), 0);
  let before = 0;
  for (const { file, table } of input.files) {
    signal?.throwIfAborted();
    const size = file.size ?? 0;
    const report = (share: number): void => {
      if (total > 0)
        onProgress?.({ phase: "reading", fraction: Math.min(1, (before + size * share) / total) });
      else onProgress?.({ phase: "reading" });
    };
    const stop = watchProgress(connection, report);
    try {
      await stage.add(file, table, spool, MAX_LISTED_REJECTIONS, (read) => {
        signal?.throwIfAborted();
        if (size > 0) report((read / size) * 0.5);
      });
    } finally {
      stop();
    }
    before += size;
  }
}

/**
 * Refuses Parquet files that say of themselves that they hold too many rows: a few kilobytes can unpack to billions. Of
 * damaged ones whoever reads them says what is wrong.
 */
async function checkParquetRows(
  connection: DuckDBConnection,
  { files }: TableLoad,
  most: number,
): Promise<void> {
  const paths = files.flatMap(({ file, table }) =>
    table.kind === "parquet" && file.path !== undefined ? [literal(file.path)] : [],
  );
  if (paths.length === 0 || most === Number.POSITIVE_INFINITY) return;
  const list = `[${paths.join(", ")}]`;
  const [row] = await rowsOf(connection, `SELECT sum(num_rows) FROM parquet_file_metadata(${list})`).catch(
    () => [],
  );
  if (Number(row?.[0] ?? 0) > most)
    throw tooLarge(`The Parquet files say that they have more than ${most} rows`, most, "rows");
}

async function facts(
  connection: DuckDBConnection,
  stage: Stage,
  input: TableLoad,
  path: string,
  options: LoadOptions,
): Promise<StagedDataset> {
  const { mapping } = input;
  const counts = await countStaged(connection, stage.table);
  const { maxRows = Number.POSITIVE_INFINITY } = options;
  if (counts.rows > maxRows) throw tooLarge(`The import has ${counts.rows} rows`, maxRows, "rows");
  const broken = stage.files.reduce((sum, staged) => sum + staged.broken.count, 0);
  const rejected = counts.rejected + broken;
  options.onProgress?.({ phase: "checking", rows: counts.rows + broken });
  const assignment = assignGroups(await groupStaged(connection, stage.table, mapping), mapping, input.owners);
  const tags = await prepareTags(connection, stage.table, mapping);
  const sums = (where: string) =>
    sumsByCurrency(connection, mapping.dataset, mapping.reportTotals, `${stage.table} ${where}`);
  const accepted = await sums("WHERE bad = 0");
  const dataset = {
    dataset: mapping.dataset,
    paths: [path],
    partitions: assignment.partitions,
    sums: accepted,
    source: counts.rejected === 0 ? accepted : await sums(""),
    accounts: assignment.groups.flatMap(({ group }) => (group.account === null ? [] : [group.account])),
    report: {
      format: mapping.format,
      version: mapping.version,
      files: input.files.map(({ file }) => file.name),
      rowsRead: counts.rows + broken,
      rowsAccepted: counts.rows - counts.rejected,
      rowsRejected: rejected,
      rejections: rejected === 0 ? [] : await listRejections(connection, stage),
      unassigned: assignment.unassigned,
      warnings: [
        ...stage.remarks,
        ...columnWarnings(stage.files, mapping),
        ...(await conformanceWarnings(connection, stage, mapping)),
        ...tagWarning(tags.reduce((sum, reader) => sum + reader.lost, 0)),
      ],
    },
  };
  if (input.dryRun || assignment.partitions.length === 0) return { ...dataset, paths: [] };
  try {
    await writeFacts(connection, stage, input, assignment, tags, path);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return dataset;
}

function tagWarning(count: number): string[] {
  if (count === 0) return [];
  const rows = `${count} ${count === 1 ? "row" : "rows"}`;
  return [`tags that are no JSON object, left out; the rows are loaded: ${rows}`];
}
