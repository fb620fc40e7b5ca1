import { COMPLIANCE_FRAMEWORK } from "../computations/compliance.ts";
import type { ComputeSpec } from "../computations/computation.ts";
import type { ReportTemplate } from "./template.ts";

/** How a tenant stands against one framework, with evidence that leads back to the findings. */
export const COMPLIANCE: ReportTemplate = {
  id: "compliance",
  parameters: [COMPLIANCE_FRAMEWORK],
  build: ({ framework = "" }) => {
    const of = (computation: string): ComputeSpec => ({ computation, parameters: { framework } });
    const score = of("compliance-score");
    return {
      title: `Compliance: ${framework}`,
      description:
        "Controls passed of those evaluated, in the last snapshot of each source. Controls without a verdict are not available: they are shown separately and never counted as passed. The evidence at the end leads each result back to its finding and file.",
      range: { preset: "30d" },
      sections: [
        {
          kind: "kpis",
          items: [
            { id: "score", label: "Score", compute: score, measure: "score", upIs: "good" },
            { id: "passed", label: "Controls passed", compute: score, measure: "passed", upIs: "good" },
            { id: "failed", label: "Controls failed", compute: score, measure: "failed", upIs: "bad" },
            {
              id: "not-available",
              label: "Not available",
              compute: score,
              measure: "not_available",
              upIs: "neutral",
            },
          ],
        },
        {
          kind: "chart",
          id: "gauge",
          title: `Passed of evaluated ${framework} controls`,
          chart: { kind: "gauge", value: "score" },
          compute: score,
        },
        {
          kind: "chart",
          id: "families",
          title: "Evaluated controls by family",
          chart: { kind: "bar", x: "family", y: ["passed", "failed"], horizontal: true },
          compute: of("compliance-families"),
        },
        { kind: "heading", text: "Controls" },
        {
          kind: "table",
          id: "families-table",
          title: "Control families",
          compute: of("compliance-families"),
        },
        {
          kind: "table",
          id: "changes",
          title: "Changed since the last snapshot before this period",
          compute: of("compliance-changes"),
        },
        { kind: "table", id: "controls", title: "All controls", compute: of("compliance-controls") },
        {
          kind: "table",
          id: "failed-results",
          title: "Failed controls with their resources",
          compute: of("compliance-failed"),
        },
        {
          kind: "table",
          id: "evidence",
          title: "Evidence",
          detail: true,
          compute: of("compliance-evidence"),
        },
      ],
    };
  },
};
