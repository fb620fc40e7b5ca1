import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { TenantContext } from "../services.ts";
import { snapshotOf } from "./snapshots.ts";

/** Seconds an answer is kept. Its key includes the version of the data, so it becomes unreachable rather than stale. */
const CACHE_SECONDS = 3_600;

/** Answers in progress, by request: parts of one report or dashboard that ask the same question share it. */
const underWay = new WeakMap<TenantContext, Map<string, Promise<unknown>>>();

/**
 * Does what several parts of a request, which ask the same, need once.
 * @param key names it within the tenant
 */
export function shared<T>(context: TenantContext, key: string, make: () => Promise<T>): Promise<T> {
  const own = underWay.get(context) ?? new Map<string, Promise<unknown>>();
  underWay.set(context, own);
  const same = own.get(key);
  if (same !== undefined) return same as Promise<T>;
  const making = make();
  own.set(key, making);
  // Failures are not kept: the next one tries again.
  void making.catch(() => undefined).finally(() => own.delete(key));
  return making;
}

/**
 * Caches a computed answer until a dataset of the tenant changes.
 * @param question identifies the computation and everything its answer depends on besides the data
 * @param compute its result must survive JSON
 * @param keeps whether to cache an answer; by default every answer is cached
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
  const { version, asOf, extent } = await snapshotOf(context, dataset);
  const digest = services.digest();
  const data = { version, asOf, extent };
  digest.update(JSON.stringify(["answer", services.version, tenant.zone, dataset, question, data]));
  const key = digest.hex();
  return shared(context, `answer ${key}`, async () => {
    const stored = await cache.get(key);
    if (stored !== undefined) return JSON.parse(stored) as T;
    const answer = await compute();
    if (keeps(answer)) await cache.set(key, JSON.stringify(answer), CACHE_SECONDS);
    return answer;
  });
}
