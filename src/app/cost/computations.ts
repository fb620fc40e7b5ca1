import type { SharedRule } from "../../core/cost/chargeback.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { invalid } from "../../core/errors/errors.ts";
import { must } from "../../core/errors/must.ts";
import type { Row } from "../../core/query/query.ts";
import type { COST_COMPUTATIONS } from "../../core/reports/computations/cost.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import type { ParameterValues } from "../../core/reports/parameters.ts";
import type { ComputationRunner } from "../reports/computation.ts";
import { computedResult } from "../reports/computed-result.ts";
import { anomaliesOf } from "./anomalies.ts";
import { budgetTable } from "./budgets.ts";
import { chargebackOf } from "./chargeback.ts";
import type { CostMeasure } from "./cost-query.ts";
import { forecastOf } from "./forecast.ts";
import { savingsAnswer } from "./savings.ts";

/** Parameters were checked against their specs, which name the measures there are. */
const measureOf = ({ measure }: ParameterValues): CostMeasure => measure as CostMeasure;

/** Runners for the cost computations of report sections. */
export const costComputations: Readonly<Record<keyof typeof COST_COMPUTATIONS, ComputationRunner>> = {
  chargeback: async (context, { range, filters, parameters }) => {
    const { by = "account", shared } = parameters;
    const measure = measureOf(parameters);
    const rule = shared as SharedRule;
    return (await chargebackOf(context, { range, filters, by, shared: rule, measure })).table;
  },

  "cost-savings": async (context, request) => (await savingsAnswer(context, scopeOf(request))).services,

  commitments: async (context, request) => (await savingsAnswer(context, scopeOf(request))).commitmentTable,

  coverage: async (context, request) => {
    const { commitments, currency, categories, notes } = await savingsAnswer(context, scopeOf(request));
    const { coverage, utilizationPercent } = commitments;
    const row: Row = [
      coverage?.covered ?? null,
      coverage?.eligible ?? null,
      coverage?.percent ?? null,
      utilizationPercent,
    ];
    const none = coverage === null ? ["No commitment paid for usage in this range."] : [];
    return computedResult(COMPUTATIONS.coverage, {
      range: categories.range,
      unit: currency,
      dataAsOf: categories.dataAsOf,
      rows: [row],
      total: row,
      notes: [...notes, ...none],
    });
  },

  "cost-forecast": async (context, { filters, parameters }) =>
    (
      await forecastOf(context, {
        filters,
        measure: measureOf(parameters),
        months: Number(parameters["months"]),
      })
    ).table,

  "month-forecast": async (context, { filters, parameters }) =>
    (await forecastOf(context, { filters, measure: measureOf(parameters), months: 1 })).monthTable,

  "cost-anomalies": async (context, { range, filters, parameters }) => {
    const limit = Number(parameters["limit"]);
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ANOMALIES) {
      throw invalid(
        "report.invalid-parameter",
        `cost-anomalies: limit cannot be "${shorten(must(parameters["limit"], "the parameter's default"))}"`,
        {
          field: "parameters.limit",
          fix: `Give a whole number from 1 to ${MAX_ANOMALIES}.`,
        },
      );
    }
    return (await anomaliesOf(context, { range, filters, measure: measureOf(parameters), limit })).table;
  },

  budgets: (context) => budgetTable(context),
};

/** Explaining one takes eight queries. */
export const MAX_ANOMALIES = 100;

const scopeOf = ({
  range,
  filters,
}: Parameters<ComputationRunner>[1]): Parameters<typeof savingsAnswer>[1] => ({
  range,
  filters,
});
