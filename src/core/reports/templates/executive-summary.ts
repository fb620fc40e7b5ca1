import { fixedTemplate } from "./template.ts";

const usage = (metric: string) => ({ computation: "usage-metrics", parameters: { metric } });

/** The four answers on one page: what it costs, how secure it is, whether it complies, how much is used. */
export const EXECUTIVE_SUMMARY = fixedTemplate("executive-summary", {
  title: "Executive summary",
  description: "",
  range: { preset: "last-month" },
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
  ],
});
