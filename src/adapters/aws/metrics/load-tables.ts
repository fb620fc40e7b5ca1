import { randomUUID } from "node:crypto";
import { type Dataset, DATASETS } from "../../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../../core/metrics/facts.ts";
import { UNASSIGNED } from "../../../core/tenants/tenant.ts";
import { plausibleDays } from "../../../core/time/plausible.ts";
import { dateInZone } from "../../../core/time/zones.ts";
import {
  type InputFile,
  type LoadReport,
  MAX_LISTED_REJECTIONS,
  type Ownership,
  type Rejection,
  type TableLoad,
  type TableMapping,
} from "../../../ports/load.ts";
import type { LoadOptions } from "../../../ports/metric-store.ts";
import { Conformance } from "./conformance.ts";
import { Ledger, UnassignedAccounts } from "./ledger.ts";
import { LoadRun, type LoadStore } from "./load-run.ts";
import { columnWarnings, replacementWarnings, tagWarning } from "./load-warnings.ts";
import type { TableRow } from "./table-columns.ts";
import { type ReadRow, RowReader } from "./table-rows.ts";
import { openTable, type TableSource } from "./table-source.ts";

/**
 * Loads CSV and Parquet files: each row is read, checked and summed here, and its day block written as it fills.
 * @throws DomainError `import.*` when a file cannot be read; the store is then as it was
 */
export async function loadTables(
  store: LoadStore,
  input: TableLoad,
  options: LoadOptions,
): Promise<LoadReport> {
  options.signal?.throwIfAborted();
  const load = new TableLoading(store, input);
  try {
    return await load.run(options);
  } catch (error) {
    await load.abandon();
    throw error;
  }
}

class TableLoading {
  readonly #store: LoadStore;
  readonly #input: TableLoad;
  readonly #mapping: TableMapping;
  readonly #dataset: Dataset;
  readonly #run: LoadRun;
  readonly #ledger: Ledger;
  readonly #unassigned: UnassignedAccounts;
  readonly #tenantOf: (account: string | null) => string;
  readonly #conformance: Conformance;
  readonly #rejections: Rejection[] = [];
  #rows = 0;
  #rejected = 0;
  #tagsLost = 0;

  constructor(store: LoadStore, input: TableLoad) {
    this.#store = store;
    this.#input = input;
    this.#mapping = input.mapping;
    this.#dataset = DATASETS[input.mapping.dataset];
    const { format } = input.mapping;
    const { loadedAt, dryRun } = input;
    const files = input.files.map(({ file }) => file.name);
    this.#run = new LoadRun(store, {
      id: randomUUID(),
      dataset: this.#dataset,
      format,
      files,
      loadedAt,
      dryRun,
    });
    this.#ledger = Ledger.forMeasures(this.#dataset, input.mapping.reportTotals);
    this.#conformance = new Conformance(input.mapping);
    this.#unassigned = new UnassignedAccounts(this.#dataset, "(no account)");
    this.#tenantOf = ownerLookup(input.owners);
  }

  async run(options: LoadOptions): Promise<LoadReport> {
    const { mapping, files, dryRun, loadedAt } = this.#input;
    const days = plausibleDays(new Date(loadedAt));
    const readers: { name: string; reader: RowReader }[] = [];
    for (const { file, table } of files) {
      const source = await openTable(file, table);
      try {
        const reader = new RowReader(file.name, source.columns, mapping, days);
        readers.push({ name: file.name, reader });
        await this.#readFile(file, source, reader, options);
      } finally {
        await source.close();
      }
    }
    options.signal?.throwIfAborted();
    options.onProgress?.({ phase: "storing", rows: this.#rows });
    const keys = this.#run.partitions();
    const replaced = await replacementWarnings(this.#store, mapping.dataset, keys, this.#run);
    const partitions = await this.#run.commit();
    return {
      dataset: mapping.dataset,
      format: mapping.format,
      version: mapping.version,
      files: files.map(({ file }) => file.name),
      rowsRead: this.#rows,
      rowsAccepted: this.#rows - this.#rejected,
      rowsRejected: this.#rejected,
      rejections: this.#rejections,
      totals: this.#ledger.totals(),
      partitions,
      unassigned: this.#unassigned.list(),
      warnings: [
        ...columnWarnings(readers),
        ...this.#conformance.warnings(),
        ...tagWarning(this.#tagsLost),
        ...replaced,
      ],
      dryRun,
    };
  }

  async #readFile(
    file: InputFile,
    source: TableSource,
    reader: RowReader,
    { signal, onProgress }: LoadOptions,
  ): Promise<void> {
    let row = 0;
    const header = source.columns.map(({ name }) => name);
    const check = this.#conformance.open(reader, header);
    for await (const batch of source.rows(reader.used)) {
      signal?.throwIfAborted();
      for (const record of batch) {
        row += 1;
        await this.#take(file, row, record, reader, check);
      }
      onProgress?.({ phase: "reading", rows: this.#rows });
    }
  }

  async #take(
    file: InputFile,
    row: number,
    record: TableRow,
    reader: RowReader,
    check: (row: ReadRow) => void,
  ): Promise<void> {
    this.#rows += 1;
    if ("problem" in record) {
      this.#reject({ file: file.name, line: record.line, row, ...record.problem });
      return;
    }
    const read = reader.read(record.fields);
    this.#ledger.read(read.values);
    check(read);
    if (read.problem !== undefined) {
      this.#reject({ file: file.name, line: record.line, row, ...read.problem });
      return;
    }
    if (read.tagsLost) this.#tagsLost += 1;
    await this.#keep(read);
  }

  #reject(rejection: Rejection): void {
    this.#rejected += 1;
    if (this.#rejections.length < MAX_LISTED_REJECTIONS) this.#rejections.push(rejection);
  }

  async #keep(read: ReadRow): Promise<void> {
    const { values } = read;
    const account =
      this.#mapping.accounts.map((name) => values[name] ?? null).find((v) => v !== null) ?? null;
    const tenant = this.#tenantOf(account);
    if (tenant === UNASSIGNED) this.#unassigned.add({ ...values, [this.#dataset.accountColumn]: account });
    const key: PartitionKey = {
      tenant,
      source: [this.#mapping.format, ...this.#mapping.source.map((name) => values[name] ?? "-")].join(":"),
      period: dateOf(read.period ?? 0n)
        .toISOString()
        .slice(0, 7),
    };
    const day = this.#dayOf(read, tenant);
    await this.#run.add(
      key,
      day,
      this.#dataset.columns.map(({ name }) => values[name] ?? null),
    );
    this.#ledger.stored(values);
  }

  /** See `TableMapping.start` for the rule. */
  #dayOf({ instants }: ReadRow, tenant: string): string {
    const from = instants[this.#mapping.start] ?? 0n;
    const to = instants[this.#mapping.end];
    const zone = this.#input.zones[tenant] ?? "UTC";
    const whole = to === undefined || to - from >= DAY_MICROS;
    return dateInZone(dateOf(from), whole ? "UTC" : zone);
  }

  async abandon(): Promise<void> {
    await this.#run.abandon();
  }
}

const DAY_MICROS = 86_400_000_000n;

function dateOf(micros: bigint): Date {
  return new Date(Math.floor(Number(micros) / 1000));
}

function ownerLookup(owners: Ownership): (account: string | null) => string {
  if (owners.kind === "tenant") return () => owners.tenant;
  const claims = new Map(owners.claims.map(({ account, tenant }) => [account, tenant]));
  return (account) => claims.get(account ?? "") ?? UNASSIGNED;
}
