import {
  basisNotes,
  type Coverage,
  percentOf,
  type PricePairs,
  type Prices,
  type Savings,
  savingsOf,
  type SavingsBasis,
} from "../../core/cost/savings.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import type { QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { cached } from "../analytics/cached.ts";
import { coverageOf } from "../analytics/coverage.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { commitmentRows, coverable } from "./commitments.ts";
import { comparedCharges, COSTS } from "./compared.ts";
import { askCost, costSums, type CostSum } from "./cost-query.ts";
import { twiceCountedNotes } from "./twice-counted.ts";

export interface SavingsRequest {
  range: DayRange;
  filters: readonly QueryFilter[];
}

export interface SavingsAnswer {
  currency: string | null;
  /** All charges of the range, by each of the four costs. */
  views: Prices & { billed: string | null };
  /** The charges savings are computed over: usage and purchases, less those that cover later charges. */
  compared: Prices;
  savings: Savings;
  /** How much of them each figure is computed over. */
  told: Readonly<Record<keyof PricePairs, SavingsBasis>>;
  commitments: {
    /** Effective cost that was used and unused; null where there are no commitments, or a fact lacks the cost. */
    used: string | null;
    unused: string | null;
    utilizationPercent: string | null;
    /** At list prices where they are known, else at contracted ones. */
    coverage: Coverage | null;
  };
  /** The four costs by charge category and class: credits, refunds and corrections apart. */
  categories: QueryResult;
  /** Savings by service. */
  services: QueryResult;
  /** Used and unused by commitment. */
  commitmentTable: QueryResult;
  notes: readonly string[];
}

/**
 * The views of a range's cost and what was saved. A saving is computed over the facts with both costs it compares;
 * `told` and the notes say how many those are. Other figures are null where a fact lacks the cost they need.
 * @throws DomainError `query.mixed-currencies` and others of `openQuery`
 */
export async function savingsAnswer(context: TenantContext, request: SavingsRequest): Promise<SavingsAnswer> {
  return cached(context, "cost", ["savings", request], () => compute(context, request));
}

async function compute(context: TenantContext, scope: SavingsRequest): Promise<SavingsAnswer> {
  const [all, compared, categories, { coverage, notes: coverageNotes }, byCommitment, twice] =
    await Promise.all([
      costSums(context, scope, ["billed_cost", ...COSTS]),
      comparedCharges(context, scope),
      askCost(context, {
        ...scope,
        groupBy: ["charge_category", "charge_class"],
        measures: ["billed_cost", "effective_cost", "contracted_cost", "list_cost"],
      }),
      coverable(context, scope),
      commitmentRows(context, scope),
      twiceCountedNotes(context, scope),
    ]);
  const { prices, pairs, told, services } = compared;
  const nothing = ["There is no usage in this range to compute savings from."];
  const days = await coverageOf(context, "cost", scope);
  const notes = [...twice, ...(compared.facts === 0 ? nothing : basisNotes(told)), ...days];
  const head = { range: categories.range, unit: all.currency, dataAsOf: categories.dataAsOf };
  const { used, unused } = byCommitment;
  const paid = used === null || unused === null ? null : sumDecimals([used, unused]);
  return {
    currency: all.currency,
    views: {
      billed: whole(all.sums["billed_cost"]),
      list: whole(all.sums["list_cost"]),
      contracted: whole(all.sums["contracted_cost"]),
      effective: whole(all.sums["effective_cost"]),
    },
    compared: prices,
    savings: savingsOf(pairs),
    told,
    commitments: {
      used,
      unused,
      utilizationPercent: percentOf(used, paid),
      coverage: coverage ?? null,
    },
    categories,
    services: computedResult(COMPUTATIONS["cost-savings"], {
      ...head,
      notes,
      rows: services.map((each) => savingsRow(each.service, each.prices, each.pairs)),
      total: savingsRow(null, prices, pairs),
    }),
    commitmentTable: computedResult(COMPUTATIONS.commitments, { ...head, ...byCommitment.table }),
    notes: [...notes, ...coverageNotes],
  };
}

function savingsRow(name: string | null, prices: Prices, pairs: PricePairs): Row {
  const { negotiated, commitment, total, totalPercent } = savingsOf(pairs);
  return [
    name,
    prices.list,
    prices.contracted,
    prices.effective,
    negotiated,
    commitment,
    total,
    totalPercent,
  ];
}

/** A sum over all facts; null when some have no value. */
function whole(sum: CostSum | undefined): string | null {
  return sum === undefined || sum.missing > 0 ? null : sum.value;
}
