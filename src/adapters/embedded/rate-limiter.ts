import { takeFrom } from "../../core/limits/bucket.ts";
import type { Rate } from "../../core/limits/limits.ts";
import type { Elapsed } from "../../ports/clock.ts";
import type { RateLimiter, Taken } from "../../ports/rate-limiter.ts";

/** Keys kept before those whose budget is whole are dropped. */
const SWEEP_AT = 10_000;

/** Budgets in the memory of this process. */
export class MemoryRateLimiter implements RateLimiter {
  readonly #elapsed: Elapsed;
  /** When each budget will be whole. */
  readonly #whole = new Map<string, number>();

  constructor(elapsed: Elapsed) {
    this.#elapsed = elapsed;
  }

  take(key: string, count: number, rate: Rate): Promise<Taken> {
    const now = this.#elapsed();
    if (this.#whole.size >= SWEEP_AT) this.#sweep(now);
    const { taken, whole } = takeFrom(now, this.#whole.get(key), count, rate);
    this.#whole.set(key, whole);
    return Promise.resolve(taken);
  }

  #sweep(now: number): void {
    for (const [key, whole] of this.#whole) if (whole <= now) this.#whole.delete(key);
  }
}
