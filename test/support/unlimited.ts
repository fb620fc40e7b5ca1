import type { RateLimiter } from "../../src/ports/rate-limiter.ts";

/** For tests that ask more in a minute than anybody may. */
export const UNLIMITED: RateLimiter = {
  take: () => Promise.resolve({ allowed: true, remaining: 1, resetSeconds: 1, retrySeconds: 0 }),
};
