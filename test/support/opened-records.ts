import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import { DATASETS } from "../../src/core/metrics/datasets.ts";
import { openRecords } from "../../src/importers/shared/open-records.ts";
import type { OpenedRecords, RecordFormat, RecordInput } from "../../src/importers/shared/record-format.ts";
import type { InputFile, LoadedFact } from "../../src/ports/load.ts";

export interface ReadFacts {
  opened: OpenedRecords;
  facts: Partial<Record<DatasetId, LoadedFact[]>>;
}

/** Opens files and pulls all facts, checking that each fills exactly its dataset's columns. */
export async function readFacts(
  format: RecordFormat,
  files: readonly InputFile[],
  options: Partial<RecordInput> = {},
): Promise<ReadFacts> {
  const opened = await openRecords(format, {
    files,
    owners: { kind: "accounts", claims: [] },
    zones: {},
    loadedAt: "2026-01-01T00:00:00Z",
    dryRun: false,
    ...options,
  });
  const facts: ReadFacts["facts"] = {};
  for (const load of opened.loads) {
    const columns = DATASETS[load.dataset].columns.map((column) => column.name).sort();
    const list: LoadedFact[] = [];
    for await (const batch of load.records) list.push(...batch);
    const odd = list.find((fact) => Object.keys(fact.values).sort().join() !== columns.join());
    if (odd !== undefined) throw new Error(`not the columns of ${load.dataset}: ${JSON.stringify(odd)}`);
    facts[load.dataset] = list;
  }
  return { opened, facts };
}

/** One column of all facts of a dataset. */
export function column(read: ReadFacts, dataset: DatasetId, name: string): (string | null)[] {
  return (read.facts[dataset] ?? []).map((fact) => fact.values[name] ?? null);
}
