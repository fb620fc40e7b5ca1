import type { COST_COMPUTATIONS } from "../../core/reports/computations/cost.ts";
import type { SharedRule } from "../../core/cost/chargeback.ts";
import type { ComputationRunner } from "../reports/computation.ts";
import { chargebackOf } from "./chargeback.ts";
import type { CostMeasure } from "./cost-query.ts";

/** What computes the cost computations of report sections. Parameters were checked against their specs. */
export const costComputations: Readonly<Record<keyof typeof COST_COMPUTATIONS, ComputationRunner>> = {
  chargeback: async (context, { range, filters, parameters }) => {
    const { by = "account", shared, measure } = parameters;
    const answer = await chargebackOf(context, {
      ...{ range, filters, by },
      shared: shared as SharedRule,
      measure: measure as CostMeasure,
    });
    return answer.table;
  },
};
