import type { SectionQuery } from "../definition.ts";
import { fixedTemplate } from "./template.ts";

const BILLED = ["billed_cost"] as const;
const cost = (query: Omit<SectionQuery, "dataset">): SectionQuery => ({ dataset: "cost", ...query });
const compared = { compare: "previous-period" } as const;

/** What the cloud cost, how that changed and where it went. */
export const COST_ANALYSIS = fixedTemplate("cost-analysis", {
  title: "Cost analysis",
  description: "What the cloud cost, how that changed, and which services, regions and accounts it went to.",
  range: { preset: "30d" },
  sections: [
    {
      kind: "kpis",
      items: [
        {
          id: "billed",
          label: "Billed cost",
          query: cost({ measures: BILLED, ...compared }),
          measure: "billed_cost",
          upIs: "bad",
        },
        {
          id: "effective",
          label: "Effective cost",
          query: cost({ measures: ["effective_cost"], ...compared }),
          measure: "effective_cost",
          upIs: "bad",
        },
        {
          id: "credits",
          label: "Credits",
          query: cost({
            measures: BILLED,
            filters: [{ field: "charge_category", op: "equals", value: "Credit" }],
            ...compared,
          }),
          measure: "billed_cost",
          upIs: "neutral",
        },
        {
          id: "top-service",
          label: "Largest service",
          query: cost({ groupBy: ["service"], measures: BILLED, limit: 1, ...compared }),
          measure: "billed_cost",
          top: true,
          upIs: "bad",
        },
      ],
    },
    { kind: "heading", text: "Trend" },
    {
      kind: "chart",
      id: "daily-trend",
      title: "Billed and effective cost by day",
      chart: { kind: "line", x: "day", y: ["billed_cost", "effective_cost"] },
      query: cost({ groupBy: ["day"], measures: ["billed_cost", "effective_cost"] }),
    },
    { kind: "heading", text: "Where it went" },
    {
      kind: "chart",
      id: "top-services",
      title: "Top services",
      chart: { kind: "bar", x: "service", y: ["billed_cost"], horizontal: true },
      query: cost({ groupBy: ["service"], measures: BILLED, limit: 10 }),
    },
    {
      kind: "chart",
      id: "by-region",
      title: "By region",
      chart: { kind: "doughnut", label: "region", value: "billed_cost" },
      query: cost({ groupBy: ["region"], measures: BILLED, limit: 6 }),
    },
    {
      kind: "chart",
      id: "by-account",
      title: "By account",
      chart: { kind: "doughnut", label: "account_name", value: "billed_cost" },
      query: cost({ groupBy: ["account_name"], measures: BILLED, limit: 6 }),
    },
    {
      kind: "table",
      id: "accounts",
      title: "Accounts",
      query: cost({
        groupBy: ["account", "account_name"],
        measures: ["billed_cost", "effective_cost"],
        limit: 25,
      }),
    },
    {
      kind: "table",
      id: "detail",
      title: "Cost by service, region and account",
      detail: true,
      query: cost({
        groupBy: ["service", "region", "account", "charge_category"],
        measures: ["billed_cost", "effective_cost"],
        sort: [{ by: "billed_cost", order: "desc" }],
      }),
    },
  ],
});
