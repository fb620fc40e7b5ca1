import { fixedTemplate } from "./template.ts";

const usage = (metric: string) => ({ computation: "usage-metrics", parameters: { metric } });

/** The four answers on one page: what it costs, how secure it is, whether it complies, how much is used. */
export const EXECUTIVE_SUMMARY = fixedTemplate("executive-summary", {
  title: "Executive summary",
  description: "",
  range: { preset: "last-month" },
  layout: "compact",
  sections: [
    {
      kind: "kpis",
      items: [
        {
          id: "billed",
          label: "Billed cost",
          compute: { computation: "summary-cost" },
          measure: "billed_cost",
          upIs: "bad",
        },
        {
          id: "severe",
          label: "Open critical and high",
          query: {
            dataset: "findings",
            filters: [
              { field: "status", op: "equals", value: "open" },
              { field: "severity", op: "in", value: ["critical", "high"] },
            ],
            compare: "previous-period",
          },
          measure: "findings",
          upIs: "bad",
        },
        {
          id: "score",
          label: "Compliance score",
          compute: { computation: "compliance-score" },
          measure: "score",
          upIs: "good",
        },
        {
          id: "compute",
          label: "Compute hours",
          compute: usage("compute_hours"),
          measure: "value",
          upIs: "neutral",
        },
      ],
    },
    {
      kind: "table",
      id: "drivers",
      title: "What changed and what drove it",
      detail: true,
      compute: { computation: "summary-page" },
    },
    {
      kind: "chart",
      id: "trend",
      title: "Billed cost by day",
      chart: { kind: "line", x: "day", y: ["billed_cost"] },
      // By currency too, since amounts of several are never added: each is then a line of its own.
      query: { dataset: "cost", groupBy: ["day", "currency"], measures: ["billed_cost"] },
    },
    {
      kind: "chart",
      id: "severities",
      title: "Open findings by severity",
      chart: { kind: "bar", x: "severity", y: ["findings"], horizontal: true },
      compute: { computation: "security-score" },
    },
    {
      kind: "chart",
      id: "compliance",
      title: "Compliance score",
      chart: { kind: "gauge", value: "score" },
      compute: { computation: "compliance-score" },
    },
  ],
});
