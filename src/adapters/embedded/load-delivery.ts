import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type DatasetId, DATASETS } from "../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../core/metrics/facts.ts";
import type { DeliveryEnd, DeliveryLoad, LoadReport } from "../../ports/load.ts";
import type { LoadOptions } from "../../ports/metric-store.ts";
import type { Database } from "./database.ts";
import { insertStaged, placeParts, type PlacedParts } from "./insert-staged.ts";
import { interruptOnAbort } from "./load-tables.ts";
import { type MoneySums, storedMoney, joinTotals, stagedMoney, unassignedAccounts } from "./load-totals.ts";
import { newLoadName, previewPartitions, replacePartitions } from "./partitions.ts";
import { Staging } from "./staging.ts";

/**
 * Loads facts made one by one: they are staged beside the store while readers and other writers go on, then those of
 * all datasets take the place of their partitions in one transaction.
 * @throws DomainError `import.invalid-fact`; what the facts or the delivery's end throw; the signal's reason when aborted
 */
export async function loadDelivery(
  database: Database,
  input: DeliveryLoad,
  options: LoadOptions,
): Promise<LoadReport[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  // Swept with the rest of the spool when the store is opened.
  const folder = join(database.directory, "tmp", "spool");
  await mkdir(folder, { recursive: true });
  const connection = await database.acquire();
  const stages = new Stages(database, join(folder, newLoadName()));
  const stopWatching = interruptOnAbort(connection, signal);
  try {
    await stages.fill(input, options);
    const end = input.end();
    return await storeStaged(database, connection, stages, input, end, options);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw database.translate(error);
  } finally {
    stopWatching();
    await stages.dispose();
    connection.disconnectSync();
  }
}

/** The stages of a delivery's datasets. */
class Stages {
  readonly #database: Database;
  readonly #path: string;
  readonly #stages = new Map<DatasetId, Staging>();

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
  }

  async fill(input: DeliveryLoad, { signal, onProgress }: LoadOptions): Promise<void> {
    let rows = 0;
    for await (const batch of input.facts) {
      for (const fact of batch) {
        const stage = this.#stages.get(fact.dataset) ?? (await this.of(fact.dataset));
        const added = stage.add(fact);
        if (added !== undefined) await added;
      }
      signal?.throwIfAborted();
      rows += batch.length;
      onProgress?.({ phase: "reading", rows });
    }
    for (const stage of this.#stages.values()) await stage.finish();
  }

  async of(dataset: DatasetId): Promise<Staging> {
    let stage = this.#stages.get(dataset);
    if (stage === undefined) {
      stage = await Staging.create(this.#database, DATASETS[dataset], `${this.#path}.${dataset}`);
      this.#stages.set(dataset, stage);
    }
    return stage;
  }

  async dispose(): Promise<void> {
    for (const stage of this.#stages.values()) await stage.dispose();
  }
}

/** What is known of one dataset before anything of it is stored. */
interface Prepared extends PlacedParts {
  stage: Staging;
  source: readonly MoneySums[];
  unassigned: LoadReport["unassigned"];
}

async function prepare(
  connection: DuckDBConnection,
  stage: Staging,
  { dayOf, partitions }: DeliveryEnd,
): Promise<Prepared> {
  const { dataset, parts } = stage;
  const named = partitions.filter((partition) => partition.dataset === dataset.id);
  return {
    ...placeParts(parts, dayOf, named),
    stage,
    source: await stagedMoney(connection, stage),
    unassigned: await unassignedAccounts(connection, stage),
  };
}

async function storeStaged(
  database: Database,
  connection: DuckDBConnection,
  stages: Stages,
  input: DeliveryLoad,
  end: DeliveryEnd,
  options: LoadOptions,
): Promise<LoadReport[]> {
  const prepared: Prepared[] = [];
  for (const dataset of end.datasets) prepared.push(await prepare(connection, await stages.of(dataset), end));
  const stored = input.dryRun
    ? await preview(connection, prepared)
    : await store(database, connection, prepared, input, options);
  return prepared.map((each, i) => {
    const rejections = i === 0 ? end.rejections : { count: 0, kept: [] };
    return reportOf(input, each, stored[i] ?? { replaced: [], loaded: [] }, rejections);
  });
}

interface Stored {
  /** In the order of the partitions. */
  replaced: readonly (PartitionKey & { replacedRows: number })[];
  loaded: readonly MoneySums[];
}

async function preview(connection: DuckDBConnection, prepared: readonly Prepared[]): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (const { stage, partitions, source } of prepared) {
    const replaced = await previewPartitions(connection, stage.dataset.id, partitions);
    stored.push({ replaced, loaded: source });
  }
  return stored;
}

async function store(
  database: Database,
  connection: DuckDBConnection,
  prepared: readonly Prepared[],
  { format, files, loadedAt }: DeliveryLoad,
  { signal, onProgress }: LoadOptions,
): Promise<Stored[]> {
  const rows = prepared.reduce((sum, { stage }) => sum + stage.rows, 0);
  onProgress?.({ phase: "storing", rows });
  const id = newLoadName();
  return database.writeOn(connection, async () => {
    const stored: Stored[] = [];
    for (const each of prepared) {
      const { stage, partitions } = each;
      const load = { id, dataset: stage.dataset.id, format, files, loadedAt };
      const opened = await replacePartitions(connection, load, partitions);
      await insertStaged(connection, stage, each, opened);
      const loaded = await storedMoney(connection, stage.dataset, opened);
      signal?.throwIfAborted();
      stored.push({ replaced: opened, loaded });
      onProgress?.({ phase: "storing", rows });
    }
    return stored;
  });
}

function reportOf(
  { format, files, dryRun }: DeliveryLoad,
  { stage, partitions, source, unassigned }: Prepared,
  { replaced, loaded }: Stored,
  rejections: DeliveryEnd["rejections"],
): LoadReport {
  return {
    ...{ dataset: stage.dataset.id, format, version: "", files },
    rowsRead: stage.rows + rejections.count,
    rowsAccepted: stage.rows,
    rowsRejected: rejections.count,
    rejections: rejections.kept,
    totals: joinTotals(source, loaded),
    partitions: partitions.map((partition, i) => ({
      ...partition,
      replacedRows: replaced[i]?.replacedRows ?? 0,
    })),
    unassigned,
    warnings: [],
    dryRun,
  };
}
