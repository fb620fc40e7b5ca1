import { DomainError } from "../../core/errors/errors.ts";
import type { DatasetId } from "../../core/metrics/datasets.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import { addDays, type CalendarDate } from "../../core/time/dates.ts";
import { FIRST_PLAUSIBLE_DAY } from "../../core/time/plausible.ts";
import { checkWithin, type DayRange } from "../../core/time/ranges.ts";
import { dateInZone } from "../../core/time/zones.ts";
import {
  assignmentOf,
  type DeliveredFact,
  type DeliveryEnd,
  type InputFile,
  type Ownership,
  type RejectionLog,
} from "../../ports/load.ts";
import { CallCounter } from "./api-calls.ts";
import type { Located } from "./json-stream.ts";
import type {
  Normalized,
  ObservedFinding,
  OpenedRecords,
  RecordCounts,
  RecordFormat,
  RecordInput,
} from "./record-format.ts";
import { Rejections } from "./rejections.ts";
import { snapshotGroups } from "./snapshots.ts";

const BATCH = 1000;
const DAY_MS = 86_400_000;
/** The most empty partitions named beside the full ones; no real set of accounts has more combinations. */
const MAX_NAMED_PARTITIONS = 10_000;

/** Files that are one snapshot together, and what was found in them. */
interface Snapshot {
  /** Stands for its day until that is known. */
  name: string;
  files: readonly InputFile[];
  /** The newest observation, in milliseconds since 1970; -1 when there is none. */
  newest: number;
  accounts: Set<string>;
  products: Set<string>;
}

/**
 * Opens files of one format for loading. They are read once, as the store pulls the facts: every record is checked,
 * rejected ones are counted and explained, findings are yielded with the controls they stand for, API calls are counted
 * and yielded last. The day of a snapshot is that of its newest observation, so it is known only at the end.
 *
 * The delivery's facts throw DomainError `import.*` when a file cannot be read, and the signal's reason when aborted;
 * its end throws `import.nothing-accepted` when all records of all files were refused.
 * @throws DomainError `date.out-of-reach` when the given snapshot's day is one that no observation may be of
 */
export function openRecords(format: RecordFormat, input: RecordInput): OpenedRecords {
  if (input.snapshot !== undefined) checkWithin(input.snapshot, observableDays(input.loadedAt), "snapshot");
  const scan = new Scan(format, input);
  const { files, loadedAt, dryRun, owners } = input;
  const delivery = {
    format: format.id,
    files: files.map((file) => file.name),
    facts: scan.facts(),
    end: () => scan.end(),
    assignment: assignmentOf(owners),
    loadedAt,
    dryRun,
  };
  return { delivery, counts: scan };
}

/** Up to a day after the load, as observations are: a clock may be ahead, and so may a time zone. */
function observableDays(loadedAt: string): DayRange {
  return { from: FIRST_PLAUSIBLE_DAY, to: addDays(loadedAt.slice(0, 10), 2) };
}

/** The tenant that owns the facts of an account; accounts without one go to the unassigned tenant. */
export function tenantOfAccount(owners: Ownership): (account: string) => string {
  if (owners.kind === "tenant") return () => owners.tenant;
  const claims = new Map(owners.claims.map((claim) => [claim.account, claim.tenant]));
  return (account) => claims.get(account) ?? UNASSIGNED;
}

class Scan implements RecordCounts {
  readonly #format: RecordFormat;
  readonly #input: RecordInput;
  readonly #tenantOf: (account: string) => string;
  readonly #latest: number;
  readonly #snapshots: readonly Snapshot[];
  readonly #rejections = new Rejections();
  readonly #calls: CallCounter;
  readonly #sources = new Map<string, Map<string, string>>();
  #findings = 0;
  read = 0;

  constructor(format: RecordFormat, input: RecordInput) {
    this.#format = format;
    this.#input = input;
    this.#tenantOf = tenantOfAccount(input.owners);
    this.#latest = Date.parse(input.loadedAt) + DAY_MS;
    this.#calls = new CallCounter(format.id, this.#tenantOf, input.zones);
    this.#snapshots = snapshotGroups(input.files).map((files, i) => ({
      name: String(i),
      files,
      newest: -1,
      accounts: new Set<string>(),
      products: new Set<string>(),
    }));
  }

  get rejected(): number {
    return this.#rejections.count;
  }

  async *facts(): AsyncGenerator<readonly DeliveredFact[], void, undefined> {
    let batch: DeliveredFact[] = [];
    for (const snapshot of this.#snapshots) {
      for (const file of snapshot.files) {
        for await (const located of this.#format.read(file)) {
          this.#input.signal?.throwIfAborted();
          for (const record of located) this.#take(snapshot, file, record, batch);
          if (batch.length < BATCH) continue;
          yield batch;
          batch = [];
        }
      }
    }
    for (const fact of this.#calls.facts()) {
      if (batch.push({ dataset: "usage", ...fact }) < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  #take(snapshot: Snapshot, file: InputFile, record: Located, into: DeliveredFact[]): void {
    for (const item of this.#normalized(record)) {
      this.read++;
      if (item.kind === "refused") {
        const { field, reason } = item;
        this.#rejections.add({ file: file.name, line: record.line, row: record.record, field, reason });
      } else if (item.kind === "api-call") this.#calls.add(item);
      else this.#takeFinding(snapshot, item, into);
    }
  }

  #takeFinding(snapshot: Snapshot, finding: ObservedFinding, into: DeliveredFact[]): void {
    const { account, product, observedAt } = finding;
    this.#findings++;
    snapshot.newest = Math.max(snapshot.newest, observedAt);
    snapshot.accounts.add(account);
    snapshot.products.add(product);
    const key = {
      tenant: this.#tenantOf(account),
      source: this.#source(product, account),
      period: snapshot.name,
      day: null,
    };
    const { finding: values, controls } = finding.facts();
    into.push({ dataset: "findings", ...key, values });
    for (const control of controls) into.push({ dataset: "controls", ...key, values: control });
  }

  #normalized(record: Located): readonly Normalized[] {
    if (record.problem !== undefined) return [{ kind: "refused", field: null, reason: record.problem }];
    return this.#format.normalize(record.value).map((item) => this.#refuseFuture(item));
  }

  #refuseFuture(item: Normalized): Normalized {
    const at = item.kind === "finding" ? item.observedAt : item.kind === "api-call" ? item.at : undefined;
    if (at === undefined || at <= this.#latest) return item;
    return { kind: "refused", field: null, reason: `is dated ${new Date(at).toISOString()}, in the future` };
  }

  end(): DeliveryEnd {
    const rejections = this.#rejections;
    if (this.read > 0 && rejections.count === this.read)
      throw nothingAccepted(this.#format, this.#input, rejections);
    const calls = this.#calls.size > 0 || this.#format.id === "cloudtrail";
    const findings = this.#format.id !== "cloudtrail" && (this.#findings > 0 || !calls);
    const datasets: DatasetId[] = [
      ...(findings ? (["findings", "controls"] as const) : []),
      ...(calls ? (["usage"] as const) : []),
    ];
    const days = this.#snapshots.map((snapshot) => this.#dayOf(snapshot));
    const dayOf = (tenant: string, period: string): CalendarDate => days[Number(period)]?.(tenant) ?? period;
    return { datasets, dayOf, partitions: findings ? this.#partitions(dayOf) : [], rejections };
  }

  /** Kept, so that a source is one text however many findings are of it. */
  #source(product: string, account: string): string {
    let ofProduct = this.#sources.get(product);
    if (ofProduct === undefined) {
      ofProduct = new Map();
      this.#sources.set(product, ofProduct);
    }
    let source = ofProduct.get(account);
    if (source === undefined) {
      source = `${this.#format.id}:${product}:${account}`;
      ofProduct.set(account, source);
    }
    return source;
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
   * Every product and account that a snapshot names, combined: when a product has no finding left in an account, the
   * account's older snapshot must not remain its newest one.
   */
  #partitions(dayOf: DeliveryEnd["dayOf"]): DeliveryEnd["partitions"][number][] {
    const found: DeliveryEnd["partitions"][number][] = [];
    for (const { name, accounts, products } of this.#snapshots) {
      for (const account of accounts) {
        const tenant = this.#tenantOf(account);
        for (const product of products) {
          if (found.length >= MAX_NAMED_PARTITIONS * 2) return found;
          const key = { tenant, source: this.#source(product, account), period: dayOf(tenant, name) };
          found.push({ ...key, dataset: "findings" }, { ...key, dataset: "controls" });
        }
      }
    }
    return found;
  }
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
    `${shown}: no record is a usable ${format.what}; rejected: ${rejections.count}${where}`,
    {
      fix: "Check that the file holds what its format says, or name its format with --format.",
      field: first?.field ?? undefined,
    },
  );
}
