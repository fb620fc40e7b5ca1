import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Clock } from "../../ports/clock.ts";
import type { QueryCache, TenantCache } from "../../ports/query-cache.ts";
import type { Dynamo } from "./dynamo.ts";
import { EXPIRES, isExpired, number, text } from "./items.ts";

/** Larger answers cost more to keep than to compute again. */
const MAX_BYTES = 256_000;
/** Not even compressed on the chance that they fit. */
const MAX_TEXT = 4_000_000;

export interface CacheMeter {
  hit(): void;
  miss(): void;
}

/** Cached answers in a table with a time to live. */
export function createQueryCache(
  dynamo: Dynamo,
  table: string,
  clock: Clock,
  meter?: CacheMeter,
): QueryCache {
  return { forTenant: (tenant) => tenantCache({ dynamo, table, clock, meter }, tenant) };
}

function tenantCache(
  {
    dynamo,
    table,
    clock,
    meter,
  }: { dynamo: Dynamo; table: string; clock: Clock; meter: CacheMeter | undefined },
  tenant: string,
): TenantCache {
  // Hashed, since a key may be longer than DynamoDB's 2,048 bytes; the tenant stays readable and cannot be forged,
  // since its ids hold no slash.
  const keyOf = (key: string): { cache_key: { S: string } } => ({
    cache_key: text(`${tenant}/${createHash("sha256").update(key).digest("base64url")}`),
  });
  return {
    async get(key) {
      const item = await dynamo.get(table, keyOf(key), { eventual: true });
      const value = item?.value?.B;
      if (item === undefined || value === undefined || isExpired(item, clock.now())) {
        meter?.miss();
        return undefined;
      }
      meter?.hit();
      return inflateRawSync(value).toString("utf8");
    },
    async set(key, value, ttlSeconds) {
      if (value.length > MAX_TEXT) return;
      const bytes = deflateRawSync(value);
      if (bytes.length > MAX_BYTES) return;
      const expires = Math.floor(clock.now().getTime() / 1000) + ttlSeconds;
      await dynamo.put({
        TableName: table,
        Item: { ...keyOf(key), value: { B: bytes }, [EXPIRES]: number(expires) },
      });
    },
  };
}
