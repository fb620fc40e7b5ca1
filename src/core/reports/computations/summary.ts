import { type ComputationSpec, measureColumn, textColumn } from "./computation.ts";

export const SUMMARY_COMPUTATIONS = {
  "summary-kpis": {
    label: "Key figures and what drove them",
    description:
      "Cost, risk, open critical and high findings, compliance and usage, each in its own unit, with the change against the period before and what contributed most to it.",
    dataset: "cost",
    parameters: [],
    columns: [
      textColumn("figure", "Figure"),
      textColumn("unit", "Unit"),
      measureColumn("value", "Value", "quantity", false),
      measureColumn("previous", "Previous period", "quantity", false),
      measureColumn("change", "Change", "quantity", false),
      measureColumn("change_percent", "Change %", "percent", false),
      textColumn("driver", "Main driver"),
      measureColumn("driver_change", "Its change", "quantity", false),
    ],
  },
} as const satisfies Record<string, ComputationSpec>;
