import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../src/ports/clock.ts";
import type { RateLimiter, Taken } from "../../src/ports/rate-limiter.ts";
import type { Fresh } from "./lib/fresh.ts";

/** The first second of a minute, since some limiters' windows are aligned to the clock. */
const START = Date.parse("2024-10-01T00:00:00Z");

/** What every rate limiter must do. @param create makes one that has counted nothing */
export function rateLimiterCases(name: string, create: (clock: Clock) => Promise<Fresh<RateLimiter>>): void {
  describe(`rate limiter: ${name}`, () => {
    let fresh: Fresh<RateLimiter>;
    let now: number;
    beforeEach(async () => {
      now = START;
      fresh = await create({ now: () => new Date(now) });
    });
    afterEach(() => fresh.close());

    const pass = (seconds: number): void => void (now += seconds * 1000);
    const take = (key: string, times: number, limit = 3): Promise<Taken[]> =>
      Array.from({ length: times }).reduce<Promise<Taken[]>>(
        async (before) => [...(await before), await fresh.store.take(key, limit, 60)],
        Promise.resolve([]),
      );

    it("counts a budget down, and refuses until its window is over", async () => {
      const taken = await take("acme", 4);
      expect(taken.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
      ]);
      pass(15);
      const [refused] = await take("acme", 1);
      expect(refused).toEqual({ allowed: false, remaining: 0, resetSeconds: 45 });
      pass(45);
      expect(await take("acme", 1)).toMatchObject([{ allowed: true, remaining: 2 }]);
    });

    it("gives every key a budget of its own", async () => {
      await take("queries/acme", 3);
      expect(await take("exports/acme", 1)).toMatchObject([{ allowed: true, remaining: 2 }]);
      expect(await take("queries/beta", 1)).toMatchObject([{ allowed: true, remaining: 2 }]);
    });

    it("lets a client that hammers in again in the next window", async () => {
      await take("acme", 30);
      pass(60);
      expect(await take("acme", 3)).toMatchObject([{ allowed: true }, { allowed: true }, { allowed: true }]);
    });

    it("allows no more than the budget to requests that come at once", async () => {
      const taken = await Promise.all(Array.from({ length: 20 }, () => fresh.store.take("acme", 7, 60)));
      expect(taken.filter(({ allowed }) => allowed)).toHaveLength(7);
    });
  });
}
