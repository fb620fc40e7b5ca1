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
    {
      kind: "kpis",
      items: [
        {
          id: "month-forecast",
          label: "Running month, forecast",
          compute: { computation: "month-forecast" },
          measure: "forecast",
          upIs: "bad",
        },
        {
          id: "saved",
          label: "Saved against list prices",
          compute: { computation: "cost-savings" },
          measure: "savings",
          upIs: "good",
        },
        {
          id: "coverage",
          label: "Commitment coverage",
          compute: { computation: "coverage" },
          measure: "coverage_percent",
          upIs: "good",
        },
        {
          id: "utilization",
          label: "Commitment utilization",
          compute: { computation: "coverage" },
          measure: "utilization_percent",
          upIs: "good",
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
    {
      kind: "chart",
      id: "forecast",
      title: "The last 60 days of data, and the forecast to the end of the month",
      chart: { kind: "line", x: "day", y: ["actual", "forecast", "low", "high"] },
      compute: { computation: "cost-forecast" },
    },
    {
      kind: "table",
      id: "anomalies",
      title: "Days on which a service cost unusually much or little",
      compute: { computation: "cost-anomalies", parameters: { limit: "10" } },
    },
    { kind: "heading", text: "Where it went" },
    {
      kind: "chart",
      id: "top-services",
      title: "Top services",
      chart: { kind: "bar", x: "service", y: ["billed_cost"], horizontal: true },
      width: "full",
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
      id: "categories",
      title: "By charge category: credits, adjustments and corrections apart",
      query: cost({
        groupBy: ["charge_category", "charge_class"],
        measures: ["billed_cost", "effective_cost", "contracted_cost", "list_cost"],
      }),
    },
    {
      kind: "table",
      id: "savings",
      title: "Saved by negotiated rates and commitments",
      compute: { computation: "cost-savings" },
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
