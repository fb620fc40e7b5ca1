import {
  canonicalDecimal,
  divideDecimal,
  formatDecimal,
  parseDecimal,
  roundDecimal,
} from "../money/decimal.ts";

/** What the same charges cost by three prices, canonical decimals; null where it is not known for all of them. */
export interface Prices {
  list: string | null;
  contracted: string | null;
  effective: string | null;
}

export interface Savings {
  /** List less contracted cost: what was negotiated. */
  negotiated: string | null;
  /** Contracted less effective cost: what commitments save, less what of them nobody used. */
  commitment: string | null;
  /** List less effective cost. */
  total: string | null;
  /** Of the list cost, two decimals. */
  totalPercent: string | null;
}

/**
 * Savings as FOCUS defines the costs: ContractedCost is compared with ListCost for what was negotiated, EffectiveCost
 * with ContractedCost for commitments. The charges must leave out purchases that cover later charges, or both would be
 * counted (FOCUS 1.0, ContractedCost). https://focus.finops.org/focus-specification/v1-0/
 */
export function savingsOf({ list, contracted, effective }: Prices): Savings {
  const total = difference(list, effective);
  return {
    negotiated: difference(list, contracted),
    commitment: difference(contracted, effective),
    total,
    totalPercent: percentOf(total, list),
  };
}

export function difference(a: string | null, b: string | null): string | null {
  return a === null || b === null ? null : formatDecimal(parseDecimal(a) - parseDecimal(b));
}

/** `part` as a percentage of `whole` with two decimals; null when either is not known or the whole is 0. */
export function percentOf(part: string | null, whole: string | null): string | null {
  if (part === null || whole === null) return null;
  const ratio = divideDecimal(parseDecimal(part) * 100n, parseDecimal(whole));
  return ratio === undefined ? null : canonicalDecimal(roundDecimal(formatDecimal(ratio), 2));
}

/** Usage of one kind, of which commitments can cover any: a service's resource type and unit. */
export interface CoverableUsage {
  kind: string;
  /** CommitmentDiscountStatus `Used`: paid by a commitment. */
  covered: boolean;
  cost: string;
}

/** How much of what commitments could cover they do cover. */
export interface Coverage {
  covered: string;
  eligible: string;
  percent: string;
}

/**
 * The share of eligible cost under a commitment. FOCUS does not say what is eligible; told from the facts it is usage of
 * a kind that a commitment paid for at least once.
 * @returns undefined when no commitment was used
 */
export function coverageOf(usage: readonly CoverableUsage[]): Coverage | undefined {
  const kinds = new Set(usage.filter((each) => each.covered).map((each) => each.kind));
  let [covered, eligible] = [0n, 0n];
  for (const each of usage) {
    if (!kinds.has(each.kind)) continue;
    const cost = parseDecimal(each.cost);
    eligible += cost;
    if (each.covered) covered += cost;
  }
  const percent = percentOf(formatDecimal(covered), formatDecimal(eligible));
  if (percent === null) return undefined;
  return { covered: formatDecimal(covered), eligible: formatDecimal(eligible), percent };
}
