import type { ParameterSpec } from "../parameters.ts";
import { type ComputationSpec, measureColumn, textColumn } from "./computation.ts";

const metric: ParameterSpec = {
  id: "metric",
  label: "Metric",
  description: "Only this metric, named as in the data; the whole result then has its unit.",
  example: "compute_hours",
};

export const USAGE_COMPUTATIONS = {
  "usage-metrics": {
    label: "Usage by metric",
    description:
      "Each metric in its own unit: counters added up over the days, gauges with their average and last value, with the change against the period before and what each active resource used.",
    dataset: "usage",
    parameters: [metric],
    columns: [
      textColumn("metric", "Metric"),
      textColumn("unit", "Unit"),
      textColumn("kind", "Kind"),
      measureColumn("value", "Value", "quantity", false),
      measureColumn("value.previous", "Previous period", "quantity", false),
      measureColumn("value.change", "Change", "quantity", false),
      measureColumn("value.change_percent", "Change %", "percent", false),
      measureColumn("daily_average", "Average a day", "quantity", false),
      measureColumn("last", "Last", "quantity", false),
      measureColumn("active_resources", "Active resources", "integer", false),
      measureColumn("per_resource", "Per active resource", "quantity", false),
      measureColumn("days", "Days with data", "integer", false),
    ],
  },
  "usage-detail": {
    label: "Usage by service and account",
    description:
      "Each metric by service, account and region: counters added up over the days, gauges with their last value; metrics of unknown kind have no quantity.",
    dataset: "usage",
    parameters: [],
    columns: [
      textColumn("metric", "Metric"),
      textColumn("unit", "Unit"),
      textColumn("kind", "Kind"),
      textColumn("service", "Service"),
      textColumn("account", "Account"),
      textColumn("region", "Region"),
      measureColumn("quantity", "Quantity", "quantity", false),
    ],
  },
} as const satisfies Record<string, ComputationSpec>;
