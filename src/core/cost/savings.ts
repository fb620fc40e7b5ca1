import {
  canonicalDecimal,
  divideDecimal,
  formatDecimal,
  roundDecimal,
  wideDecimal,
} from "../money/decimal.ts";

/** The cost of charges at three prices, canonical decimals; null where it is not known for all of them. */
export interface Prices {
  list: string | null;
  contracted: string | null;
  effective: string | null;
}

/** Sums at two of the prices over the charges that have both; sums over different charges are not comparable. */
export interface PricePair {
  higher: string;
  lower: string;
}

/** What each figure is computed from; null where no charge has both prices. */
export interface PricePairs {
  /** List and contracted cost. */
  negotiated: PricePair | null;
  /** Contracted and effective cost. */
  commitment: PricePair | null;
  /** List and effective cost. */
  total: PricePair | null;
}

export interface Savings {
  /** List less contracted cost: what was negotiated. */
  negotiated: string | null;
  /** Contracted less effective cost: what commitments save, less their unused part. */
  commitment: string | null;
  /** List less effective cost. */
  total: string | null;
  /** Percentage of the list cost of the charges it is computed over, two decimals. */
  totalPercent: string | null;
}

/**
 * Savings as FOCUS defines the costs: ContractedCost is compared with ListCost for what was negotiated, EffectiveCost
 * with ContractedCost for commitments. The charges must leave out purchases that cover later charges, or both would be
 * counted (FOCUS 1.0, ContractedCost). https://focus.finops.org/focus-specification/v1-0/
 */
export function savingsOf({ negotiated, commitment, total }: PricePairs): Savings {
  const saved = (pair: PricePair | null): string | null =>
    pair === null ? null : difference(pair.higher, pair.lower);
  return {
    negotiated: saved(negotiated),
    commitment: saved(commitment),
    total: saved(total),
    totalPercent: percentOf(saved(total), total?.higher ?? null),
  };
}

/** How much of the compared charges a figure is computed over. */
export interface SavingsBasis {
  /** Facts with both prices. */
  facts: number;
  ofFacts: number;
  /** Their part of the effective cost, two decimals; null where some fact's is not known, or it adds up to 0. */
  percent: string | null;
}

const FIGURES = {
  negotiated: ["Savings from negotiated rates", "a list and a contracted cost"],
  commitment: ["Savings from commitments", "a contracted and an effective cost"],
  total: ["Total savings", "a list and an effective cost"],
} as const;

/** A sentence for each figure that is not computed over all charges. */
export function basisNotes(basis: Readonly<Record<keyof typeof FIGURES, SavingsBasis>>): string[] {
  return (["negotiated", "commitment", "total"] as const).flatMap((figure) => {
    const { facts, ofFacts, percent } = basis[figure];
    const [what, prices] = FIGURES[figure];
    if (facts === ofFacts) return [];
    const of = `the ${ofFacts.toLocaleString("en-US")} facts`;
    if (facts === 0) return [`${what} are unknown: none of ${of} has both ${prices}.`];
    const share = percent === null ? "" : ` (${percent}% of the effective cost)`;
    return [
      `${what} are computed over ${facts.toLocaleString("en-US")} of ${of}${share}, those with both ${prices}.`,
    ];
  });
}

export function difference(a: string | null, b: string | null): string | null {
  return a === null || b === null ? null : formatDecimal(wideDecimal(a) - wideDecimal(b));
}

/** `part` as a percentage of `whole` with two decimals; null when either is not known or the whole is 0. */
export function percentOf(part: string | null, whole: string | null): string | null {
  if (part === null || whole === null) return null;
  const ratio = divideDecimal(wideDecimal(part) * 100n, wideDecimal(whole));
  return ratio === undefined ? null : canonicalDecimal(roundDecimal(formatDecimal(ratio), 2));
}

/** Usage of one kind, of which commitments can cover any: a service's resource type and unit. */
export interface CoverableUsage {
  kind: string;
  /** CommitmentDiscountStatus `Used`: paid by a commitment. */
  covered: boolean;
  cost: string;
}

/** How much of the coverable usage is covered. */
export interface Coverage {
  covered: string;
  eligible: string;
  percent: string;
}

/**
 * The share of eligible cost under a commitment. FOCUS does not say what is eligible; here it is usage of a kind
 * that a commitment paid for at least once.
 * @returns undefined when no commitment was used
 */
export function coverageOf(usage: readonly CoverableUsage[]): Coverage | undefined {
  const kinds = new Set(usage.filter((each) => each.covered).map((each) => each.kind));
  let [covered, eligible] = [0n, 0n];
  for (const each of usage) {
    if (!kinds.has(each.kind)) continue;
    const cost = wideDecimal(each.cost);
    eligible += cost;
    if (each.covered) covered += cost;
  }
  const percent = percentOf(formatDecimal(covered), formatDecimal(eligible));
  if (percent === null) return undefined;
  return { covered: formatDecimal(covered), eligible: formatDecimal(eligible), percent };
}
