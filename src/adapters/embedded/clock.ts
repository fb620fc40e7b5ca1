import { randomBytes } from "node:crypto";
import type { Clock, Elapsed, Ids } from "../../ports/clock.ts";

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };

/** The machine's monotonic clock, which nobody sets. */
export const systemElapsed: Elapsed = () => performance.now();

const COUNTER_BITS = 12n;
const RANDOM_BYTES = 8;

/**
 * UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then, in the 12 bits of `rand_a`, a counter, then 62 random
 * bits. Ids of one maker strictly increase as text, also within a millisecond and when the clock steps back: the time
 * in an id is then the last one used.
 * @param random gives that many random bytes
 */
export function createIds(clock: Clock, random: (bytes: number) => Uint8Array = randomBytes): Ids {
  // Milliseconds and counter as one number, so that a counter that is full carries into the next millisecond.
  let last = -1n;
  return {
    next() {
      const now = BigInt(clock.now().getTime()) << COUNTER_BITS;
      last = now > last ? now : last + 1n;
      const tail = Buffer.from(random(RANDOM_BYTES)).toString("hex");
      const time = (last >> COUNTER_BITS).toString(16).padStart(12, "0");
      const counter = (last & ((1n << COUNTER_BITS) - 1n)).toString(16).padStart(3, "0");
      // The two high bits of this digit are the variant, binary 10.
      const variant = ((parseInt(tail.slice(0, 1), 16) & 0b0011) | 0b1000).toString(16);
      return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${variant}${tail.slice(1, 4)}-${tail.slice(4)}`;
    },
  };
}
