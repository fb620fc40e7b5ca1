import type { ComputeSpec } from "../computations/computation.ts";
import type { KpiSpec, Section } from "../definition.ts";
import { fixedTemplate } from "./template.ts";

const of = (metric: string): ComputeSpec => ({ computation: "usage-metrics", parameters: { metric } });
const only = (metric: string) => [{ field: "metric", op: "equals", value: metric } as const];

const METRICS = [
  { id: "compute_hours", label: "Compute hours", measure: "quantity" },
  { id: "storage_gb", label: "Storage, average", measure: "level" },
  { id: "api_calls", label: "API calls", measure: "quantity" },
  { id: "data_transfer_gb", label: "Data transfer", measure: "quantity" },
] as const;

const card = ({ id, label }: (typeof METRICS)[number]): KpiSpec => ({
  id,
  label,
  compute: of(id),
  measure: "value",
  upIs: "neutral",
});

const charts = ({ id, label, measure }: (typeof METRICS)[number]): Section[] => [
  {
    kind: "chart",
    id: `${id}-trend`,
    title: `${label.replace(", average", "")} by day`,
    chart: { kind: "line", x: "day", y: [measure] },
    width: "half",
    query: { dataset: "usage", groupBy: ["day"], measures: [measure], filters: only(id) },
  },
  {
    kind: "chart",
    id: `${id}-services`,
    title: `${label.replace(", average", "")} by service`,
    chart: { kind: "bar", x: "service", y: [measure], horizontal: true },
    width: "half",
    query: { dataset: "usage", groupBy: ["service"], measures: [measure], filters: only(id), limit: 8 },
  },
];

/** How much of the cloud was used, each metric in its own unit. */
export const USAGE = fixedTemplate("usage", {
  title: "Usage",
  description:
    "Compute hours, API calls and data transfer added up over the days; storage with its average and last level. Units are never mixed.",
  range: { preset: "30d" },
  sections: [
    { kind: "kpis", items: METRICS.map(card) },
    { kind: "heading", text: "Trend and services" },
    ...METRICS.flatMap(charts),
    {
      kind: "table",
      id: "metrics",
      title: "All metrics",
      compute: { computation: "usage-metrics" },
    },
    {
      kind: "table",
      id: "detail",
      title: "By metric, service, account and region",
      detail: true,
      compute: { computation: "usage-detail" },
    },
  ],
});
