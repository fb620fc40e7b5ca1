import { takeFrom } from "../../core/limits/bucket.ts";
import type { Rate } from "../../core/limits/limits.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RateLimiter, Taken } from "../../ports/rate-limiter.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { EXPIRES, number, numberOf, text } from "./items.ts";
import { ConditionFailed } from "./retry.ts";

/** Others write the same budget meanwhile; each time at least one of them gets on. */
const TRIES = 20;
/** Seconds an item stays after its budget is whole. */
const KEEP_SECONDS = 60;

/**
 * Budgets over all instances of the function, one item a key in the cache table, which holds the instant at which the
 * budget will be whole. A budget that is whole, or in use and large enough, takes one conditional write or two and no
 * read. A lost answer may count twice: the limit is then met early, which is the safe side.
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

  async take(key: string, count: number, rate: Rate): Promise<Taken> {
    const id: Item = { cache_key: text(`#budget/${key}`) };
    for (let tries = 0; tries < TRIES; tries++) {
      const taken =
        (await this.#takeOfWhole(id, count, rate)) ??
        (await this.#takeOfUsed(id, count, rate)) ??
        (await this.#takeOfKnown(id, count, rate));
      if (taken !== undefined) return taken;
    }
    throw new DomainError("store.unavailable", "unavailable", "Too many requests at once use one budget", {
      fix: "Try again in a second.",
      retryAfter: 1,
    });
  }

  /** @returns undefined where the budget is not whole */
  async #takeOfWhole(id: Item, count: number, rate: Rate): Promise<Taken | undefined> {
    const now = this.#clock.now().getTime();
    const { taken, whole } = takeFrom(now, undefined, count, rate);
    const stored = await this.#store(id, whole, "attribute_not_exists(whole_at) OR whole_at <= :now", {
      ":now": number(now),
    });
    return stored ? taken : undefined;
  }

  /** @returns undefined where the budget is whole, or too little is left, or a clock stepped back */
  async #takeOfUsed(id: Item, count: number, rate: Rate): Promise<Taken | undefined> {
    const now = this.#clock.now().getTime();
    const each = 60_000 / rate.perMinute;
    const cost = each * Math.min(count, rate.burst);
    const after = await unlessFailed(() =>
      this.#dynamo.update({
        TableName: this.#table,
        Key: id,
        UpdateExpression: `SET whole_at = whole_at + :cost, ${EXPIRES} = :expires`,
        ConditionExpression: "whole_at > :now AND whole_at <= :latest",
        ExpressionAttributeValues: {
          ":cost": number(cost),
          ":now": number(now),
          ":latest": number(now + each * rate.burst - cost),
          ":expires": number(expiryOf(now + each * rate.burst)),
        },
        ReturnValues: "UPDATED_NEW",
      }),
    );
    const whole = after && numberOf(after, "whole_at");
    return whole === undefined ? undefined : takeFrom(now, whole - cost, count, rate).taken;
  }

  /** @returns undefined where somebody else changed the budget meanwhile */
  async #takeOfKnown(id: Item, count: number, rate: Rate): Promise<Taken | undefined> {
    const item = await this.#dynamo.get(this.#table, id);
    const kept = item && numberOf(item, "whole_at");
    const { taken, whole } = takeFrom(this.#clock.now().getTime(), kept, count, rate);
    if (whole === kept) return taken;
    const [condition, values] =
      kept === undefined
        ? ["attribute_not_exists(whole_at)", {}]
        : ["whole_at = :kept", { ":kept": number(kept) }];
    return (await this.#store(id, whole, condition, values)) ? taken : undefined;
  }

  async #store(id: Item, whole: number, condition: string, values: Item): Promise<boolean> {
    const stored = await unlessFailed(async () => {
      await this.#dynamo.update({
        TableName: this.#table,
        Key: id,
        UpdateExpression: `SET whole_at = :whole, ${EXPIRES} = :expires`,
        ConditionExpression: condition,
        ExpressionAttributeValues: {
          ...values,
          ":whole": number(whole),
          ":expires": number(expiryOf(whole)),
        },
      });
      return true;
    });
    return stored === true;
  }
}

function expiryOf(whole: number): number {
  return Math.ceil(whole / 1000) + KEEP_SECONDS;
}

/** @returns undefined where the condition of a write does not hold */
async function unlessFailed<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}
