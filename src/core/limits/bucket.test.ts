import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { takeFrom } from "./bucket.ts";

const RATE = { perMinute: 600, burst: 100 };

describe("a budget", () => {
  it("gives a burst at once, then one for each tenth of a second", () => {
    const first = takeFrom(0, undefined, 100, RATE);
    expect(first.taken).toEqual({ allowed: true, remaining: 0, resetSeconds: 10, retrySeconds: 0 });
    expect(takeFrom(0, first.whole, 1, RATE).taken).toMatchObject({ allowed: false, retrySeconds: 1 });
    expect(takeFrom(100, first.whole, 1, RATE).taken).toMatchObject({ allowed: true, remaining: 0 });
  });

  it("tells of several when they may be taken", () => {
    const { whole } = takeFrom(0, undefined, 90, RATE);
    const { taken } = takeFrom(0, whole, 60, RATE);
    expect(taken).toEqual({ allowed: false, remaining: 10, resetSeconds: 9, retrySeconds: 5 });
    expect(takeFrom(5_000, whole, 60, RATE).taken.allowed).toBe(true);
  });

  it("gives more than a burst once it is whole", () => {
    const { taken } = takeFrom(0, undefined, 250, RATE);
    expect(taken).toMatchObject({ allowed: true, remaining: 0 });
  });

  it("lets nobody wait for longer than a burst takes, wherever the clock has stepped", () => {
    const days = 90 * 86_400_000;
    const { taken, whole } = takeFrom(0, days, 1, RATE);
    expect(taken).toEqual({ allowed: false, remaining: 0, resetSeconds: 10, retrySeconds: 1 });
    expect(takeFrom(1_000, whole, 1, RATE).taken.allowed).toBe(true);
  });

  it("never gives more than its burst and what has flowed in since, whoever asks for what and when", () => {
    const asks = fc.array(fc.record({ pause: fc.nat(5_000), count: fc.integer({ min: 1, max: 120 }) }));
    const rates = fc.record({
      perMinute: fc.integer({ min: 1, max: 5_000 }),
      burst: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(asks, rates, (list, rate) => {
        let [now, given] = [0, 0];
        let whole: number | undefined;
        for (const { pause, count } of list) {
          now += pause;
          const next = takeFrom(now, whole, count, rate);
          whole = next.whole;
          if (next.taken.allowed) given += Math.min(count, rate.burst);
          expect(given).toBeLessThanOrEqual(rate.burst + (now * rate.perMinute) / 60_000 + 1e-3);
          expect(next.taken.retrySeconds).toBeLessThanOrEqual(Math.ceil((rate.burst * 60) / rate.perMinute));
        }
      }),
    );
  });
});
