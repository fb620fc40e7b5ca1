import {
  type Coverage,
  coverageOf,
  difference,
  percentOf,
  type Prices,
  type Savings,
  savingsOf,
} from "../../core/cost/savings.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import type { QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { computedResult } from "../reports/computed-result.ts";
import { remembered } from "../analytics/remember.ts";
import type { TenantContext } from "../services.ts";
import { askCost, columnReader, costSums, type CostSum } from "./cost-query.ts";

export interface SavingsRequest {
  range: DayRange;
  filters: readonly QueryFilter[];
}

export interface SavingsAnswer {
  currency: string | null;
  /** All charges of the range, by each of the four costs. */
  views: Prices & { billed: string | null };
  /** The charges savings are told of: usage and purchases, less those that cover later charges. */
  compared: Prices;
  savings: Savings;
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

const COSTS = ["list_cost", "contracted_cost", "effective_cost"] as const;
const equals = (field: string, value: string | null): QueryFilter => ({ field, op: "equals", value });
/** Usage with what corrects it; purchases of what is no commitment, such as a subscription. */
const USAGE = [equals("charge_category", "Usage")];
const OTHER_PURCHASES = [equals("charge_category", "Purchase"), equals("commitment", null)];

/**
 * The views of a range's cost and what was saved. A figure is null where some of the facts it is made of do not carry
 * the cost it needs, and the notes say how many.
 * @throws DomainError `query.mixed-currencies` and others of `openQuery`
 */
export async function savingsAnswer(context: TenantContext, request: SavingsRequest): Promise<SavingsAnswer> {
  return remembered(context, "cost", ["savings", request], () => compute(context, request));
}

async function compute(context: TenantContext, { range, filters }: SavingsRequest): Promise<SavingsAnswer> {
  const within = (more: readonly QueryFilter[]): { range: DayRange; filters: QueryFilter[] } => ({
    range,
    filters: [...filters, ...more],
  });
  const [all, usage, purchases, categories, services, coverage] = await Promise.all([
    costSums(context, within([]), ["billed_cost", ...COSTS]),
    costSums(context, within(USAGE), COSTS),
    costSums(context, within(OTHER_PURCHASES), COSTS),
    askCost(context, {
      ...within([]),
      groupBy: ["charge_category", "charge_class"],
      measures: ["billed_cost", "effective_cost", "contracted_cost", "list_cost"],
    }),
    serviceRows(context, [within(USAGE), within(OTHER_PURCHASES)]),
    coverable(context, within(USAGE)),
  ]);
  const compared = pricesOf([usage.sums, purchases.sums]);
  const byCommitment = await commitmentRows(context, within(USAGE));
  const notes = notesOf([usage, purchases]);
  const head = { range: categories.range, unit: all.currency, dataAsOf: categories.dataAsOf };
  const complete = savingsOf(compared);
  return {
    currency: all.currency,
    views: { billed: whole(all.sums["billed_cost"]), ...pricesOf([all.sums]) },
    compared,
    savings: complete,
    commitments: {
      used: byCommitment.used,
      unused: byCommitment.unused,
      utilizationPercent: percentOf(byCommitment.used, strictSum(byCommitment.used, byCommitment.unused)),
      coverage: coverage ?? null,
    },
    categories,
    services: computedResult(COMPUTATIONS["cost-savings"], {
      ...{ ...head, notes },
      rows: services.map(({ service, prices }) => savingsRow(service, known(prices, compared))),
      total: savingsRow(null, compared),
    }),
    commitmentTable: computedResult(COMPUTATIONS.commitments, { ...head, ...byCommitment.table }),
    notes,
  };
}

function savingsRow(name: string | null, prices: Prices): Row {
  const { negotiated, commitment, total, totalPercent } = savingsOf(prices);
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

/** Of the parts what is known of the whole: where facts lack a cost, it cannot be told which service they are of. */
function known(prices: Prices, whole: Prices): Prices {
  const keep = (id: keyof Prices): string | null => (whole[id] === null ? null : prices[id]);
  return { list: keep("list"), contracted: keep("contracted"), effective: keep("effective") };
}

/** A sum that all facts are in; 0 when there are none, null when some carry no value. */
function whole(sum: CostSum | undefined): string | null {
  if (sum === undefined || sum.missing > 0) return null;
  return sum.value;
}

function pricesOf(parts: readonly Readonly<Record<string, CostSum>>[]): Prices {
  const total = (measure: (typeof COSTS)[number]): string | null => {
    const sums = parts.map((part) => part[measure]);
    if (sums.some((sum) => (sum?.missing ?? 0) > 0)) return null;
    const values = sums.map((sum) => sum?.value ?? null).filter((value) => value !== null);
    return values.length === 0 ? null : sumDecimals(values);
  };
  return {
    list: total("list_cost"),
    contracted: total("contracted_cost"),
    effective: total("effective_cost"),
  };
}

interface Within {
  range: DayRange;
  filters: readonly QueryFilter[];
}

async function serviceRows(
  context: TenantContext,
  scopes: readonly Within[],
): Promise<{ service: string | null; prices: Prices }[]> {
  const answers = await Promise.all(
    scopes.map((scope) => askCost(context, { ...scope, groupBy: ["service"], measures: [...COSTS] })),
  );
  const services = new Map<string | null, (string | null)[][]>();
  for (const answer of answers) {
    for (const [service = null, ...costs] of answer.rows)
      services.set(service, [...(services.get(service) ?? []), costs]);
  }
  return [...services].map(([service, parts]) => {
    const [list = null, contracted = null, effective = null] = COSTS.map((_, i) =>
      parts.reduce<string | null>((sum, part) => sumKnown(sum, part[i] ?? null), null),
    );
    return { service, prices: { list, contracted, effective } };
  });
}

function sumKnown(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return sumDecimals([a, b]);
}

/** Usage by kind and whether a commitment paid for it; on-demand usage only at standard prices, which spot has not. */
async function coverable(context: TenantContext, scope: Within): Promise<Coverage | undefined> {
  const { sums } = await costSums(context, scope, ["list_cost", "contracted_cost"]);
  const measure = ["list_cost", "contracted_cost"].find((id) => sums[id]?.missing === 0);
  if (measure === undefined) return undefined;
  const kind = ["service", "resource_type", "unit"];
  const answer = await askCost(context, {
    ...scope,
    groupBy: [...kind, "commitment_status", "pricing_category"],
    measures: [measure],
  });
  const [status, pricing, cost] = ["commitment_status", "pricing_category", measure].map((id) =>
    columnReader(answer, id),
  );
  return coverageOf(
    answer.rows.flatMap((row) => {
      const covered = status?.(row) === "Used";
      if (!covered && pricing?.(row) !== "Standard") return [];
      return [{ kind: JSON.stringify(row.slice(0, kind.length)), covered, cost: cost?.(row) ?? "0" }];
    }),
  );
}

/** Sums over a commitment's facts: 0 of a status it has none of, null where a fact carries no such cost. */
interface CommitmentSums {
  used: string | null;
  unused: string | null;
  contracted: string | null;
}

function strictSum(a: string | null, b: string | null): string | null {
  return a === null || b === null ? null : sumDecimals([a, b]);
}

async function commitmentRows(
  context: TenantContext,
  scope: Within,
): Promise<{
  used: string | null;
  unused: string | null;
  table: { rows: Row[]; total: Row; notes: readonly string[] };
}> {
  const filters = [...scope.filters, { field: "commitment_status", op: "not" as const, value: null }];
  const measures = ["effective_cost", "contracted_cost"];
  const [answer, { sums: whole }] = await Promise.all([
    askCost(context, { ...scope, filters, groupBy: ["commitment", "commitment_status"], measures }),
    costSums(context, { range: scope.range, filters }, measures),
  ]);
  // Where some facts lack a cost it cannot be told whose, so it is told of none.
  const known = (measure: string, value: string | null): string | null =>
    (whole[measure]?.missing ?? 0) > 0 ? null : value;
  const commitments = new Map<string | null, CommitmentSums>();
  for (const [id = null, status = null, effective = null, contracted = null] of answer.rows) {
    const sums = commitments.get(id) ?? { used: "0", unused: "0", contracted: "0" };
    const side = status === "Used" ? "used" : "unused";
    sums[side] = strictSum(sums[side], known("effective_cost", effective));
    sums.contracted = strictSum(sums.contracted, known("contracted_cost", contracted));
    commitments.set(id, sums);
  }
  const rowOf = (id: string | null, sums: CommitmentSums): Row => {
    const paid = strictSum(sums.used, sums.unused);
    const saved = difference(sums.contracted, paid);
    return [id, sums.used, sums.unused, percentOf(sums.used, paid), saved];
  };
  const all = [...commitments.values()];
  const sum = (side: keyof CommitmentSums): string | null =>
    all.length === 0 ? null : all.reduce<string | null>((total, each) => strictSum(total, each[side]), "0");
  const [used, unused, contracted] = [sum("used"), sum("unused"), sum("contracted")];
  return {
    used,
    unused,
    table: {
      rows: [...commitments].map(([id, sums]) => rowOf(id, sums)),
      total: rowOf(null, { used, unused, contracted }),
      notes:
        all.length === 0
          ? ["No fact of this range is used or unused under a commitment."]
          : answer.completeness.notes,
    },
  };
}

function notesOf(scopes: readonly { facts: number; sums: Readonly<Record<string, CostSum>> }[]): string[] {
  const facts = scopes.reduce((sum, scope) => sum + scope.facts, 0);
  if (facts === 0) return ["There is no usage in this range to tell savings of."];
  return COSTS.flatMap((measure) => {
    const missing = scopes.reduce((sum, scope) => sum + (scope.sums[measure]?.missing ?? 0), 0);
    if (missing === 0) return [];
    const name = measure.replace("_", " ");
    const count = missing === facts ? "None of the" : `${missing.toLocaleString("en-US")} of the`;
    const lack = missing === facts ? `carry a ${name}` : `carry no ${name}`;
    return [`${count} ${facts.toLocaleString("en-US")} facts ${lack}; savings that need it cannot be told.`];
  });
}
