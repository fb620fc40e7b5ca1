import type { Rate } from "./limits.ts";

/** What became of taking from a budget. */
export interface Taken {
  allowed: boolean;
  /** What may be taken now, after this. */
  remaining: number;
  /** Seconds until the budget is whole again. */
  resetSeconds: number;
  /** Seconds after which the same may be taken; 0 where it was. */
  retrySeconds: number;
}

const MINUTE_MS = 60_000;
/** Sums of fractions of milliseconds are a little off. */
const ROUNDING = 1e-6;

/**
 * Takes from a budget that is kept as one number: the instant at which it will be whole (the "theoretical arrival time"
 * of the generic cell rate algorithm, ITU-T I.371). More than the burst at once counts as the burst, since it could
 * never be taken otherwise. Refused, it takes nothing.
 * @param now milliseconds on any clock
 * @param whole the number kept, on the same clock; undefined where nothing was taken yet. A budget that would need
 *   longer than a burst to be whole was kept by a clock that has stepped back since: it counts as empty.
 * @returns what became of it, and the number to keep
 */
export function takeFrom(
  now: number,
  whole: number | undefined,
  count: number,
  rate: Rate,
): { taken: Taken; whole: number } {
  const each = MINUTE_MS / rate.perMinute;
  const burst = each * rate.burst;
  const before = Math.min(Math.max(whole ?? now, now), now + burst);
  const after = before + each * Math.min(count, rate.burst);
  const over = after - (now + burst);
  const allowed = over <= ROUNDING;
  const kept = allowed ? after : before;
  return {
    taken: {
      allowed,
      remaining: Math.floor((now + burst - kept) / each + ROUNDING),
      resetSeconds: Math.ceil((kept - now) / 1000 - ROUNDING),
      retrySeconds: allowed ? 0 : Math.max(1, Math.ceil(over / 1000 - ROUNDING)),
    },
    whole: kept,
  };
}
