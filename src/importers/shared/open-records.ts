import { DomainError } from "../../core/errors/errors.ts";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { PartitionKey } from "../../core/metrics/facts.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { CalendarDate } from "../../core/time/dates.ts";
import { dateInZone } from "../../core/time/zones.ts";
import type { InputFile, LoadedFact, Ownership, RecordLoad, RejectionLog } from "../../ports/load.ts";
import { CallCounter } from "./api-calls.ts";
import type { Located } from "./json-stream.ts";
import type {
  Normalized,
  ObservedFinding,
  OpenedRecords,
  RecordFormat,
  RecordInput,
  Values,
} from "./record-format.ts";
import { Rejections } from "./rejections.ts";
import { snapshotGroups } from "./snapshots.ts";

const BATCH = 1000;
const DAY_MS = 86_400_000;
/** Empty partitions named beside the full ones; more combinations than this are no real estate of accounts. */
const MAX_NAMED_PARTITIONS = 10_000;

/** Files that are one snapshot together, and what the first pass found in them. */
interface Snapshot {
  files: readonly InputFile[];
  /** The newest observation, in milliseconds since 1970; -1 when there is none. */
  newest: number;
  accounts: Set<string>;
  products: Set<string>;
}

/**
 * Opens files of one format for loading. The first pass runs here: it checks every record, counts and explains the
 * refused ones, finds the day of each snapshot and counts API calls; the loads it returns read the files again and
 * hand out facts as the store pulls them, so memory does not grow with the files.
 * @throws DomainError `import.*` when a file cannot be read, `import.nothing-accepted` when all records of all files
 *   are refused; the signal's reason when aborted
 */
export async function openRecords(format: RecordFormat, input: RecordInput): Promise<OpenedRecords> {
  const scan = new Scan(format, input);
  for (const files of snapshotGroups(input.files)) await scan.read(files);
  const { records, rejections } = scan;
  if (records > 0 && rejections.count === records) throw nothingAccepted(format, input, rejections);
  const none: RejectionLog = { count: 0, kept: [] };
  const findings = scan.findings > 0 || scan.calls.size === 0;
  const loads: RecordLoad[] = [];
  if (findings && format.id !== "cloudtrail") {
    loads.push(scan.load("findings", rejections, scan.factsOf(findingsOf)));
    loads.push(scan.load("controls", none, scan.factsOf(controlsOf)));
  }
  if (scan.calls.size > 0 || format.id === "cloudtrail") {
    loads.push(scan.load("usage", loads.length === 0 ? rejections : none, batches(scan.calls.facts())));
  }
  return { loads, recordsRead: records, recordsRejected: rejections.count };
}

const findingsOf = (finding: ObservedFinding): readonly Values[] => [finding.values()];
const controlsOf = (finding: ObservedFinding): readonly Values[] => finding.controls();

/** Who owns the facts of an account; accounts nobody claims go to the unassigned tenant. */
export function tenantOfAccount(owners: Ownership): (account: string) => string {
  if (owners.kind === "tenant") return () => owners.tenant;
  const claims = new Map(owners.claims.map((claim) => [claim.account, claim.tenant]));
  return (account) => claims.get(account) ?? UNASSIGNED;
}

class Scan {
  readonly #format: RecordFormat;
  readonly #input: RecordInput;
  readonly #tenantOf: (account: string) => string;
  readonly #latest: number;
  readonly #snapshots: Snapshot[] = [];
  readonly rejections = new Rejections();
  readonly calls: CallCounter;
  records = 0;
  findings = 0;

  constructor(format: RecordFormat, input: RecordInput) {
    this.#format = format;
    this.#input = input;
    this.#tenantOf = tenantOfAccount(input.owners);
    this.#latest = Date.parse(input.loadedAt) + DAY_MS;
    this.calls = new CallCounter(format.id, this.#tenantOf, input.zones);
  }

  async read(files: readonly InputFile[]): Promise<void> {
    const snapshot: Snapshot = { files, newest: -1, accounts: new Set(), products: new Set() };
    this.#snapshots.push(snapshot);
    for (const file of files) {
      for await (const located of this.#format.read(file)) {
        this.#input.signal?.throwIfAborted();
        for (const record of located) this.#take(snapshot, file, record);
        this.#input.onProgress?.({ records: this.records, file: file.name });
      }
    }
  }

  #take(snapshot: Snapshot, file: InputFile, record: Located): void {
    for (const item of this.#normalized(record)) {
      this.records++;
      if (item.kind === "refused") {
        const { field, reason } = item;
        this.rejections.add({ file: file.name, line: record.line, row: record.record, field, reason });
      } else if (item.kind === "api-call") this.calls.add(item);
      else {
        this.findings++;
        snapshot.newest = Math.max(snapshot.newest, item.observedAt);
        snapshot.accounts.add(item.account);
        snapshot.products.add(item.product);
      }
    }
  }

  /** What a record says, the same in both passes. */
  #normalized(record: Located): readonly Normalized[] {
    if (record.problem !== undefined) return [{ kind: "refused", field: null, reason: record.problem }];
    return this.#format.normalize(record.value).map((item) => this.#refuseFuture(item));
  }

  #refuseFuture(item: Normalized): Normalized {
    const at = item.kind === "finding" ? item.observedAt : item.kind === "api-call" ? item.at : undefined;
    if (at === undefined || at <= this.#latest) return item;
    return { kind: "refused", field: null, reason: `is dated ${new Date(at).toISOString()}, in the future` };
  }

  load(
    dataset: DatasetId,
    rejections: RejectionLog,
    records: AsyncIterable<readonly LoadedFact[]>,
  ): RecordLoad {
    const { files, loadedAt, dryRun } = this.#input;
    return {
      kind: "records",
      dataset,
      format: this.#format.id,
      files: files.map((file) => file.name),
      records,
      partitions: dataset === "usage" ? [] : this.#partitions(),
      rejections,
      loadedAt,
      dryRun,
    };
  }

  /** The second pass: the facts of all snapshots, in batches. */
  async *factsOf(
    valuesOf: (finding: ObservedFinding) => readonly Values[],
  ): AsyncGenerator<readonly LoadedFact[], void, undefined> {
    let batch: LoadedFact[] = [];
    for (const snapshot of this.#snapshots) {
      const dayOf = this.#dayOf(snapshot);
      for (const file of snapshot.files) {
        for await (const located of this.#format.read(file)) {
          this.#input.signal?.throwIfAborted();
          for (const item of located.flatMap((record) => this.#normalized(record))) {
            if (item.kind !== "finding") continue;
            const tenant = this.#tenantOf(item.account);
            const day = dayOf(tenant);
            const source = this.#source(item.product, item.account);
            for (const values of valuesOf(item)) batch.push({ tenant, source, period: day, day, values });
          }
          if (batch.length < BATCH) continue;
          yield batch;
          batch = [];
        }
      }
    }
    if (batch.length > 0) yield batch;
  }

  #source(product: string, account: string): string {
    return `${this.#format.id}:${product}:${account}`;
  }

  #dayOf(snapshot: Snapshot): (tenant: string) => CalendarDate {
    const { snapshot: given, snapshotAt, zones } = this.#input;
    if (given !== undefined) return () => given;
    const at = snapshotAt === undefined ? Math.max(0, snapshot.newest) : Date.parse(snapshotAt);
    const days = new Map<string, CalendarDate>();
    return (tenant) => {
      let day = days.get(tenant);
      if (day === undefined) {
        day = dateInZone(new Date(at), zones[tenant] ?? "UTC");
        days.set(tenant, day);
      }
      return day;
    };
  }

  /**
   * Every product and account that a snapshot names, combined: a product that has no finding left in an account shall
   * not leave the account's older snapshot standing as its newest one.
   */
  #partitions(): PartitionKey[] {
    const found: PartitionKey[] = [];
    for (const snapshot of this.#snapshots) {
      const dayOf = this.#dayOf(snapshot);
      for (const account of snapshot.accounts) {
        const tenant = this.#tenantOf(account);
        for (const product of snapshot.products) {
          if (found.length >= MAX_NAMED_PARTITIONS) return found;
          found.push({ tenant, source: this.#source(product, account), period: dayOf(tenant) });
        }
      }
    }
    return found;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the facts are in memory; the port takes any source
async function* batches(facts: Iterable<LoadedFact>): AsyncGenerator<readonly LoadedFact[], void, undefined> {
  let batch: LoadedFact[] = [];
  for (const fact of facts) {
    batch.push(fact);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function nothingAccepted(format: RecordFormat, input: RecordInput, rejections: RejectionLog): DomainError {
  const first = rejections.kept[0];
  const names = input.files.map((file) => file.name);
  const shown =
    names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  const where =
    first === undefined ? "" : ` (first: ${first.file}, line ${first.line ?? 0}: ${first.reason})`;
  return new DomainError(
    "import.nothing-accepted",
    "unprocessable",
    `${shown}: no record is a ${format.what} that can be used; refused: ${rejections.count}${where}`,
    {
      fix: "Check that the file holds what its format says, or name its format with --format.",
      ...(first?.field !== undefined && first.field !== null && { field: first.field }),
    },
  );
}
