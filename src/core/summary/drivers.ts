import { divideDecimal, formatDecimal, roundDecimal, wideDecimal } from "../money/decimal.ts";

/** One group's part of a total, before and now; null where it has no value, which counts as 0. */
export interface Part {
  name: string | null;
  before: string | null;
  now: string | null;
}

/** What contributed most to a change. */
export interface Driver {
  /** What kind of thing it is: `service`, `account`, `check`, … */
  dimension: string;
  /** Null for what carries no name. */
  name: string | null;
  /** Its own change: a canonical decimal. */
  change: string;
  /**
   * Its change as a part of the whole change, in percent with at most 1 place; over 100 where others went the other
   * way.
   */
  sharePercent: string | null;
}

/**
 * The part that moved most in the direction of the whole change. Where the whole did not change, the one that moved
 * most in either direction, without a share.
 * @param whole the change of the total; null when it is not known, and then nothing drove it
 * @returns undefined when no part moved that way
 */
export function mainDriver(
  dimension: string,
  parts: readonly Part[],
  whole: string | null,
): Driver | undefined {
  if (whole === null) return undefined;
  const total = wideDecimal(whole);
  let best: { part: Part; change: bigint } | undefined;
  for (const part of parts) {
    const change = wideDecimal(part.now ?? "0") - wideDecimal(part.before ?? "0");
    if (change === 0n || (total !== 0n && change > 0n !== total > 0n)) continue;
    if (best === undefined || magnitude(change) > magnitude(best.change)) best = { part, change };
  }
  if (best === undefined) return undefined;
  const share = divideDecimal(best.change * 100n, total);
  const meaningful = share !== undefined && magnitude(share) <= MOST_SHARE;
  return {
    dimension,
    name: best.part.name,
    change: formatDecimal(best.change),
    sharePercent: !meaningful ? null : trimmed(roundDecimal(formatDecimal(share), 1)),
  };
}

/** Where changes cancel out, shares become meaningless: beyond a million percent none is given. */
const MOST_SHARE = wideDecimal("1000000");

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function trimmed(fixed: string): string {
  return fixed.replace(/\.0$/, "");
}
