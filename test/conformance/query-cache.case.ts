import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../src/ports/clock.ts";
import type { QueryCache } from "../../src/ports/query-cache.ts";
import type { Fresh } from "./lib/fresh.ts";

/** What every query cache must do. @param create makes an empty cache on a clock that the suite sets */
export function queryCacheCases(name: string, create: (clock: Clock) => Promise<Fresh<QueryCache>>): void {
  describe(`query cache: ${name}`, () => {
    let fresh: Fresh<QueryCache>;
    let cache: QueryCache;
    let now: number;
    beforeEach(async () => {
      now = Date.parse("2024-10-01T00:00:00Z");
      fresh = await create({ now: () => new Date(now) });
      cache = fresh.store;
    });
    afterEach(() => fresh.close());

    it("gives back what was set, and the newest of two", async () => {
      const entries = cache.forTenant("acme");
      expect(await entries.get("k")).toBeUndefined();
      await entries.set("k", '{"rows":[["é📊",null]]}', 60);
      expect(await entries.get("k")).toBe('{"rows":[["é📊",null]]}');
      await entries.set("k", "newer", 60);
      expect(await cache.forTenant("acme").get("k")).toBe("newer");
    });

    it("keeps tenants apart, also with the same keys", async () => {
      await cache.forTenant("a").set("k", "a's", 60);
      await cache.forTenant("b").set("k", "b's", 60);
      expect(await cache.forTenant("a").get("k")).toBe("a's");
      expect(await cache.forTenant("b").get("k")).toBe("b's");
      expect(await cache.forTenant("c").get("k")).toBeUndefined();
      // No way of joining tenant and key may make two pairs the same.
      await cache.forTenant("a#b").set("c", "1", 60);
      expect(await cache.forTenant("a").get("b#c")).toBeUndefined();
    });

    it("forgets what is older than its time to live, to the second", async () => {
      const entries = cache.forTenant("acme");
      await entries.set("k", "value", 60);
      now += 59_000;
      expect(await entries.get("k")).toBe("value");
      now += 1_000;
      expect(await entries.get("k")).toBeUndefined();
    });

    it("does not keep what is too large, and does not fail on it", async () => {
      const entries = cache.forTenant("acme");
      await entries.set("large", "x".repeat(40 * 2 ** 20), 60);
      expect(await entries.get("large")).toBeUndefined();
      await entries.set("k", "value", 60);
      expect(await entries.get("k")).toBe("value");
    });
  });
}
