import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import {
  type CurrencyTotals,
  type LoadReport,
  MAX_LISTED_REJECTIONS,
  type TableLoad,
  type TableMapping,
  type TenantZones,
} from "../../ports/load.ts";
import type { LoadOptions, LoadProgress } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { PERIOD } from "./load-expressions.ts";
import { listRejections } from "./load-rejections.ts";
import { Stage } from "./load-stage.ts";
import { prepareTags, type TagReader } from "./load-tags.ts";
import {
  type Assignment,
  assignGroups,
  countStaged,
  groupStaged,
  joinTotals,
  ownerExpression,
  sameSums,
  sumStaged,
  sumStored,
} from "./load-summary.ts";
import { columnWarnings, replacementWarnings } from "./load-warnings.ts";
import { newLoadName, type OpenedPartition, previewPartitions, replacePartitions } from "./partitions.ts";
import { factTable, identifier, literal } from "./schema.ts";
import { createSpool } from "./spool.ts";
import { execute } from "./sql.ts";

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
  const stage = new Stage(connection, input.mapping, folder, name);
  const interrupt = (): void => connection.interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    await stage.create();
    await readFiles(database, connection, stage, input, options);
    return await report(database, connection, stage, input, options, name);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw database.translate(error);
  } finally {
    signal?.removeEventListener("abort", interrupt);
    await stage.dispose();
    // Not given back: it has the load's settings and functions.
    connection.disconnectSync();
  }
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

/** Copies the accepted rows into their partitions, sorted so that a tenant's days lie together on disk. */
async function insertFacts(
  connection: DuckDBConnection,
  stage: Stage,
  input: TableLoad,
  assignment: Assignment,
  opened: readonly OpenedPartition[],
  tags: readonly TagReader[],
): Promise<number> {
  if (opened.length === 0) return 0;
  const { mapping, zones } = input;
  await fillGroups(connection, mapping, zones, assignment, opened);
  const columns = DATASETS[mapping.dataset].columns.map(
    ({ name }) => tags.find((reader) => reader.column === name)?.expression ?? `s.${identifier(name)}`,
  );
  const joins = tags.map((reader) => reader.join).join(" ");
  const keys = [...mapping.source.map(identifier), ownerExpression(mapping)];
  const matches = keys.map((key, i) => `coalesce(${key}, '') = g.k${i}`);
  const inserted = await execute(
    connection,
    `INSERT INTO ${factTable(mapping.dataset)} SELECT g.key AS fact_tenant, ${dayExpression(mapping)} AS fact_day, g.load_id,
      ${columns.join(", ")} FROM ${stage.table} s JOIN load_groups g ON ${matches.join(" AND ")} AND s.${PERIOD} = g.month ${joins}
      WHERE s.bad = 0 ORDER BY fact_tenant, fact_day`,
  );
  await connection.run("DROP TABLE temp.load_groups");
  return inserted;
}

const DAY_MICROS = 86_400_000_000;

/** See `TableMapping.start` for the rule; `g.zone` is null for UTC. */
function dayExpression({ start, end }: TableMapping): string {
  const from = `s.${identifier(start)}`;
  const to = `s.${identifier(end)}`;
  return `CASE WHEN g.zone IS NULL OR ${to} IS NULL OR epoch_us(${to}) - epoch_us(${from}) >= ${DAY_MICROS}
    THEN ${from}::DATE ELSE timezone(g.zone, timezone('UTC', ${from}))::DATE END`;
}

/** Tells the engine which group goes where; an absent key is the empty text, which no value is. */
async function fillGroups(
  connection: DuckDBConnection,
  mapping: TableMapping,
  zones: TenantZones,
  assignment: Assignment,
  opened: readonly OpenedPartition[],
): Promise<void> {
  const keys = [...mapping.source, "account"].map((_, i) => `k${i} VARCHAR`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE load_groups (${keys.join(", ")}, month DATE, key INTEGER, load_id INTEGER, zone VARCHAR)`,
  );
  const rows = assignment.groups.flatMap(({ group, partition }) => {
    const target = opened[partition];
    if (target === undefined) return [];
    const zone = zones[target.tenant];
    const keyed = [...group.source, group.account].map((value) => literal(value ?? ""));
    const place = [literal(group.month), String(target.tenantKey), String(target.loadId)];
    return `(${[...keyed, ...place, zone === undefined || zone === "UTC" ? "NULL" : literal(zone)].join(", ")})`;
  });
  const batch = 1000;
  for (let at = 0; at < rows.length; at += batch) {
    await connection.run(`INSERT INTO load_groups VALUES ${rows.slice(at, at + batch).join(", ")}`);
  }
}
