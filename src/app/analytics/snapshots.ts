import type { DatasetId } from "../../core/metrics/datasets.ts";
import { type Snapshot, SnapshotGone } from "../../ports/metric-store.ts";
import type { TenantContext } from "../services.ts";
import type { Questions } from "./questions.ts";

/** How often a question is asked while loads keep replacing what it is asked of. */
const TRIES = 4;

const snapshots = new WeakMap<TenantContext, Map<DatasetId, Promise<Snapshot>>>();

/**
 * A dataset as a request sees it: read once, so that all parts of its answer are of the same facts.
 * @throws DomainError `store.unavailable`
 */
export function snapshotOf(context: TenantContext, dataset: DatasetId): Promise<Snapshot> {
  const own = snapshots.get(context) ?? new Map<DatasetId, Promise<Snapshot>>();
  snapshots.set(context, own);
  const known = own.get(dataset);
  if (known !== undefined) return known;
  const reading = read(context, dataset);
  own.set(dataset, reading);
  // A failure is not kept: whoever asks again tries again.
  reading.catch(() => own.delete(dataset));
  return reading;
}

async function read({ services, tenant, questions }: TenantContext, dataset: DatasetId): Promise<Snapshot> {
  const background = questions?.background ?? false;
  const snapshot = await services.metrics.forTenant(tenant.id, { background }).snapshot(dataset);
  return questions === undefined ? snapshot : counted(snapshot, questions);
}

function counted(snapshot: Snapshot, questions: Questions): Snapshot {
  const { version, asOf, extent } = snapshot;
  return {
    version,
    asOf,
    extent,
    aggregate: async (plan, signal) => {
      signal?.throwIfAborted();
      await questions.count(plan);
      return snapshot.aggregate(plan, signal);
    },
    loads: (signal) => snapshot.loads(signal),
  };
}

/**
 * Asks again, a few times, where the facts asked about were replaced meanwhile.
 * @param ask answers the whole question, each time in a context of its own and so of new snapshots
 * @throws SnapshotGone when loads keep getting in between
 */
export async function askAgain<T>(ask: () => Promise<T> | T): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof SnapshotGone) || attempt === TRIES) throw error;
    }
  }
}
