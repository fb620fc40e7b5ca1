import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { CurrencyTotals, InputFile, LoadReport, PartitionReport } from "../../ports/load.ts";

/** What an import did: the loads of all datasets in the files, as one report. */
export interface ImportReport extends Omit<LoadReport, "dataset" | "partitions"> {
  datasets: readonly { dataset: DatasetId; facts: number }[];
  partitions: readonly (PartitionReport & { dataset: DatasetId })[];
}

/** What is known of the files beside what the loads say. */
export interface ImportedFiles {
  files: readonly InputFile[];
  format: string;
  version: string;
  /** Records in the files, when a record may stand for several facts or for none. */
  records?: { read: number; rejected: number };
  empty: readonly string[];
  /** Remarks about files that hold no data. */
  remarks?: readonly string[];
  dryRun: boolean;
}

/** Puts the reports of an import's loads together. */
export function importReport(about: ImportedFiles, loads: readonly LoadReport[]): ImportReport {
  const sum = (count: (load: LoadReport) => number): number =>
    loads.reduce((total, load) => total + count(load), 0);
  const read = about.records?.read ?? sum((load) => load.rowsRead);
  const rejected = about.records?.rejected ?? sum((load) => load.rowsRejected);
  const empty = about.empty.map((name) => `${name} is empty`);
  const nothing =
    loads.length === 0
      ? ["The files are empty: they name no period or snapshot, so nothing was replaced."]
      : [];
  return {
    format: about.format,
    version: about.version,
    files: about.files.map((file) => file.name),
    rowsRead: read,
    rowsAccepted: about.records === undefined ? sum((load) => load.rowsAccepted) : read - rejected,
    rowsRejected: rejected,
    rejections: loads.flatMap((load) => load.rejections),
    totals: loads.flatMap((load) => load.totals).map(shortTotals),
    datasets: loads.map(({ dataset, rowsAccepted }) => ({ dataset, facts: rowsAccepted })),
    partitions: loads.flatMap(({ dataset, partitions }) =>
      partitions.map((partition) => ({ dataset, ...partition })),
    ),
    unassigned: mergeAccounts(loads.flatMap((load) => load.unassigned)),
    warnings: [
      ...(about.remarks ?? []),
      ...nothing,
      ...(nothing.length === 0 ? empty : []),
      ...new Set(loads.flatMap((load) => load.warnings)),
    ],
    dryRun: about.dryRun,
  };
}

/** An account that several datasets name is one account; its rows are those of the dataset with most. */
function mergeAccounts(entries: LoadReport["unassigned"]): LoadReport["unassigned"] {
  const found = new Map<string, LoadReport["unassigned"][number]>();
  for (const entry of entries) {
    const before = found.get(entry.account);
    if (before === undefined || before.rows < entry.rows) found.set(entry.account, entry);
  }
  return [...found.values()];
}

/** Amounts by measure, the value null where no fact carries one. */
type Amounts = Readonly<Record<string, string | null>>;

/** Amounts under the names people reconcile by: `billed` for billed_cost. */
export function shortNames(amounts: Amounts): Amounts {
  return Object.fromEntries(
    Object.entries(amounts).map(([measure, value]) => [measure.replace(/_cost$/, ""), value]),
  );
}

function shortTotals({ currency, source, loaded }: CurrencyTotals): CurrencyTotals {
  return { currency, source: shortNames(source), loaded: shortNames(loaded) };
}
