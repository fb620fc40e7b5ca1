import { divideRounded, formatDecimal, wideDecimal } from "../money/decimal.ts";

/** How much a part of a cost changed against what it usually is. */
export interface Contributor {
  /** The dimension it is a value of, e.g. `account`. */
  dimension: string;
  /** Null for facts without a value. */
  name: string | null;
  actual: string;
  usual: string;
  change: string;
}

/**
 * What contributed most to a change, by one dimension: cost on the days in question against the mean of as many usual
 * days. Parts that moved against the change are left out.
 * @param actual by value of the dimension, over `days` days
 * @param usual the same over `usualDays` other days
 * @returns at most `most`, largest first
 */
export function contributorsOf(
  dimension: string,
  actual: ReadonlyMap<string | null, string>,
  usual: ReadonlyMap<string | null, string>,
  count: { days: number; usualDays: number },
  most: number,
): Contributor[] {
  const parts = [...new Set([...actual.keys(), ...usual.keys()])].map((name) => {
    const now = wideDecimal(actual.get(name) ?? "0");
    const before = divideRounded(
      wideDecimal(usual.get(name) ?? "0") * BigInt(count.days),
      BigInt(Math.max(1, count.usualDays)),
    );
    return { name, now, before, change: now - before };
  });
  const total = parts.reduce((sum, part) => sum + part.change, 0n);
  return parts
    .filter((part) => part.change !== 0n && part.change > 0n === total > 0n)
    .sort((a, b) => order(magnitude(b.change), magnitude(a.change)))
    .slice(0, most)
    .map(({ name, now, before, change }) => ({
      dimension,
      name,
      actual: formatDecimal(now),
      usual: formatDecimal(before),
      change: formatDecimal(change),
    }));
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
