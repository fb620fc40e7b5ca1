import type { DatasetId } from "../../core/metrics/datasets.ts";
import { type Snapshot, SnapshotGone } from "../../ports/metric-store.ts";
import type { TenantContext } from "../services.ts";

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
  const reading = context.services.metrics.forTenant(context.tenant.id).snapshot(dataset);
  own.set(dataset, reading);
  // A failure is not kept: whoever asks again tries again.
  reading.catch(() => own.delete(dataset));
  return reading;
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
