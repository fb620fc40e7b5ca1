import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { TenantContext } from "../services.ts";

/** Seconds an answer is kept; its key holds the data it was computed from, so it goes unreachable rather than stale. */
const CACHE_SECONDS = 3_600;

/** Answers under way, by request: the parts of one report or dashboard that ask the same ask once. */
const underWay = new WeakMap<TenantContext, Map<string, Promise<unknown>>>();

/**
 * Remembers a computed answer as long as a dataset of the tenant is as it was.
 * @param question names the computation and everything its answer depends on beside the data
 * @param compute gives what survives JSON
 * @param keeps whether an answer is worth remembering; all are when not given
 */
export async function cached<T>(
  context: TenantContext,
  dataset: DatasetId,
  question: readonly unknown[],
  compute: () => Promise<T>,
  keeps: (answer: T) => boolean = () => true,
): Promise<T> {
  const { services, tenant } = context;
  const cache = services.cache.forTenant(tenant.id);
  const version = await services.metrics.forTenant(tenant.id).version(dataset);
  const digest = services.digest();
  digest.update(JSON.stringify(["answer", services.version, tenant.zone, dataset, question, version]));
  const key = digest.hex();
  const own = underWay.get(context) ?? new Map<string, Promise<unknown>>();
  underWay.set(context, own);
  const same = own.get(key);
  if (same !== undefined) return same as Promise<T>;
  const answering = (async (): Promise<T> => {
    const stored = await cache.get(key);
    if (stored !== undefined) return JSON.parse(stored) as T;
    const answer = await compute();
    if (keeps(answer)) await cache.set(key, JSON.stringify(answer), CACHE_SECONDS);
    return answer;
  })();
  own.set(key, answering);
  // A failure is not remembered: whoever asks again tries again.
  void answering.catch(() => undefined).finally(() => own.delete(key));
  return answering;
}
