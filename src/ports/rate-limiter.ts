import type { Taken } from "../core/limits/bucket.ts";
import type { Rate } from "../core/limits/limits.ts";

export type { Taken };

/**
 * Keeps budgets that fill up steadily (`takeFrom` is their arithmetic). All that is taken at once is allowed, or
 * nothing is taken. A clock that steps back locks nobody out for longer than a burst takes to come back.
 */
export interface RateLimiter {
  /** Takes `count` from the budget of `key`. */
  take(key: string, count: number, rate: Rate): Promise<Taken>;
}
