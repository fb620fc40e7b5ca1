import { queryText, runQuery } from "../../app/analytics/run-query.ts";
import { Parts } from "../../app/parts.ts";
import { parseFilter, parseSort } from "../../contract/filter-text.ts";
import { invalid } from "../../core/errors/errors.ts";
import type { AnalyticsQuery, QueryFilter } from "../../core/query/query.ts";
import { type RangeRequest, resolveRange } from "../../core/time/ranges.ts";
import type { Handlers } from "../call.ts";
import { answered, jsonText } from "../respond.ts";

interface RangeParams {
  range?: Extract<RangeRequest, { preset: unknown }>["preset"];
  from?: string;
  to?: string;
}

/**
 * The range URL parameters ask for: a preset, or `from` and `to`; the last 30 days when they name none.
 * @throws DomainError `request.ambiguous`, `request.missing-field`
 */
export function rangeOf({ range, from, to }: RangeParams): RangeRequest {
  if (range !== undefined && (from !== undefined || to !== undefined)) {
    throw invalid("request.ambiguous", "range excludes from and to", {
      field: "range",
      fix: "Give either a preset or both dates.",
    });
  }
  if (range !== undefined) return { preset: range };
  if (from === undefined && to === undefined) return { preset: "30d" };
  if (from !== undefined && to !== undefined) return { from, to };
  const missing = from === undefined ? "from" : "to";
  throw invalid("request.missing-field", `${missing} is missing`, {
    field: missing,
    fix: "Give both from and to.",
  });
}

const COST_MEASURES = ["billed_cost", "effective_cost", "list_cost", "contracted_cost"];

export const analyticsHandlers: Pick<Handlers, "query" | "queryByUrl" | "costs"> = {
  query: async ({ tenant, body }) => jsonText(await queryText(tenant, body)),

  queryByUrl: async ({ tenant, query: params, request }) => {
    const { dataset = "cost", groupBy, measures, where, sort, limit, compare } = params;
    const query: AnalyticsQuery = {
      dataset,
      range: rangeOf(params),
      ...(groupBy !== undefined && { groupBy }),
      ...(measures !== undefined && { measures }),
      ...(where !== undefined && { filters: where.map((text, i) => parseFilter(text, `where[${i}]`)) }),
      ...(sort !== undefined && { sort: parseSort(sort) }),
      ...(limit !== undefined && { limit }),
      ...(compare !== undefined && { compare }),
    };
    return answered(request, await queryText(tenant, query));
  },

  costs: async ({ tenant, query: params, request }) => {
    const { top = 10, currency, account, compare = "previous-period" } = params;
    // Resolved once, so that all answers are over the same days even when midnight passes meanwhile.
    const range = resolveRange(rangeOf(params), tenant.services.clock.now(), tenant.tenant.zone);
    const filters: QueryFilter[] = [
      ...(currency === undefined ? [] : [{ field: "currency", op: "equals" as const, value: currency }]),
      ...(account === undefined ? [] : [{ field: "account", op: "in" as const, value: account }]),
    ];
    const parts = new Parts(tenant);
    const ask = (part: string, query: Partial<AnalyticsQuery>) =>
      parts.of(part, () =>
        runQuery(tenant, { dataset: "cost", range, filters, measures: ["billed_cost"], ...query }),
      );
    const costliest = (part: string, dimension: string) =>
      ask(part, { groupBy: [dimension], limit: top, compare });
    const [totals, trend, services, regions, accounts] = await Promise.all([
      ask("totals", { measures: COST_MEASURES, compare }),
      ask("trend", { groupBy: ["day"], measures: ["billed_cost", "effective_cost"], limit: 10_000 }),
      costliest("services", "service"),
      costliest("regions", "region"),
      costliest("accounts", "account"),
    ]);
    const zoned = { ...range, zone: tenant.tenant.zone };
    const problems = parts.problems();
    return answered(request, { range: zoned, totals, trend, services, regions, accounts, problems });
  },
};
