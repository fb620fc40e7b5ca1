import type { ParameterSpec } from "../parameters.ts";
import { type ComputationSpec, measureColumn, textColumn } from "./computation.ts";

const measure: ParameterSpec = {
  id: "measure",
  label: "Cost",
  description: "Which cost is meant: as billed, or effective, which spreads what was paid ahead.",
  default: "billed_cost",
  allowed: ["billed_cost", "effective_cost"],
  example: "effective_cost",
};

/** What a cost is charged back by; the chargeback template asks for the same. */
export const CHARGEBACK_BY: ParameterSpec = {
  id: "by",
  label: "Charge back by",
  description: "`account`, or a tag as `tag:KEY`; any other dimension of cost does too.",
  default: "account",
  example: "tag:team",
};

/** How cost that nobody is named for is spread. */
export const CHARGEBACK_SHARED: ParameterSpec = {
  id: "shared",
  label: "Shared cost",
  description:
    "`none` leaves unallocated cost as a row of its own; `proportional` spreads it by direct cost, `even` in equal parts.",
  default: "none",
  allowed: ["none", "proportional", "even"],
  example: "proportional",
};

export const COST_COMPUTATIONS = {
  chargeback: {
    label: "Chargeback",
    description:
      "Who caused the cost: each account or value of a tag with its direct cost, its part of shared cost, and its share in percent. Adds up to the bill.",
    dataset: "cost",
    parameters: [CHARGEBACK_BY, CHARGEBACK_SHARED, measure],
    columns: [
      textColumn("key", "Charged to"),
      textColumn("name", "Name"),
      measureColumn("direct_cost", "Direct cost", "money"),
      measureColumn("shared_cost", "Shared cost", "money"),
      measureColumn("cost", "Cost", "money"),
      measureColumn("share_percent", "Share", "percent", true),
    ],
  },
} as const satisfies Record<string, ComputationSpec>;
