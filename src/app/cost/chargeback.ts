import { chargeback, type Chargeback, type SharedRule } from "../../core/cost/chargeback.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import type { QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { computedResult } from "../reports/computed-result.ts";
import { cached } from "../analytics/cached.ts";
import type { TenantContext } from "../services.ts";
import { askCost, columnReader, type CostMeasure, currencyOf } from "./cost-query.ts";
import { twiceCountedNotes } from "./twice-counted.ts";

export interface ChargebackRequest {
  range: DayRange;
  /** `account`, `tag:KEY` or another dimension of cost. */
  by: string;
  shared: SharedRule;
  measure: CostMeasure;
  filters: readonly QueryFilter[];
}

/** A chargeback and its lines as a table. */
export interface ChargebackAnswer extends Omit<Chargeback, "lines" | "notes"> {
  currency: string | null;
  table: QueryResult;
}

/**
 * Charges the cost of a range back to accounts, values of a tag, or any other dimension. It includes all cost of the
 * range, so that it adds up to the bill.
 * @throws DomainError `query.unknown-dimension`, `query.mixed-currencies` and others of `openQuery`
 */
export async function chargebackOf(
  context: TenantContext,
  request: ChargebackRequest,
): Promise<ChargebackAnswer> {
  return cached(context, "cost", ["chargeback", request], () => compute(context, request));
}

async function compute(context: TenantContext, request: ChargebackRequest): Promise<ChargebackAnswer> {
  const { by, measure, shared, range, filters } = request;
  const named = by === "account";
  const [answer, twice] = await Promise.all([
    askCost(context, {
      range,
      filters,
      groupBy: named ? [by, "account_name"] : [by],
      measures: [measure],
    }),
    twiceCountedNotes(context, request),
  ]);
  const [keyOf, amountOf] = [columnReader(answer, by), columnReader(answer, measure)];
  const amounts = answer.rows.map((row): [string | null, string] => [keyOf(row), amountOf(row) ?? "0"]);
  const { lines, notes, ...summary } = chargeback(amounts, shared);
  const names = named ? namesOf(answer) : new Map<string, string>();
  const rows = lines.map((line): Row => {
    const key = line.key ?? "Unallocated";
    const name = line.key === null ? unallocatedName(by) : (names.get(line.key) ?? null);
    return [key, name, line.direct, line.shared, line.cost, line.sharePercent];
  });
  const currency = currencyOf(answer, measure);
  const percent = summary.total === "0" ? null : "100";
  const table = computedResult(COMPUTATIONS.chargeback, {
    range: answer.range,
    unit: currency,
    rows,
    total: [null, null, summary.total, "0", summary.total, percent],
    notes: [...twice, ...answer.completeness.notes, ...notes],
    dataAsOf: answer.dataAsOf,
    labels: { key: answer.columns[0]?.label ?? by },
  });
  return { ...summary, currency, table };
}

/** An account's name; where it was renamed, the name with most of its cost. */
function namesOf(answer: QueryResult): Map<string, string> {
  const [keyOf, nameOf] = [columnReader(answer, "account"), columnReader(answer, "account_name")];
  const names = new Map<string, string>();
  for (const row of answer.rows) {
    const [key, name] = [keyOf(row), nameOf(row)];
    // Rows come with the largest cost first.
    if (key !== null && name !== null && !names.has(key)) names.set(key, name);
  }
  return names;
}

function unallocatedName(by: string): string {
  return by.startsWith("tag:") ? `without the tag ${by.slice(4)}` : `without ${by.replaceAll("_", " ")}`;
}
