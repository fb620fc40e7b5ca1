import type { DatasetId } from "../../src/core/metrics/datasets.ts";
import { DATASETS } from "../../src/core/metrics/datasets.ts";
import { openRecords } from "../../src/importers/shared/open-records.ts";
import type { OpenedRecords, RecordFormat, RecordInput } from "../../src/importers/shared/record-format.ts";
import type { DeliveredFact, DeliveryEnd, InputFile, LoadedFact } from "../../src/ports/load.ts";

export interface ReadFacts {
  opened: OpenedRecords;
  end: DeliveryEnd;
  /** Dated. */
  facts: Partial<Record<DatasetId, LoadedFact[]>>;
}

/** Opens files and pulls all facts, checking that each fills exactly its dataset's columns. */
export async function readFacts(
  format: RecordFormat,
  files: readonly InputFile[],
  options: Partial<RecordInput> = {},
): Promise<ReadFacts> {
  const opened = openRecords(format, {
    files,
    owners: { kind: "accounts", claims: [], seen: 0 },
    zones: {},
    loadedAt: "2026-01-01T00:00:00Z",
    dryRun: false,
    ...options,
  });
  const pulled: DeliveredFact[] = [];
  for await (const batch of opened.delivery.facts) pulled.push(...batch);
  const end = opened.delivery.end();
  const facts: ReadFacts["facts"] = {};
  for (const dataset of end.datasets) {
    const columns = DATASETS[dataset].columns.map((column) => column.name).sort();
    const list = pulled.filter((fact) => fact.dataset === dataset);
    const odd = list.find((fact) => Object.keys(fact.values).sort().join() !== columns.join());
    if (odd !== undefined) throw new Error(`not the columns of ${dataset}: ${JSON.stringify(odd)}`);
    facts[dataset] = list.map(({ tenant, source, period, day, values }) => {
      const dated = day === null ? end.dayOf(tenant, period) : undefined;
      return { tenant, source, period: dated ?? period, day: dated ?? day ?? "", values };
    });
  }
  const homeless = pulled.find((fact) => !end.datasets.includes(fact.dataset));
  if (homeless !== undefined) throw new Error(`not named at the end: ${JSON.stringify(homeless)}`);
  return { opened, end, facts };
}

/** One column of all facts of a dataset. */
export function column(read: ReadFacts, dataset: DatasetId, name: string): (string | null)[] {
  return (read.facts[dataset] ?? []).map((fact) => fact.values[name] ?? null);
}
