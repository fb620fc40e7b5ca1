import { must } from "../errors/must.ts";
import { formatDecimal, SCALE, wideDecimal } from "../money/decimal.ts";
import { percentShares, splitExactly } from "./shares.ts";

/** How cost without a key is spread over the keys. */
export type SharedRule = "none" | "proportional" | "even";

export interface ChargebackLine {
  /** An account, a value of a tag; null for what is unallocated. */
  key: string | null;
  /** Canonical decimals. */
  direct: string;
  /** Its part of the shared cost; on the unallocated line the negative of what was spread. */
  shared: string;
  /** Direct and shared together: the lines' costs add up to the bill. */
  cost: string;
  /**
   * Percent of the bill with two decimals; the lines' shares add up to exactly 100. Null where `percentShares` has
   * none.
   */
  sharePercent: string | null;
}

export interface Chargeback {
  /** Largest direct cost first, the unallocated line last; it is there even when it is 0. */
  lines: readonly ChargebackLine[];
  /** The bill: the sum of all direct cost. */
  total: string;
  /** Cost without a key, before any of it is spread. */
  unallocated: string;
  unallocatedPercent: string | null;
  /** How the shared cost was spread, as far as it could be. */
  shared: SharedRule;
  notes: readonly string[];
}

const CENT = 10n ** BigInt(SCALE - 2);

/**
 * Charges cost back to the keys that caused it. Cost without a key (no tag, an empty tag) is unallocated.
 * `proportional` spreads it in proportion to direct cost, where keys with costs below zero get nothing; `even` in equal
 * parts. It is split in cents, or finer where it has finer digits, by largest remainder: the lines always add up to the
 * bill, to the last digit.
 * @param amounts by key; a key may come more than once
 */
export function chargeback(
  amounts: Iterable<readonly [key: string | null, amount: string]>,
  rule: SharedRule,
): Chargeback {
  const byKey = new Map<string, bigint>();
  let open = 0n;
  for (const [key, amount] of amounts) {
    const value = wideDecimal(amount);
    if (key === null || key === "") open += value;
    else byKey.set(key, (byKey.get(key) ?? 0n) + value);
  }
  const keys = [...byKey].sort((a, b) => order(b[1], a[1]) || (a[0] < b[0] ? -1 : 1));
  const direct = keys.map(([, amount]) => amount);
  const spread = open === 0n ? undefined : spreadOver(open, direct, rule);
  const parts = spread ?? direct.map(() => 0n);
  const kept = spread === undefined ? open : 0n;
  const costs = [...direct.map((amount, i) => amount + must(parts[i], "a part for every key")), kept];
  const total = costs.reduce((sum, cost) => sum + cost, 0n);
  const shares = percentShares(costs);
  const share = (i: number): string | null => percentText(shares?.[i]);
  const lines = keys.map(([key, amount], i): ChargebackLine => {
    const cost = formatDecimal(must(costs[i], "a cost for every key"));
    return {
      key,
      direct: formatDecimal(amount),
      shared: formatDecimal(must(parts[i], "a part for every key")),
      cost,
      sharePercent: share(i),
    };
  });
  const unallocated: ChargebackLine = {
    key: null,
    direct: formatDecimal(open),
    shared: formatDecimal(kept - open),
    cost: formatDecimal(kept),
    sharePercent: share(keys.length),
  };
  return {
    lines: [...lines, unallocated],
    total: formatDecimal(total),
    unallocated: formatDecimal(open),
    unallocatedPercent: percentText(percentShares([open, total - open])?.[0]),
    shared: spread === undefined ? "none" : rule,
    notes: notesOf(rule, open, spread),
  };
}

/** @returns undefined where nothing is to be spread, or no key can take it */
function spreadOver(open: bigint, direct: readonly bigint[], rule: SharedRule): bigint[] | undefined {
  if (rule === "none") return undefined;
  const weights = direct.map((amount) => (rule === "even" ? 1n : amount > 0n ? amount : 0n));
  const step = finestStep(open);
  return splitExactly(open / step, weights)?.map((part) => part * step);
}

/** A cent, or the power of ten an amount is a whole number of where that is finer. */
function finestStep(amount: bigint): bigint {
  let step = CENT;
  while (amount % step !== 0n) step /= 10n;
  return step;
}

function notesOf(rule: SharedRule, open: bigint, spread: readonly bigint[] | undefined): string[] {
  if (open === 0n || rule === "none") return [];
  if (spread === undefined)
    return ["The unallocated cost could not be spread: no other row has a cost above 0."];
  return [
    `The unallocated cost is spread over all others ${rule === "even" ? "in equal parts" : "in proportion to their direct cost"}; its own row shows what was taken off.`,
  ];
}

/** Hundredths of a percent as text: 3333n -> `33.33`. */
function percentText(hundredths: bigint | undefined): string | null {
  if (hundredths === undefined) return null;
  return formatDecimal(hundredths * CENT);
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
