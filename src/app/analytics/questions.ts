import type { QueryPlan } from "../../core/query/plan.ts";
import type { Limits, Rate, RateName } from "../../core/limits/limits.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { pause } from "../../core/jobs/pause.ts";
import type { RateLimiter, Taken } from "../../ports/rate-limiter.ts";

/** Where budgets are kept, and how large they are. */
export interface Budgets {
  limiter: RateLimiter;
  limits: Limits;
}

/** Takes so many questions from a budget. @throws what refuses them */
type Take = (questions: number) => Promise<void>;

interface Waiting {
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Counts what one request or job asks the store. Equal questions count once, and what is remembered is never asked.
 * Questions that come while others are being counted are counted together.
 */
export class Questions {
  /** Whether a job asks them, for which nobody sits before a screen. */
  readonly background: boolean;
  readonly #take: Take;
  readonly #counted = new Map<string, Promise<void>>();
  #waiting: Waiting[] = [];
  #counting = false;

  constructor(take: Take, { background }: { background: boolean }) {
    this.#take = take;
    this.background = background;
  }

  /** @throws what refuses the question; it counts anew when it is asked again then */
  count(plan: QueryPlan): Promise<void> {
    const key = JSON.stringify({ ...plan, dataset: plan.dataset.id });
    const known = this.#counted.get(key);
    if (known !== undefined) return known;
    const counting = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#counted.set(key, counting);
    counting.catch(() => this.#counted.delete(key));
    void this.#countWaiting();
    return counting;
  }

  async #countWaiting(): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    while (this.#waiting.length > 0) {
      const asked = this.#waiting.splice(0);
      try {
        await this.#take(asked.length);
        for (const { resolve } of asked) resolve();
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#counting = false;
  }
}

/**
 * A person's questions: over the budget they are refused.
 * @param who the tenant
 * @param onTaken told of each take, for the answer's headers
 */
export function questionsOfRequest(
  services: Budgets,
  who: string,
  onTaken: (taken: Taken, rate: Rate) => void,
): Questions {
  const rate = services.limits.rates.queries;
  return new Questions(
    async (questions) => {
      const taken = await services.limiter.take(`queries/${who}`, questions, rate);
      onTaken(taken, rate);
      if (!taken.allowed) throw tooMany("queries", rate, taken);
    },
    { background: false },
  );
}

/**
 * A job's questions: they have a budget of their own, so that exports never use up what people have, and wait for it.
 * @param signal ends the waiting, with its reason
 */
export function questionsOfJob(services: Budgets, who: string, signal: AbortSignal): Questions {
  const take = async (questions: number): Promise<void> => {
    for (;;) {
      const rate = services.limits.rates.background;
      const taken = await services.limiter.take(`background/${who}`, questions, rate);
      if (taken.allowed) return;
      await pause(taken.retrySeconds * 1000, signal);
    }
  };
  return new Questions(take, { background: true });
}

const UNITS: Readonly<Record<RateName, string>> = {
  queries: "questions",
  background: "questions of jobs",
  exports: "exports",
  "report-changes": "report changes",
  imports: "imports",
};

/** The refusal of what a budget does not hold. */
export function tooMany(name: RateName, { perMinute, burst }: Rate, { retrySeconds }: Taken): DomainError {
  const atOnce = burst === perMinute ? "" : `, and of ${burst} at once,`;
  return new DomainError(
    "request.too-many",
    "rate-limited",
    `The limit of ${perMinute} ${UNITS[name]} a minute${atOnce} is used up`,
    { fix: `Try again in ${retrySeconds} s.`, retryAfter: retrySeconds },
  );
}
