import { describe, expect, it } from "vitest";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { queryCacheCases } from "../../../test/conformance/query-cache.case.ts";
import { createQueryCache } from "./query-cache.ts";

queryCacheCases("embedded", (clock) => freshStore((store) => store.cache, { clock }));

describe("embedded query cache", () => {
  const clock = { now: () => new Date("2024-10-01T00:00:00Z") };

  it("stays within its bytes and drops what was not used for longest", async () => {
    const cache = createQueryCache({ clock, maxBytes: 10_000 }).forTenant("acme");
    const value = "x".repeat(1_000);
    for (const key of ["a", "b", "c", "d"]) await cache.set(key, value, 60);
    await cache.get("a");
    await cache.set("e", value, 60);
    const held = await Promise.all(
      ["a", "b", "c", "d", "e"].map(async (key) => (await cache.get(key)) !== undefined),
    );
    expect(held).toEqual([true, false, true, true, true]);
  });

  it("forgets what was kept before the clock was set back: nobody knows how old it is", async () => {
    let now = Date.parse("2024-10-01T00:00:00Z");
    const cache = createQueryCache({ clock: { now: () => new Date(now) } }).forTenant("acme");
    await cache.set("a", "x", 60);
    now -= 90 * 86_400_000;
    expect(await cache.get("a")).toBeUndefined();
  });

  it("gives back the room of entries that were replaced or too old", async () => {
    const cache = createQueryCache({ clock, maxBytes: 10_000 }).forTenant("acme");
    for (let i = 0; i < 100; i++) await cache.set("same", "x".repeat(1_000), 60);
    await cache.set("other", "y", 60);
    expect(await cache.get("same")).toBeDefined();
    await cache.set("large", "x".repeat(2_000), 60);
    expect(await cache.get("large")).toBeUndefined();
    expect(await cache.get("same")).toBeDefined();
  });
});
