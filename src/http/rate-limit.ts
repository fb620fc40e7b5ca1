import { RATE_LIMITS, type RateLimitName } from "../contract/route.ts";
import { DomainError } from "../core/errors/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { RateLimiter, Taken } from "../ports/rate-limiter.ts";

const WINDOW_SECONDS = 60;

/** Keys kept before those whose window is over are dropped. */
const SWEEP_AT = 10_000;

/** Counts in memory, in windows that start with a key's first request. */
export class MemoryRateLimiter implements RateLimiter {
  readonly #clock: Clock;
  readonly #windows = new Map<string, { ends: number; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(key: string, limit: number, windowSeconds: number): Promise<Taken> {
    const now = this.#clock.now().getTime();
    if (this.#windows.size >= SWEEP_AT) this.#sweep(now);
    let window = this.#windows.get(key);
    if (window === undefined || window.ends <= now) {
      window = { ends: now + windowSeconds * 1000, count: 0 };
      this.#windows.set(key, window);
    }
    const allowed = window.count < limit;
    if (allowed) window.count += 1;
    return Promise.resolve({
      allowed,
      remaining: limit - window.count,
      resetSeconds: Math.ceil((window.ends - now) / 1000),
    });
  }

  #sweep(now: number): void {
    for (const [key, window] of this.#windows) if (window.ends <= now) this.#windows.delete(key);
  }
}

/**
 * Takes a request from a tenant's budget and tells how much is left, in the headers of
 * draft-ietf-httpapi-ratelimit-headers-10.
 * @param who the tenant, or for an operator the token's subject
 * @param headers receives `RateLimit-Policy` and `RateLimit`
 * @throws DomainError `request.too-many`
 */
export async function spend(
  limiter: RateLimiter,
  name: RateLimitName,
  who: string,
  headers: Headers,
): Promise<void> {
  const limit = RATE_LIMITS[name];
  const taken = await limiter.take(`${name}/${who}`, limit, WINDOW_SECONDS);
  headers.set("RateLimit-Policy", `"${name}";q=${limit};w=${WINDOW_SECONDS}`);
  headers.set("RateLimit", `"${name}";r=${taken.remaining};t=${taken.resetSeconds}`);
  if (taken.allowed) return;
  throw new DomainError(
    "request.too-many",
    "rate-limited",
    `The limit of ${limit} ${name.replace("-", " ")} a minute is used up`,
    { fix: `Try again in ${taken.resetSeconds} s.`, retryAfter: taken.resetSeconds },
  );
}
