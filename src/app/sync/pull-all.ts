import type { Connection } from "../../core/connections/connection.ts";
import type {
  DeliveryReport,
  StoredConnection,
  SyncReport,
  SyncSoFar,
} from "../../core/connections/sync-run.ts";
import type { SyncBatch, PullContext } from "../../ports/connector.ts";
import type { SyncState } from "../../core/connections/sync-run.ts";
import type { Services } from "../services.ts";
import { loadByOwners } from "../tenants/owners.ts";
import { syncPorts } from "./connections.ts";
import type { Loaded } from "./delivered.ts";
import { loadDelivery } from "./load-delivery.ts";
import type { LoadContext, SyncOptions } from "./options.ts";
import { type SyncTarget, targetOf } from "./target.ts";

/** What a pull reports while it is under way. */
export interface PullProgress {
  say(text: string): void;
  /** Stores what need not be pulled again. @throws DomainError `sync.lost` when the run is no longer the current one */
  remember(marks: SyncState): Promise<void>;
}

/** What a run has done, counted on from what it did in the process before, if there was one. */
export class PullTally {
  readonly #before: SyncSoFar;
  readonly #calls: Map<string, number>;
  /** By delivery, in the order the connector yielded them. */
  readonly #reports = new Map<string, DeliveryReport>();
  readonly #warnings: string[];
  /** Deliveries that this process loaded, or checked in a dry run, and their rows. */
  loadedNow = 0;
  rowsNow = 0;
  /** The title of what is being loaded. */
  delivery: string | undefined;

  constructor(before: SyncSoFar) {
    this.#before = before;
    this.#calls = new Map(Object.entries(before.calls));
    this.#warnings = [...before.warnings];
  }

  called(action: string): void {
    this.#calls.set(action, (this.#calls.get(action) ?? 0) + 1);
  }

  /** Takes over what was done with a delivery before, by this process or the one before. @returns false when nothing was */
  takeOver({ id }: SyncBatch): boolean {
    if (this.#reports.has(id)) return true;
    const earlier = this.#before.deliveries.find((report) => report.id === id);
    if (earlier !== undefined) this.#reports.set(id, earlier);
    return earlier !== undefined;
  }

  add({ report, warnings }: Loaded): void {
    this.#reports.set(report.id, report);
    this.#warnings.push(...warnings);
    this.delivery = undefined;
    if (report.status === "unchanged") return;
    this.loadedNow += 1;
    this.rowsNow += report.loads.reduce((sum, load) => sum + load.rowsAccepted, 0);
  }

  /** For the next process: what is unchanged it finds out by itself. */
  get soFar(): SyncSoFar {
    const done = this.#deliveries().filter(({ status }) => status !== "unchanged");
    return { deliveries: done, calls: this.calls, warnings: this.#warnings };
  }

  /** Calls by IAM action, in its order. */
  get calls(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#calls].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  report(connection: Connection, dryRun: boolean): SyncReport {
    return {
      connection: connection.id,
      dryRun,
      deliveries: this.#deliveries(),
      calls: this.calls,
      warnings: [...this.#warnings, ...costOfCalls(connection, this.#calls)],
    };
  }

  /** Includes those that an earlier process loaded and the connector no longer yields. */
  #deliveries(): DeliveryReport[] {
    const gone = this.#before.deliveries.filter(({ id }) => !this.#reports.has(id));
    return [...gone, ...this.#reports.values()];
  }
}

/**
 * Loads delivery after delivery, each remembered once it is stored.
 * @throws DomainError `sync.*`, `import.*`, `tenant.not-found`; the signal's reason
 */
export async function pullAll(
  services: Services,
  stored: StoredConnection,
  options: SyncOptions & { signal: AbortSignal },
  { run, tally }: { run: PullProgress; tally: PullTally },
): Promise<SyncReport> {
  const { connection } = stored;
  const dryRun = options.dryRun === true;
  const marks = options.again === true ? withoutDeliveries(stored.marks) : stored.marks;
  const progress = (text: string): void => run.say(text);
  const connector = syncPorts(services).connectors[connection.kind];
  // Facts of an API come once: when accounts changed hands while they did, what is not loaded yet is pulled again.
  await loadByOwners(services, connection.tenant, async (owners) => {
    const target = targetOf(owners);
    const context: LoadContext = { services, connection, target, options, marks, progress };
    for await (const delivery of connector.pull(
      connection,
      pullContext(context, target, (action) => tally.called(action)),
    )) {
      if (tally.takeOver(delivery)) continue;
      tally.delivery = delivery.title;
      progress(`Pulling ${delivery.title}`);
      const loaded = await loadDelivery(context, delivery);
      tally.add(loaded);
      if (delivery.kind !== "unchanged") await run.remember(dryRun ? {} : loaded.marks);
      options.signal.throwIfAborted();
    }
  });
  return tally.report(connection, dryRun);
}

function pullContext(
  { services, marks, options, progress }: LoadContext,
  { zoneOf }: SyncTarget,
  onCall: (action: string) => void,
): PullContext {
  return { now: services.clock.now(), marks, zoneOf, signal: options.signal, onCall, onProgress: progress };
}

/** The list of sources is no delivery: forgetting it would leave what is gone standing. */
function withoutDeliveries(marks: SyncState): SyncState {
  return marks["sources"] === undefined ? {} : { sources: marks["sources"] };
}

/** https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/ */
function costOfCalls(connection: Connection, calls: ReadonlyMap<string, number>): string[] {
  const requests = calls.get("ce:GetCostAndUsage") ?? 0;
  if (connection.kind !== "cost-explorer" || requests === 0) return [];
  const cents = (requests / 100).toFixed(2);
  return [
    `AWS bills ${requests} ${requests === 1 ? "request" : "requests"} to Cost Explorer, USD ${cents} at USD 0.01 each.`,
  ];
}
