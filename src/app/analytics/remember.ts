import type { DatasetId } from "../../core/metrics/datasets.ts";
import type { TenantContext } from "../services.ts";

/** Seconds an answer is kept; its key holds the data it was computed from, so it goes unreachable rather than stale. */
const CACHE_SECONDS = 3_600;

/**
 * Remembers a computed answer as long as a dataset of the tenant is as it was.
 * @param question names the computation and everything its answer depends on beside the data
 * @param compute gives what survives JSON
 */
export async function remembered<T>(
  context: TenantContext,
  dataset: DatasetId,
  question: readonly unknown[],
  compute: () => Promise<T>,
): Promise<T> {
  const { services, tenant } = context;
  const cache = services.cache.forTenant(tenant.id);
  const version = await services.metrics.forTenant(tenant.id).version(dataset);
  const digest = services.digest();
  digest.update(JSON.stringify(["answer", services.version, tenant.zone, dataset, question, version]));
  const key = digest.hex();
  const cached = await cache.get(key);
  if (cached !== undefined) return JSON.parse(cached) as T;
  const answer = await compute();
  await cache.set(key, JSON.stringify(answer), CACHE_SECONDS);
  return answer;
}
