import { listed } from "../../core/errors/bounded.ts";
import { invalid } from "../../core/errors/errors.ts";
import { planQuery } from "../../core/query/plan.ts";
import type { AnalyticsQuery, Cell, QueryFilter, QueryResult } from "../../core/query/query.ts";
import { drainStream, openQuery } from "../analytics/run-query.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { Aggregate } from "../../ports/metric-store.ts";
import type { TenantContext } from "../services.ts";

export type CostMeasure = "billed_cost" | "effective_cost";

export type CostQuery = Omit<AnalyticsQuery, "dataset" | "limit">;

/**
 * All rows of a cost query, without a limit.
 * @param own as `openQuery` takes it
 * @throws DomainError as `openQuery`
 */
export async function askCost(
  context: TenantContext,
  query: CostQuery,
  own: { coverage?: boolean } = {},
): Promise<QueryResult> {
  return drainStream(await openQuery(context, { dataset: "cost", ...query }, own));
}

/** The currency all amounts of a column are in; null when there are no facts. */
export function currencyOf(result: QueryResult, measure: string): string | null {
  return result.columns.find((column) => column.id === measure)?.unit ?? null;
}

/** The cells of a column by its id. */
export function columnReader(result: QueryResult, id: string): (row: readonly Cell[]) => Cell {
  const at = result.columns.findIndex((column) => column.id === id);
  if (at < 0) throw new Error(`the answer has no column ${id}`);
  return (row) => row[at] ?? null;
}

/**
 * Sums over the facts of a range, with the number of facts without a value, so that a partial sum can be recognized.
 * @returns null values where no fact has one
 * @throws DomainError `query.mixed-currencies`, `store.unavailable`
 */
export async function costSums(
  context: TenantContext,
  query: Pick<CostQuery, "range" | "filters">,
  measures: readonly string[],
): Promise<{ facts: number; sums: Readonly<Record<string, CostSum>>; currency: string | null }> {
  const { services, tenant } = context;
  const plan = planQuery({ dataset: "cost", ...query, measures }, services.clock.now(), tenant.zone);
  const aggregate = await (await snapshotOf(context, "cost")).aggregate(plan, context.signal);
  await drain(aggregate.batches);
  return sumsOf(aggregate, measures);
}

/** {@link costSums} with the sums of each value of a dimension, in the order of the measures. */
export interface CostsBy {
  facts: number;
  sums: Readonly<Record<string, CostSum>>;
  currency: string | null;
  rows: ReadonlyMap<string | null, readonly (string | null)[]>;
}

/** @throws DomainError `query.mixed-currencies`, `store.unavailable` */
export async function costsBy(
  context: TenantContext,
  query: Pick<CostQuery, "range" | "filters">,
  dimension: string,
  measures: readonly string[],
): Promise<CostsBy> {
  const { services, tenant } = context;
  const grouped = { dataset: "cost" as const, ...query, groupBy: [dimension], measures };
  const plan = planQuery(grouped, services.clock.now(), tenant.zone);
  const aggregate = await (await snapshotOf(context, "cost")).aggregate(plan, context.signal);
  const rows = new Map<string | null, readonly (string | null)[]>();
  for await (const batch of aggregate.batches) for (const [key = null, ...sums] of batch) rows.set(key, sums);
  return { ...sumsOf(aggregate, measures), rows };
}

function sumsOf(aggregate: Aggregate, measures: readonly string[]): Omit<CostsBy, "rows"> {
  const units = [...new Set(aggregate.totals.flatMap((totals) => totals.map((total) => total.unit)))];
  if (units.length > 1) throw mixedCurrencies(units);
  const sums = measures.map((id, i): [string, CostSum] => {
    const total = aggregate.totals[i]?.[0];
    return [id, { value: total?.value ?? null, missing: total?.missing ?? 0 }];
  });
  return { facts: aggregate.facts, sums: Object.fromEntries(sums), currency: units[0] ?? null };
}

export interface CostSum {
  value: string | null;
  /** Facts without a value. */
  missing: number;
}

function mixedCurrencies(units: readonly (string | null)[]): Error {
  const list = units.map((unit) => unit ?? "none").sort();
  return invalid(
    "query.mixed-currencies",
    `The cost is in ${list.length} currencies (${listed(list, 10)}), which cannot be added up`,
    {
      field: "currency",
      allowed: list,
      fix: `Ask for one of them, for example ${list[0] ?? "USD"}.`,
    },
  );
}

/** A filter on one currency; none when it is not given. */
export function currencyFilter(currency: string | undefined): QueryFilter[] {
  return currency === undefined ? [] : [{ field: "currency", op: "equals", value: currency }];
}

/** Reads a stream to its end, so that the store releases it. */
async function drain(batches: AsyncIterable<unknown>): Promise<void> {
  const iterator = batches[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
