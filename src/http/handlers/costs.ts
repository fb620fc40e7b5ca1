import { anomaliesOf } from "../../app/cost/anomalies.ts";
import { askAgain } from "../../app/analytics/snapshots.ts";
import {
  createBudget,
  getBudget,
  listBudgets,
  removeBudget,
  replaceBudget,
  viewBudgets,
} from "../../app/cost/budgets.ts";
import { chargebackOf } from "../../app/cost/chargeback.ts";
import { currencyFilter } from "../../app/cost/cost-query.ts";
import { forecastOf } from "../../app/cost/forecast.ts";
import { savingsAnswer } from "../../app/cost/savings.ts";
import type { Versioned } from "../../app/records/records.ts";
import type { TenantContext } from "../../app/services.ts";
import { parseFilter } from "../../contract/filter-text.ts";
import { type Budget, type BudgetSpec, DEFAULT_THRESHOLDS } from "../../core/cost/budgets.ts";
import type { QueryFilter } from "../../core/query/query.ts";
import { type DayRange, resolveRange } from "../../core/time/ranges.ts";
import type { Call, Handlers } from "../call.ts";
import { currentEtag, quoteEtag } from "../etag.ts";
import { answered, json } from "../respond.ts";
import { rangeOf } from "./analytics.ts";

interface ScopeParams {
  currency?: string;
  account?: readonly string[];
  where?: readonly string[];
}

function filtersOf({ currency, account, where = [] }: ScopeParams): QueryFilter[] {
  return [
    ...currencyFilter(currency),
    ...(account === undefined ? [] : [{ field: "account", op: "in" as const, value: account }]),
    ...where.map((text, i) => parseFilter(text, `where[${i}]`)),
  ];
}

function daysOf(tenant: TenantContext, params: Parameters<typeof rangeOf>[0]): DayRange {
  return resolveRange(rangeOf(params), tenant.services.clock.now(), tenant.tenant.zone);
}

const DEFAULT_ANOMALIES = 20;

/** A budget, which is there to be changed and removed whether or not it can be told where it stands. */
async function shown(
  tenant: TenantContext,
  budget: Versioned<Budget>,
  status = 200,
  month?: string,
): Promise<Response> {
  const [view] = await askAgain(() => viewBudgets({ ...tenant }, [budget], month));
  return json(view, status, {
    ETag: quoteEtag(budget.etag),
    ...(status === 201 && { Location: `/v1/budgets/${budget.id}` }),
  });
}

function specOf({
  measure = "billed_cost",
  filters = [],
  thresholds,
  ...spec
}: Call<"createBudget">["body"]): BudgetSpec {
  return { ...spec, measure, filters, thresholds: thresholds ?? DEFAULT_THRESHOLDS };
}

export const costHandlers: Pick<
  Handlers,
  | "costSavings"
  | "costChargeback"
  | "costForecast"
  | "costAnomalies"
  | "listBudgets"
  | "createBudget"
  | "getBudget"
  | "replaceBudget"
  | "deleteBudget"
> = {
  costSavings: async ({ tenant, query, request }) =>
    answered(
      request,
      await savingsAnswer(tenant, { range: daysOf(tenant, query), filters: filtersOf(query) }),
    ),

  costChargeback: async ({ tenant, query, request }) => {
    const { by = "account", shared = "none", measure = "billed_cost" } = query;
    const range = daysOf(tenant, query);
    return answered(
      request,
      await chargebackOf(tenant, { range, by, shared, measure, filters: filtersOf(query) }),
    );
  },

  costForecast: async ({ tenant, query, request }) => {
    const { months = 1, measure = "billed_cost" } = query;
    return answered(request, await forecastOf(tenant, { months, measure, filters: filtersOf(query) }));
  },

  costAnomalies: async ({ tenant, query, request }) => {
    const { measure = "effective_cost", limit = DEFAULT_ANOMALIES, leastImpact } = query;
    return answered(
      request,
      await anomaliesOf(tenant, {
        measure,
        limit,
        range: daysOf(tenant, query),
        filters: filtersOf(query),
        ...(leastImpact !== undefined && { leastImpact }),
      }),
    );
  },

  listBudgets: async ({ tenant, query }) => {
    const { items, next } = await listBudgets(tenant, query);
    return json({ items: await viewBudgets(tenant, items, query.month), next });
  },

  createBudget: async ({ tenant, body }) => shown(tenant, await createBudget(tenant, specOf(body)), 201),

  getBudget: async ({ tenant, params, query }) =>
    shown(tenant, await getBudget(tenant, params.id), 200, query.month),

  replaceBudget: async ({ tenant, params, body, request }) => {
    const etag = await currentEtag(request, "required", () => etagOf(tenant, params.id), "budget");
    return shown(tenant, await replaceBudget(tenant, params.id, specOf(body), etag));
  },

  deleteBudget: async ({ tenant, params, request }) => {
    const etag = await currentEtag(request, "optional", () => etagOf(tenant, params.id), "budget");
    await removeBudget(tenant, params.id, etag);
    return new Response(null, { status: 204 });
  },
};

async function etagOf(tenant: TenantContext, id: string): Promise<string> {
  return (await getBudget(tenant, id)).etag;
}
