import type { Column } from "../../query/query.ts";
import { type ComputationSpec, dayColumn, measureColumn, textColumn } from "./computation.ts";

/** A measure with its value in the period before, as a query with `compare` has them. */
export function comparedColumns(
  id: string,
  label: string,
  type: "integer" | "quantity" | "percent",
): Column[] {
  const column = (suffix: string, own: string): Column => measureColumn(`${id}${suffix}`, own, type);
  return [
    column("", label),
    column(".previous", `${label}, previous period`),
    column(".change", "Change"),
    measureColumn(`${id}.change_percent`, "Change %", "percent"),
  ];
}

const counts = (...columns: readonly (readonly [id: string, label: string])[]): Column[] =>
  columns.map(([id, label]) => measureColumn(id, label, "integer"));

/** What became of findings, in numbers; shared by the tables by severity and by snapshot. */
const CHANGES = counts(
  ["new", "New"],
  ["reopened", "Reopened"],
  ["resolved", "Resolved"],
  ["set_aside", "Suppressed or muted"],
  ["brought_back", "No longer suppressed"],
  ["short_lived", "Opened and resolved"],
);

export const SECURITY_COMPUTATIONS = {
  "security-score": {
    label: "Risk points",
    description:
      "Open findings weighted by severity, with the points of the period before: lower is better. One row a severity with its weight.",
    dataset: "findings",
    parameters: [],
    columns: [
      textColumn("severity", "Severity"),
      measureColumn("weight", "Weight", "integer", false),
      ...comparedColumns("findings", "Open findings", "integer"),
      ...comparedColumns("risk_points", "Risk points", "integer"),
    ],
  },
  "security-age": {
    label: "Open findings by age",
    description: "How long open findings have been open, from first observed to the day of their snapshot.",
    dataset: "findings",
    parameters: [],
    columns: [
      textColumn("age", "Age"),
      ...counts(["findings", "Open findings"], ["critical", "Critical"], ["high", "High"]),
    ],
  },
  "security-trend": {
    label: "Risk points over time",
    description:
      "The state of all sources together on each day up to the last snapshot; each source counts with its latest snapshot up to that day.",
    dataset: "findings",
    parameters: [],
    columns: [
      dayColumn("day", "Day"),
      measureColumn("risk_points", "Risk points", "integer", false),
      ...["critical", "high", "medium", "low", "informational"].map((id) =>
        measureColumn(id, id.charAt(0).toUpperCase() + id.slice(1), "integer", false),
      ),
    ],
  },
  "security-changes": {
    label: "New, reopened and resolved findings",
    description:
      "How findings changed since the last snapshot before the range, by severity, with the days it took to resolve them.",
    dataset: "findings",
    parameters: [],
    columns: [
      textColumn("severity", "Severity"),
      ...CHANGES,
      measureColumn("mean_days", "Mean days to resolve", "quantity", false),
      measureColumn("median_days", "Median days to resolve", "quantity", false),
      ...counts(["timed", "Resolved with known time"]),
    ],
  },
  "security-changes-by-day": {
    label: "Changes by snapshot",
    description: "New, reopened and resolved findings by the day of the snapshot that shows them.",
    dataset: "findings",
    parameters: [],
    columns: [dayColumn("day", "Snapshot"), ...CHANGES],
  },
  "security-changes-by-week": {
    label: "Changes by week",
    description: "The same by the week of the snapshot, whose first day is Monday.",
    dataset: "findings",
    parameters: [],
    columns: [{ ...dayColumn("week", "Week"), grain: "week" }, ...CHANGES],
  },
} as const satisfies Record<string, ComputationSpec>;
