import type { DuckDBConnection } from "@duckdb/node-api";
import { tooLarge } from "../core/limits/too-large.ts";
import { type DatasetId, DATASETS } from "../core/metrics/datasets.ts";
import { UNASSIGNED } from "../core/tenants/tenant.ts";
import type { DeliveryEnd, DeliveryLoad, LoadReport, RejectionLog } from "../ports/load.ts";
import type { LoadOptions } from "../ports/metric-store.ts";
import type { StagedDataset, StagedLoad } from "../ports/staged.ts";
import { interruptOnAbort } from "./interrupt.ts";
import { placeParts, writePlaced } from "./place.ts";
import { identifier, integerList, literal, rowsOf, textOf } from "./sql.ts";
import { type Connect, Staging } from "./staging.ts";
import { sumsByCurrency } from "./sums.ts";

/**
 * Stages facts made one by one, in files whose names begin with `path`. The caller removes them, also after an error.
 * @throws DomainError `import.invalid-fact`, `import.too-large`; what the facts or the delivery's end throw; the signal's reason when aborted
 */
export async function stageDelivery(
  connect: Connect,
  input: DeliveryLoad,
  path: string,
  options: LoadOptions,
): Promise<StagedLoad> {
  const { signal } = options;
  signal?.throwIfAborted();
  const stages = new Map<DatasetId, Staging>();
  const connection = await connect();
  const stopWatching = interruptOnAbort(connection, signal);
  const datasets: StagedDataset[] = [];
  try {
    const stageOf = async (dataset: DatasetId): Promise<Staging> => {
      const stage =
        stages.get(dataset) ?? (await Staging.create(connect, DATASETS[dataset], `${path}.${dataset}`));
      stages.set(dataset, stage);
      return stage;
    };
    await fill(input, stages, stageOf, options);
    const end = input.end();
    for (const [i, dataset] of end.datasets.entries()) {
      // Rejected records belong to the whole delivery; its first dataset's report tells of them.
      const rejections = i === 0 ? end.rejections : { count: 0, kept: [] };
      datasets.push(await place(connection, await stageOf(dataset), input, end, rejections, path));
    }
    return {
      format: input.format,
      files: input.files,
      loadedAt: input.loadedAt,
      assignment: input.assignment,
      dryRun: input.dryRun,
      datasets,
    };
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw error;
  } finally {
    stopWatching();
    for (const stage of stages.values()) await stage.dispose();
    connection.disconnectSync();
  }
}

async function fill(
  input: DeliveryLoad,
  stages: ReadonlyMap<DatasetId, Staging>,
  stageOf: (dataset: DatasetId) => Promise<Staging>,
  { signal, onProgress, maxRows = Number.POSITIVE_INFINITY }: LoadOptions,
): Promise<void> {
  let rows = 0;
  for await (const batch of input.facts) {
    for (const fact of batch) {
      const stage = stages.get(fact.dataset) ?? (await stageOf(fact.dataset));
      const added = stage.add(fact);
      if (added !== undefined) await added;
    }
    signal?.throwIfAborted();
    rows += batch.length;
    if (rows > maxRows) throw tooLarge(`The import has more than ${maxRows} rows`, maxRows, "rows");
    onProgress?.({ phase: "reading", rows });
  }
  for (const stage of stages.values()) await stage.finish();
}

async function place(
  connection: DuckDBConnection,
  stage: Staging,
  input: DeliveryLoad,
  end: DeliveryEnd,
  rejections: RejectionLog,
  path: string,
): Promise<StagedDataset> {
  const { dataset, parts, rows } = stage;
  const named = end.partitions.filter((partition) => partition.dataset === dataset.id);
  const placed = placeParts(parts, end.dayOf, named);
  const measures = dataset.measures.filter((m) => m.format === "money" && m.kind === "counter");
  const { table } = stage;
  const ids = measures.map(({ id }) => id);
  const sums = table === undefined ? [] : await sumsByCurrency(connection, dataset.id, ids, table);
  const unassigned = await unassignedAccounts(connection, stage);
  return {
    dataset: dataset.id,
    paths: await writePlaced(connection, stage, placed, `${path}.${dataset.id}.placed`),
    partitions: placed.partitions,
    sums,
    source: sums,
    accounts: null,
    report: {
      format: input.format,
      version: "",
      files: input.files,
      rowsRead: rows + rejections.count,
      rowsAccepted: rows,
      rowsRejected: rejections.count,
      rejections: rejections.kept,
      unassigned,
      warnings: [],
    },
  };
}

/** The accounts of staged facts that no tenant claims. */
async function unassignedAccounts(
  connection: DuckDBConnection,
  { table, dataset, parts }: Staging,
): Promise<LoadReport["unassigned"]> {
  const unclaimed = parts.flatMap(({ tenant }, part) => (tenant === UNASSIGNED ? [part] : []));
  if (table === undefined || unclaimed.length === 0) return [];
  const name = dataset.columns.some((column) => column.name === "sub_account_name")
    ? "any_value(sub_account_name)"
    : "NULL";
  const rows = await rowsOf(
    connection,
    `SELECT coalesce(${identifier(dataset.accountColumn)}, '') AS account, ${name}, count(*) FROM ${table}
      WHERE part IN (${integerList(unclaimed)}) GROUP BY account ORDER BY account`,
  );
  return rows.map(([account, label, count]) => ({
    account: String(account),
    name: textOf(label),
    rows: Number(count),
  }));
}

/** What to select staged facts from, in the order they were written. */
export function stagedTable(paths: readonly string[]): string {
  return `read_parquet([${paths.map(literal).join(", ")}])`;
}
