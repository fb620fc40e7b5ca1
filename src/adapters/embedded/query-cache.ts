import type { Clock } from "../../ports/clock.ts";
import type { QueryCache } from "../../ports/query-cache.ts";

export interface CacheOptions {
  clock: Clock;
  /** What all entries may take together, counted as two bytes a character of key and value. Default 64 MiB. */
  maxBytes?: number;
}

interface Entry {
  value: string;
  bytes: number;
  /** Milliseconds since 1970. Before `since` the clock was set back, and nobody knows how old the entry is. */
  since: number;
  expires: number;
}

const DEFAULT_BYTES = 64 * 2 ** 20;
/** No entry may take more than this share, so that one answer never pushes out all others. */
const LARGEST_SHARE = 0.25;

/** Answers in memory, the least recently used dropped first. */
export function createQueryCache({ clock, maxBytes = DEFAULT_BYTES }: CacheOptions): QueryCache {
  // A Map iterates in order of insertion: an entry that is used is put back at the end.
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const drop = (name: string): void => {
    bytes -= entries.get(name)?.bytes ?? 0;
    entries.delete(name);
  };
  const makeRoom = (): void => {
    for (const name of entries.keys()) {
      if (bytes <= maxBytes) return;
      drop(name);
    }
  };
  return {
    forTenant(tenant) {
      const nameOf = (key: string): string => JSON.stringify([tenant, key]);
      return {
        get(key) {
          const name = nameOf(key);
          const entry = entries.get(name);
          if (entry === undefined) return Promise.resolve(undefined);
          const now = clock.now().getTime();
          if (now < entry.since || now >= entry.expires) {
            drop(name);
            return Promise.resolve(undefined);
          }
          entries.delete(name);
          entries.set(name, entry);
          return Promise.resolve(entry.value);
        },
        set(key, value, ttlSeconds) {
          const name = nameOf(key);
          drop(name);
          const size = 2 * (name.length + value.length);
          if (size <= maxBytes * LARGEST_SHARE && ttlSeconds > 0) {
            const since = clock.now().getTime();
            entries.set(name, { value, bytes: size, since, expires: since + ttlSeconds * 1000 });
            bytes += size;
            makeRoom();
          }
          return Promise.resolve();
        },
      };
    },
  };
}
