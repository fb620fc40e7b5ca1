import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../src/ports/clock.ts";
import type { RateLimiter, Taken } from "../../src/ports/rate-limiter.ts";
import type { Fresh } from "./lib/fresh.ts";

const START = Date.parse("2024-10-01T00:00:30Z");
/** One for each second, three at once. */
const RATE = { perMinute: 60, burst: 3 };

/**
 * What every rate limiter must do.
 * @param create makes one that has counted nothing, on the clock or on what has passed on it
 */
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
    const take = (key: string, count = 1): Promise<Taken> => fresh.store.take(key, count, RATE);
    async function takeEach(key: string, times: number): Promise<Taken[]> {
      const taken: Taken[] = [];
      for (let i = 0; i < times; i++) taken.push(await take(key));
      return taken;
    }

    it("counts a budget down, refuses what is not there, and fills up steadily", async () => {
      expect(await takeEach("acme", 4)).toEqual([
        { allowed: true, remaining: 2, resetSeconds: 1, retrySeconds: 0 },
        { allowed: true, remaining: 1, resetSeconds: 2, retrySeconds: 0 },
        { allowed: true, remaining: 0, resetSeconds: 3, retrySeconds: 0 },
        { allowed: false, remaining: 0, resetSeconds: 3, retrySeconds: 1 },
      ]);
      pass(1);
      expect((await takeEach("acme", 2)).map(({ allowed }) => allowed)).toEqual([true, false]);
      pass(60);
      expect((await takeEach("acme", 4)).map(({ allowed }) => allowed)).toEqual([true, true, true, false]);
    });

    it("takes several at once, or none of them", async () => {
      expect(await take("acme", 2)).toMatchObject({ allowed: true, remaining: 1 });
      expect(await take("acme", 3)).toEqual({
        allowed: false,
        remaining: 1,
        resetSeconds: 2,
        retrySeconds: 2,
      });
      expect(await take("acme", 1)).toMatchObject({ allowed: true, remaining: 0 });
      pass(2);
      expect(await take("acme", 2)).toMatchObject({ allowed: true, remaining: 0 });
    });

    it("gives more than a burst where the budget is whole, and counts it as one", async () => {
      expect(await take("acme", 10)).toMatchObject({ allowed: true, remaining: 0, resetSeconds: 3 });
      expect(await take("acme", 10)).toMatchObject({ allowed: false, retrySeconds: 3 });
    });

    it("gives every key a budget of its own", async () => {
      await take("queries/acme", 3);
      expect(await take("exports/acme")).toMatchObject({ allowed: true, remaining: 2 });
      expect(await take("queries/beta")).toMatchObject({ allowed: true, remaining: 2 });
    });

    it("lets a client that hammers in again as if it had not", async () => {
      await takeEach("acme", 30);
      pass(1);
      expect(await take("acme")).toMatchObject({ allowed: true });
    });

    it("locks nobody out when its clock steps back by months", async () => {
      await take("acme", 3);
      pass(-90 * 86_400);
      expect(await take("acme")).toMatchObject({ allowed: false, retrySeconds: 1, resetSeconds: 3 });
      pass(1);
      expect(await take("acme")).toMatchObject({ allowed: true });
      pass(3);
      expect(await take("acme")).toMatchObject({ allowed: true, remaining: 2 });
    });

    it("allows no more than the budget to requests that come at once", async () => {
      const rate = { perMinute: 60, burst: 7 };
      const ask = (): Promise<Taken> => fresh.store.take("acme", 1, rate);
      const taken = await Promise.all(Array.from({ length: 20 }, ask));
      expect(taken.filter(({ allowed }) => allowed)).toHaveLength(7);
    });
  });
}
