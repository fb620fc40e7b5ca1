/** A tenant's cached answers. Keys hold the data version, so entries go unreachable rather than stale. */
export interface TenantCache {
  /** undefined when absent or older than its time to live. */
  get(key: string): Promise<string | undefined>;
  /** Best effort: a value too large for the cache is not kept. */
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
}

export interface QueryCache {
  forTenant(tenant: string): TenantCache;
}
