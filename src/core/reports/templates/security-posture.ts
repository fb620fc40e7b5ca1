import type { KpiSpec, SectionQuery } from "../definition.ts";
import { fixedTemplate } from "./template.ts";

const OPEN = { field: "status", op: "equals", value: "open" } as const;
const SEVERE = { field: "severity", op: "in", value: ["critical", "high"] } as const;
const findings = (query: Omit<SectionQuery, "dataset">): SectionQuery => ({ dataset: "findings", ...query });
const open = (query: Omit<SectionQuery, "dataset">): SectionQuery => findings({ filters: [OPEN], ...query });
const compared = { compare: "previous-period" } as const;
const SCORE = { computation: "security-score" };
const CHANGES = { computation: "security-changes" };

const changed = (id: string, label: string, measure: string, upIs: KpiSpec["upIs"]): KpiSpec => ({
  id,
  label,
  measure,
  upIs,
  compute: CHANGES,
});

/** What is wrong, how bad it is, how old, and whether it gets better. */
export const SECURITY_POSTURE = fixedTemplate("security-posture", {
  title: "Security posture",
  description:
    "Open findings of each source's last snapshot, weighted by severity; what was new, reopened and resolved; how old they are, and which checks and resources they come from. Suppressed and muted findings are counted apart.",
  range: { preset: "30d" },
  sections: [
    {
      kind: "kpis",
      items: [
        { id: "risk", label: "Risk points", compute: SCORE, measure: "risk_points", upIs: "bad" },
        {
          id: "severe",
          label: "Open critical and high",
          query: findings({ filters: [OPEN, SEVERE], ...compared }),
          measure: "findings",
          upIs: "bad",
        },
        { id: "open", label: "Open findings", compute: SCORE, measure: "findings", upIs: "bad" },
        changed("mean-days", "Mean days to resolve", "mean_days", "bad"),
        changed("new", "New", "new", "bad"),
        changed("reopened", "Reopened", "reopened", "bad"),
        changed("resolved", "Resolved", "resolved", "good"),
        {
          id: "suppressed",
          label: "Suppressed or muted",
          query: findings({
            filters: [{ field: "status", op: "in", value: ["suppressed", "muted"] }],
            ...compared,
          }),
          measure: "findings",
          upIs: "neutral",
        },
      ],
    },
    { kind: "heading", text: "Trend" },
    {
      kind: "chart",
      id: "score-trend",
      title: "Risk points by day",
      chart: { kind: "line", x: "day", y: ["risk_points"] },
      width: "half",
      compute: { computation: "security-trend" },
    },
    {
      kind: "chart",
      id: "changes",
      title: "New, reopened and resolved by week",
      chart: { kind: "bar", x: "week", y: ["new", "reopened", "resolved"] },
      width: "half",
      compute: { computation: "security-changes-by-week" },
    },
    { kind: "heading", text: "How bad, how old, and where" },
    {
      kind: "table",
      id: "severities",
      title: "Open findings and risk points by severity",
      compute: SCORE,
    },
    {
      kind: "chart",
      id: "ages",
      title: "Open findings by age",
      chart: { kind: "bar", x: "age", y: ["findings"], horizontal: true },
      compute: { computation: "security-age" },
    },
    {
      kind: "chart",
      id: "accounts",
      title: "Open findings by account",
      chart: { kind: "bar", x: "account", y: ["findings"], horizontal: true },
      query: open({ groupBy: ["account"], limit: 10 }),
    },
    {
      kind: "chart",
      id: "heatmap",
      title: "Open findings by service and severity",
      chart: { kind: "heatmap", x: "severity", y: "service", value: "findings" },
      query: open({ groupBy: ["service", "severity"], limit: 100 }),
    },
    { kind: "heading", text: "What to do first" },
    {
      kind: "table",
      id: "checks",
      title: "Failing checks",
      query: open({ groupBy: ["severity", "check", "title"], ...compared, limit: 15 }),
    },
    {
      kind: "table",
      id: "resolution",
      title: "Changes and time to resolve by severity",
      compute: CHANGES,
    },
    {
      kind: "table",
      id: "detail",
      title: "Open findings by severity, check and resource",
      detail: true,
      query: open({
        groupBy: ["severity", "check", "service", "account", "region", "resource", "first_observed"],
        sort: [
          { by: "severity", order: "asc" },
          { by: "check", order: "asc" },
          { by: "resource", order: "asc" },
        ],
      }),
    },
  ],
});
