import type { Clock } from "../../ports/clock.ts";
import type { RateLimiter, Taken } from "../../ports/rate-limiter.ts";
import type { Dynamo } from "./dynamo.ts";
import { EXPIRES, number, text } from "./items.ts";

/**
 * Counts requests over all instances of the function, one item a key and window in the cache table. Windows are
 * aligned to the clock, so that instances agree on them.
 */
export class DynamoRateLimiter implements RateLimiter {
  readonly #dynamo: Dynamo;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(dynamo: Dynamo, table: string, clock: Clock) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#clock = clock;
  }

  async take(key: string, limit: number, windowSeconds: number): Promise<Taken> {
    const seconds = this.#clock.now().getTime() / 1000;
    const window = Math.floor(seconds / windowSeconds);
    const ends = (window + 1) * windowSeconds;
    // A lost answer may count a request twice: the limit is then met one request early, which is the safe side.
    const after = await this.#dynamo.update({
      TableName: this.#table,
      Key: { cache_key: text(`#rate/${key}/${window}`) },
      UpdateExpression: `ADD hits :one SET ${EXPIRES} = :expires`,
      ExpressionAttributeValues: { ":one": number(1), ":expires": number(ends + windowSeconds) },
      ReturnValues: "UPDATED_NEW",
    });
    const hits = Number(after?.hits?.N ?? 1);
    return {
      allowed: hits <= limit,
      remaining: Math.max(0, limit - hits),
      resetSeconds: Math.max(1, Math.ceil(ends - seconds)),
    };
  }
}
