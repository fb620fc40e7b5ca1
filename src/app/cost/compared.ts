import {
  percentOf,
  type PricePair,
  type PricePairs,
  type Prices,
  type SavingsBasis,
} from "../../core/cost/savings.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import type { TenantContext } from "../services.ts";
import { costsBy, type CostsBy } from "./cost-query.ts";

export interface Within {
  range: DayRange;
  filters: readonly QueryFilter[];
}

/** What charges cost, and the pairs of prices that can be compared: over the facts that carry both. */
export interface Compared {
  facts: number;
  prices: Prices;
  pairs: PricePairs;
  told: Readonly<Record<keyof PricePairs, SavingsBasis>>;
  services: readonly { service: string | null; prices: Prices; pairs: PricePairs }[];
}

export const COSTS = ["list_cost", "contracted_cost", "effective_cost"] as const;
type Cost = (typeof COSTS)[number];

const equals = (field: string, value: string | null): QueryFilter => ({ field, op: "equals", value });

/** Usage with what corrects it. */
export const USAGE = [equals("charge_category", "Usage")];
/** Purchases other than commitments, such as a subscription. */
const OTHER_PURCHASES = [equals("charge_category", "Purchase"), equals("commitment", null)];
/**
 * The unused part of a commitment, where a source has it with the commitment's fee (a Cost and Usage Report) rather
 * than as usage (FOCUS). Its effective cost counts; its list and contracted cost are those of the usage it covers.
 */
const UNUSED_FEES = [
  equals("charge_category", "Purchase"),
  equals("commitment_status", "Unused"),
  { field: "commitment", op: "not", value: null } satisfies QueryFilter,
];

const FIGURES: Readonly<Record<keyof PricePairs, readonly [higher: Cost, lower: Cost]>> = {
  negotiated: ["list_cost", "contracted_cost"],
  commitment: ["contracted_cost", "effective_cost"],
  total: ["list_cost", "effective_cost"],
};

/** Usage and purchases, and separately the fees of which only the effective cost counts. */
interface Charges {
  charges: readonly CostsBy[];
  fees: CostsBy;
}

type Ask = (more?: readonly QueryFilter[], ofFees?: readonly QueryFilter[]) => Promise<Charges>;

/**
 * The charges savings are computed over, on an accrual basis: usage, purchases other than commitments, and the unused
 * part of commitments.
 * @throws DomainError `query.mixed-currencies`, `store.unavailable`
 */
export async function comparedCharges(context: TenantContext, scope: Within): Promise<Compared> {
  const ask: Ask = async (more = [], ofFees = more) => {
    const by = (own: readonly QueryFilter[], extra: readonly QueryFilter[]): Promise<CostsBy> =>
      costsBy(context, { ...scope, filters: [...scope.filters, ...own, ...extra] }, "service", COSTS);
    const [usage, purchases, fees] = await Promise.all([
      by(USAGE, more),
      by(OTHER_PURCHASES, more),
      by(UNUSED_FEES, ofFees),
    ]);
    return { charges: [usage, purchases], fees };
  };
  const all = await ask();
  const partial = COSTS.filter((cost) => missing(all, cost) > 0);
  // No need to query a cost that no fact has, such as the contracted cost of a Cost and Usage Report.
  const absent = partial.filter((cost) => missing(all, cost) === factsOf(needing(all, cost)));
  const figures = await figuresOf(ask, all, { partial, absent });
  const lacking = new Map<Cost, (string | null)[]>();
  for (const cost of partial) {
    const found = absent.includes(cost) ? all : await ask([lacks(cost)]);
    lacking.set(cost, serviceNames(needing(found, cost)));
  }
  const everything = [...all.charges, all.fees];
  return {
    facts: factsOf(everything),
    prices: pricesOf(all, (cost) => partial.includes(cost), allOf),
    pairs: pairsOf(figures, all, allOf),
    told: eachFigure((figure) => basisOf(figures[figure], all)),
    services: serviceNames(everything).map((service) => {
      const ofService: Reader = (costs, cost) => costs.rows.get(service)?.[COSTS.indexOf(cost)] ?? null;
      const unknown = (cost: Cost): boolean => lacking.get(cost)?.includes(service) === true;
      return { service, prices: pricesOf(all, unknown, ofService), pairs: pairsOf(figures, all, ofService) };
    }),
  };
}

/** The charges each figure is computed over: those with both of its prices. */
async function figuresOf(
  ask: Ask,
  all: Charges,
  { partial, absent }: Readonly<Record<"partial" | "absent", readonly Cost[]>>,
): Promise<Record<keyof PricePairs, Charges>> {
  const ofFigure = async (figure: keyof PricePairs): Promise<Charges> => {
    if (FIGURES[figure].some((cost) => absent.includes(cost))) return { charges: [], fees: NONE };
    const wanted = FIGURES[figure].filter((cost) => partial.includes(cost));
    if (wanted.length === 0) return all;
    // Where usage has no contracted cost, neither its savings from commitments nor the unused part counts.
    const ofFees = wanted.filter((cost) => cost !== "list_cost");
    return ask(wanted.map(carries), ofFees.map(carries));
  };
  const [negotiated, commitment, total] = await Promise.all([
    ofFigure("negotiated"),
    ofFigure("commitment"),
    ofFigure("total"),
  ]);
  return { negotiated, commitment, total };
}

const carries = (cost: Cost): QueryFilter => ({ field: cost, op: "not", value: null });
const lacks = (cost: Cost): QueryFilter => ({ field: cost, op: "equals", value: null });

/** Reads a sum of some charges: of all of them, or of a service's. */
type Reader = (costs: CostsBy, cost: Cost) => string | null;
const allOf: Reader = (costs, cost) => costs.sums[cost]?.value ?? null;

/** The charges that should have a cost: a fee has no list cost of its own, the usage it covers has. */
function needing({ charges, fees }: Charges, cost: Cost): readonly CostsBy[] {
  return cost === "list_cost" ? charges : [...charges, fees];
}

/** Facts without a cost that need it. */
function missing(of: Charges, cost: Cost): number {
  return needing(of, cost).reduce((sum, { sums }) => sum + (sums[cost]?.missing ?? 0), 0);
}

const NONE: CostsBy = { facts: 0, sums: {}, currency: null, rows: new Map() };

function factsOf(of: readonly CostsBy[]): number {
  return of.reduce((sum, { facts }) => sum + facts, 0);
}

/** Of several sums; null where all are. */
function sumKnown(values: readonly (string | null)[]): string | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : sumDecimals(known);
}

function sumOf({ charges, fees }: Charges, cost: Cost, read: Reader): string | null {
  const of = cost === "effective_cost" ? [...charges, fees] : charges;
  return sumKnown(of.map((costs) => read(costs, cost)));
}

function pricesOf(charges: Charges, unknown: (cost: Cost) => boolean, read: Reader): Prices {
  const price = (cost: Cost): string | null => (unknown(cost) ? null : sumOf(charges, cost, read));
  return {
    list: price("list_cost"),
    contracted: price("contracted_cost"),
    effective: price("effective_cost"),
  };
}

function eachFigure<T>(map: (figure: keyof PricePairs) => T): Record<keyof PricePairs, T> {
  return { negotiated: map("negotiated"), commitment: map("commitment"), total: map("total") };
}

/** Whether there are charges but none with both prices: unused fees alone do not make a figure. */
function isUnknown(of: Charges, all: Charges): boolean {
  const any = ({ charges }: Charges): boolean => charges.some(({ facts }) => facts > 0);
  return any(all) && !any(of);
}

function pairsOf(
  figures: Readonly<Record<keyof PricePairs, Charges>>,
  all: Charges,
  read: Reader,
): PricePairs {
  return eachFigure((figure): PricePair | null => {
    const charges = figures[figure];
    if (isUnknown(charges, all)) return null;
    const [higher, lower] = FIGURES[figure];
    // A service with nothing but unused fees saved nothing and lost the fees.
    const most = sumOf(charges, higher, read) ?? (read(charges.fees, "effective_cost") === null ? null : "0");
    const least = sumOf(charges, lower, read) ?? most;
    return most === null || least === null ? null : { higher: most, lower: least };
  });
}

function basisOf(of: Charges, all: Charges): SavingsBasis {
  if (isUnknown(of, all)) return { facts: 0, ofFacts: factsOf([...all.charges, all.fees]), percent: null };
  const known = missing(all, "effective_cost") === 0;
  const percent = percentOf(sumOf(of, "effective_cost", allOf), sumOf(all, "effective_cost", allOf));
  return {
    facts: factsOf([...of.charges, of.fees]),
    ofFacts: factsOf([...all.charges, all.fees]),
    percent: known ? percent : null,
  };
}

function serviceNames(of: readonly CostsBy[]): (string | null)[] {
  return [...new Set(of.flatMap(({ rows }) => [...rows.keys()]))];
}
