import { randomUUID } from "node:crypto";
import { DomainError } from "../../../core/errors/errors.ts";
import { DATASETS, type FactColumn, type FactType } from "../../../core/metrics/datasets.ts";
import { tryParseDecimal } from "../../../core/money/decimal.ts";
import { UNASSIGNED } from "../../../core/tenants/tenant.ts";
import { tryParseDate } from "../../../core/time/dates.ts";
import type { LoadedFact, LoadReport, RecordLoad } from "../../../ports/load.ts";
import { MAX_LISTED_REJECTIONS } from "../../../ports/load.ts";
import type { LoadOptions } from "../../../ports/metric-store.ts";
import type { FactRow } from "./codec.ts";
import { LoadRun, type LoadStore } from "./load-run.ts";
import { Ledger, UnassignedAccounts } from "./ledger.ts";

/**
 * Loads facts that come one by one.
 * @throws DomainError `import.conflict`, `import.invalid-fact`, `store.unavailable`, and whatever the records throw;
 *   the store is then as it was
 */
export async function loadRecords(
  store: LoadStore,
  input: RecordLoad,
  options: LoadOptions,
): Promise<LoadReport> {
  options.signal?.throwIfAborted();
  const dataset = DATASETS[input.dataset];
  const run = new LoadRun(store, { ...input, id: randomUUID(), dataset });
  const ledger = Ledger.forRecords(dataset);
  const unassigned = new UnassignedAccounts(dataset);
  const names = dataset.columns.map((column) => column.name);
  let rows = 0;
  try {
    for (const partition of input.partitions) await run.open(partition);
    for await (const batch of input.records) {
      options.signal?.throwIfAborted();
      for (const fact of batch) {
        checkFact(fact, dataset.columns);
        const row: FactRow = names.map((name) => fact.values[name] ?? null);
        await run.add(fact, fact.day, row);
        ledger.add(fact.values);
        if (fact.tenant === UNASSIGNED) unassigned.add(fact.values);
      }
      rows += batch.length;
      options.onProgress?.({ phase: "storing", rows });
    }
    options.signal?.throwIfAborted();
    const partitions = await run.commit();
    const rejected = input.rejections;
    return {
      dataset: input.dataset,
      format: input.format,
      version: "",
      files: input.files,
      rowsRead: rows + rejected.count,
      rowsAccepted: rows,
      rowsRejected: rejected.count,
      rejections: rejected.kept.slice(0, MAX_LISTED_REJECTIONS),
      totals: ledger.totals(),
      partitions,
      unassigned: unassigned.list(),
      warnings: [],
      dryRun: input.dryRun,
    };
  } catch (error) {
    await run.abandon();
    throw error;
  }
}

/**
 * A fact that is no fact would make later questions fail, so it ends the load.
 * @throws DomainError `import.invalid-fact`
 */
export function checkFact(
  fact: { day: string | null; values: LoadedFact["values"] },
  columns: readonly FactColumn[],
): void {
  if (fact.day !== null && tryParseDate(fact.day) === undefined)
    throw invalidFact("day", fact.day, "a calendar date");
  for (const { name, type } of columns) {
    const value = fact.values[name] ?? null;
    if (value === null || type === "string") continue;
    const wanted = WANTED[type];
    if (!wanted.test(value)) throw invalidFact(name, value, wanted.what);
  }
}

const WANTED: Readonly<
  Record<Exclude<FactType, "string">, { what: string; test: (text: string) => boolean }>
> = {
  decimal: {
    what: "an exact decimal of at most 38 digits",
    test: (text) => tryParseDecimal(text) !== undefined,
  },
  instant: { what: "an RFC 3339 instant", test: (text) => !Number.isNaN(Date.parse(text)) },
  tags: { what: "a JSON object", test: isJsonObject },
};

function isJsonObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

function invalidFact(field: string, text: string, wanted: string): DomainError {
  return new DomainError(
    "import.invalid-fact",
    "unprocessable",
    `${field} "${text.slice(0, 80)}" is not ${wanted}`,
    { field, fix: "Correct the value at its source." },
  );
}
