import { type ComputationSpec, measureColumn, textColumn } from "./computation.ts";

const FIGURE = [textColumn("figure", "Figure"), textColumn("unit", "Unit")];
const quantity = (id: string, label: string) => measureColumn(id, label, "quantity", false);

export const SUMMARY_COMPUTATIONS = {
  "summary-kpis": {
    label: "Key figures and what drove them",
    description:
      "Cost, risk, open critical and high findings, compliance and usage, each in its own unit, with the change against the period before and what contributed most to it.",
    dataset: "cost",
    parameters: [],
    columns: [
      ...FIGURE,
      quantity("value", "Value"),
      quantity("previous", "Previous period"),
      quantity("change", "Change"),
      measureColumn("change_percent", "Change %", "percent", false),
      textColumn("driver", "Main driver"),
      quantity("driver_change", "Its change"),
    ],
  },
  "summary-cost": {
    label: "Billed cost by currency",
    description:
      "Billed cost with that of the period before, once for each currency; a total only where there is one currency.",
    dataset: "cost",
    parameters: [],
    columns: [
      textColumn("currency", "Currency"),
      measureColumn("billed_cost", "Billed cost", "money", false),
      measureColumn("billed_cost.previous", "Billed cost, previous period", "money", false),
      measureColumn("billed_cost.change", "Change", "money", false),
      measureColumn("billed_cost.change_percent", "Change %", "percent", false),
    ],
  },
  "summary-page": {
    label: "Key figures on a page",
    description:
      "One of each of the four questions, short enough for a line each: billed cost, open critical and high findings, compliance score and compute hours. Long names end in an ellipsis.",
    dataset: "cost",
    parameters: [],
    columns: [
      ...FIGURE,
      quantity("value", "Value"),
      quantity("change", "Change"),
      measureColumn("change_percent", "Change %", "percent", false),
      textColumn("driver", "Main driver and its change"),
    ],
  },
} as const satisfies Record<string, ComputationSpec>;
