import { CHARGEBACK_BY, CHARGEBACK_SHARED } from "../computations/cost.ts";
import type { ComputeSpec } from "../computations/computation.ts";
import type { ReportTemplate } from "./template.ts";

/** Who caused the cost of a month: accounts, or the values of a tag. */
export const CHARGEBACK: ReportTemplate = {
  id: "chargeback",
  parameters: [CHARGEBACK_BY, CHARGEBACK_SHARED],
  build: ({ by = "account", shared = "none" }) => {
    const compute: ComputeSpec = { computation: "chargeback", parameters: { by, shared } };
    const what = by.startsWith("tag:") ? `tag ${by.slice(4)}` : by.replaceAll("_", " ");
    return {
      title: `Chargeback by ${what}`,
      description:
        "Who caused the cost, with what is unallocated as a row of its own. The rows add up to the bill.",
      range: { preset: "last-month" },
      sections: [
        {
          kind: "kpis",
          items: [
            {
              id: "bill",
              label: "Billed cost",
              query: { dataset: "cost", measures: ["billed_cost"], compare: "previous-period" },
              measure: "billed_cost",
              upIs: "bad",
            },
            { id: "charged", label: "Charged back", compute, measure: "cost", upIs: "neutral" },
            { id: "largest", label: "Largest share", compute, measure: "cost", top: true, upIs: "neutral" },
          ],
        },
        {
          kind: "chart",
          id: "shares",
          title: "Shares of the bill",
          chart: { kind: "doughnut", label: "key", value: "cost" },
          compute,
        },
        {
          kind: "chart",
          id: "trend",
          title: `Billed cost by day and ${what}`,
          chart: { kind: "stacked-area", x: "day", y: ["billed_cost"], series: by },
          query: { dataset: "cost", groupBy: [...new Set(["day", by])], measures: ["billed_cost"] },
        },
        { kind: "table", id: "chargeback", title: `Cost by ${what}`, detail: true, compute },
        {
          kind: "table",
          id: "services",
          title: `What it was: ${what} by service and charge category`,
          query: {
            dataset: "cost",
            groupBy: [...new Set([by, "service", "charge_category"])],
            measures: ["billed_cost", "effective_cost"],
            limit: 500,
          },
        },
      ],
    };
  },
};
