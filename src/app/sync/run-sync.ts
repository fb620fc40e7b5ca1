import type { Connection } from "../../core/connections/connection.ts";
import type { DeliveryReport, StoredConnection, SyncReport, SyncRun } from "../../ports/connection-store.ts";
import type { SyncMarks } from "../../ports/connector.ts";
import type { Services } from "../services.ts";
import { getConnection, syncPorts } from "./connections.ts";
import { loadDelivery } from "./load-delivery.ts";
import type { LoadContext, SyncOptions } from "./options.ts";
import { CurrentRun } from "./current-run.ts";
import { targetOf } from "./target.ts";

/**
 * Pulls a connection: what is new or changed is loaded, delivery by delivery, each remembered once it is stored. When
 * one fails, those before it stay loaded and are not pulled again. The command line, the API and a schedule call this.
 * @throws DomainError `connection.not-found`, `sync.*`, `import.*`, `tenant.not-found`; the signal's reason
 */
export async function runSync(
  services: Services,
  id: string,
  options: SyncOptions = {},
): Promise<SyncReport> {
  const run = await beginSync(services, id, options);
  return run(options.signal ?? new AbortController().signal);
}

/**
 * Claims the connection and gives back what does the pull, for who answers before it is done.
 * @throws DomainError `sync.running`, `connection.not-found`, `sync.not-offered`
 */
export async function beginSync(
  services: Services,
  id: string,
  options: SyncOptions = {},
): Promise<((signal: AbortSignal) => Promise<SyncReport>) & { run: SyncRun }> {
  const { connections } = syncPorts(services);
  const stored = await getConnection(services, id);
  const current = await CurrentRun.begin(connections, services, stored.connection, options.dryRun === true);
  const perform = async (outer: AbortSignal): Promise<SyncReport> => {
    const signal = AbortSignal.any([outer, current.lost]);
    try {
      const report = await pullAll(services, stored, { ...options, signal }, current);
      await current.finish(report);
      return report;
    } catch (error) {
      await current.fail(error, outer.aborted);
      throw error;
    }
  };
  return Object.assign(perform, { run: current.run });
}

async function pullAll(
  services: Services,
  stored: StoredConnection,
  options: SyncOptions & { signal: AbortSignal },
  current: CurrentRun,
): Promise<SyncReport> {
  const { connection } = stored;
  const { signal } = options;
  const calls = new Map<string, number>();
  const target = await targetOf(services, connection);
  const marks: SyncMarks = options.again === true ? withoutDeliveries(stored.marks) : stored.marks;
  const progress = (text: string): void => {
    options.onProgress?.(text);
    current.progress(text);
  };
  const context: LoadContext = { services, connection, target, options, marks, progress };
  const connector = syncPorts(services).connectors[connection.kind];
  const deliveries: DeliveryReport[] = [];
  const warnings: string[] = [];
  const pulled = connector.pull(connection, {
    now: services.clock.now(),
    marks,
    zoneOf: target.zoneOf,
    signal,
    onCall: (action) => {
      calls.set(action, (calls.get(action) ?? 0) + 1);
      current.progress(undefined);
    },
    onProgress: progress,
  });
  for await (const delivery of pulled) {
    progress(`Pulling ${delivery.title}`);
    const loaded = await loadDelivery(context, delivery);
    deliveries.push(loaded.report);
    warnings.push(...loaded.warnings);
    if (options.dryRun !== true) await current.remember(loaded.marks);
    signal.throwIfAborted();
  }
  return {
    connection: connection.id,
    dryRun: options.dryRun === true,
    deliveries,
    calls: Object.fromEntries([...calls].sort(([a], [b]) => (a < b ? -1 : 1))),
    warnings: [...warnings, ...costOfCalls(connection, calls)],
  };
}

/** The list of sources is no delivery: forgetting it would leave what is gone standing. */
function withoutDeliveries(marks: SyncMarks): SyncMarks {
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
