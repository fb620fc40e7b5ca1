import { type Budgets, tooMany } from "../app/analytics/questions.ts";
import type { RateLimitName } from "../contract/route.ts";
import type { Rate } from "../core/limits/limits.ts";
import type { Taken } from "../ports/rate-limiter.ts";

const WINDOW_SECONDS = 60;

/** What a request used of its tenant's budgets, for the headers of draft-ietf-httpapi-ratelimit-headers-10. */
export class UsedBudgets {
  readonly #policies = new Map<RateLimitName, string>();
  readonly #left = new Map<RateLimitName, string>();

  /** @param taken undefined where nothing was taken, as of questions that are remembered */
  note(name: RateLimitName, rate: Rate, taken?: Taken): void {
    this.#policies.set(name, `"${name}";q=${rate.perMinute};w=${WINDOW_SECONDS}`);
    if (taken !== undefined) this.#left.set(name, `"${name}";r=${taken.remaining};t=${taken.resetSeconds}`);
  }

  /** Sets `RateLimit-Policy` and, of budgets from which something was taken, `RateLimit`. */
  tell(headers: Headers): void {
    if (this.#policies.size > 0) headers.set("RateLimit-Policy", [...this.#policies.values()].join(", "));
    if (this.#left.size > 0) headers.set("RateLimit", [...this.#left.values()].join(", "));
  }
}

/**
 * Takes a request from a tenant's budget.
 * @param who the tenant, or for an operator the token's subject
 * @throws DomainError `request.too-many`
 */
export async function spend(
  { limiter, limits }: Budgets,
  name: RateLimitName,
  who: string,
  used: UsedBudgets,
): Promise<void> {
  const rate = limits.rates[name];
  const taken = await limiter.take(`${name}/${who}`, 1, rate);
  used.note(name, rate, taken);
  if (!taken.allowed) throw tooMany(name, rate, taken);
}
