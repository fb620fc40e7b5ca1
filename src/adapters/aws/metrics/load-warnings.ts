import type { DatasetId } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import { listed } from "../../../ports/load.ts";
import { inParallel } from "../dynamo.ts";
import { registeredTenants } from "./commit.ts";
import type { LoadRun, LoadStore } from "./load-run.ts";
import { readManifest } from "./manifest.ts";
import type { RowReader } from "./table-rows.ts";

/** Remarks on what the files have and lack; files with the same remark share a line. */
export function columnWarnings(files: readonly { name: string; reader: RowReader }[]): string[] {
  const remarks = new Map<string, string[]>();
  for (const { name, reader } of files) {
    const lines = [
      { text: "columns that are missing, their values unknown", names: reader.missing },
      { text: "columns that are not used", names: reader.unused },
      {
        text: "amounts held as binary floating point, read as their shortest decimal and rounded to 18 places",
        names: reader.floats,
      },
    ];
    for (const { text, names } of lines) {
      if (names.length === 0) continue;
      const line = `${text}: ${listed(names)}`;
      remarks.set(line, [...(remarks.get(line) ?? []), name]);
    }
  }
  return [...remarks].map(([line, names]) =>
    files.length === names.length ? line : `${line} (in ${listed(names)})`,
  );
}

export function tagWarning(count: number): string[] {
  if (count === 0) return [];
  return [
    `tags that are no JSON object, left out; the rows are loaded: ${count} ${count === 1 ? "row" : "rows"}`,
  ];
}

/**
 * What the partitions being replaced hold and this delivery does not, and who else has facts of the same source and
 * period: both may be meant, and both are how money is lost or counted twice.
 */
export async function replacementWarnings(
  store: LoadStore,
  dataset: DatasetId,
  delivered: readonly PartitionKey[],
  run: LoadRun,
): Promise<string[]> {
  const name = (key: { source: string; period: string }): string => `${key.source}\n${key.period}`;
  const names = new Set(delivered.map(name));
  const mine = new Set(delivered.map((key) => `${key.tenant}\n${name(key)}`));
  const tenants = await registeredTenants(store.dynamo, store.table);
  const kept = await inParallel(tenants, 8, async (tenant) => {
    const { partitions } = await readManifest(store.dynamo, store.table, tenant, dataset);
    return partitions
      .filter((p) => p.rows > 0 && names.has(name(p)) && !mine.has(`${tenant}\n${name(p)}`))
      .map(
        (p) =>
          `${tenant} keeps ${p.rows} rows of ${p.source} ${p.period} from an earlier load, none of which this delivery holds for it`,
      );
  });
  const gone = run.accountsGone();
  return [
    ...kept.flat(),
    ...(gone.length > 0
      ? [`accounts that the replaced load had and this delivery lacks: ${listed(gone)}`]
      : []),
  ];
}
