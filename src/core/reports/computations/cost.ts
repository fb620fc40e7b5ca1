import type { ParameterSpec } from "../parameters.ts";
import { type ComputationSpec, dayColumn, measureColumn, textColumn } from "./computation.ts";

const measure: ParameterSpec = {
  id: "measure",
  label: "Cost",
  description:
    "Which cost to use: billed, or effective, which spreads upfront payments over the usage they cover.",
  default: "billed_cost",
  allowed: ["billed_cost", "effective_cost"],
  example: "effective_cost",
};

/** What a cost is charged back by; the chargeback template asks for the same. */
export const CHARGEBACK_BY: ParameterSpec = {
  id: "by",
  label: "Charge back by",
  description: "`account`, a tag as `tag:KEY`, or any other dimension of cost.",
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

const FORECAST_MONTHS: ParameterSpec = {
  id: "months",
  label: "Months",
  description: "How many calendar months the forecast covers, including the current one.",
  default: "1",
  allowed: ["1", "2", "3"],
  example: "2",
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
  "cost-savings": {
    label: "Savings",
    description:
      "What negotiated rates and commitments saved, by service: list, contracted and effective cost of usage and purchases, less those that cover later charges.",
    dataset: "cost",
    parameters: [],
    columns: [
      textColumn("service", "Service"),
      measureColumn("list_cost", "List cost", "money"),
      measureColumn("contracted_cost", "Contracted cost", "money"),
      measureColumn("effective_cost", "Effective cost", "money"),
      measureColumn("negotiated_savings", "Saved by negotiated rates", "money"),
      measureColumn("commitment_savings", "Saved by commitments", "money"),
      measureColumn("savings", "Saved", "money"),
      measureColumn("savings_percent", "Saved of list cost", "percent"),
    ],
  },
  commitments: {
    label: "Commitments",
    description:
      "Reservations and savings plans: how much of their effective cost was used and unused, and what they saved against contracted rates.",
    dataset: "cost",
    parameters: [],
    columns: [
      textColumn("commitment", "Commitment"),
      measureColumn("used_cost", "Used", "money"),
      measureColumn("unused_cost", "Unused", "money"),
      measureColumn("utilization_percent", "Utilization", "percent"),
      measureColumn("commitment_savings", "Saved", "money"),
    ],
  },
  coverage: {
    label: "Coverage",
    description:
      "How much of the usage that commitments could cover is covered: usage of the kinds a commitment paid for at least once.",
    dataset: "cost",
    parameters: [],
    columns: [
      measureColumn("covered_cost", "Covered", "money"),
      measureColumn("eligible_cost", "Eligible", "money"),
      measureColumn("coverage_percent", "Coverage", "percent"),
      measureColumn("utilization_percent", "Utilization", "percent"),
    ],
  },
  "cost-forecast": {
    label: "Forecast",
    description:
      "Daily cost of the last 60 days and its forecast to the end of the month, with an interval that holds 80 % of outcomes.",
    dataset: "cost",
    parameters: [measure, FORECAST_MONTHS],
    columns: [
      dayColumn("day", "Day"),
      measureColumn("actual", "Actual", "money"),
      measureColumn("forecast", "Forecast", "money"),
      measureColumn("low", "Low end", "money", false),
      measureColumn("high", "High end", "money", false),
    ],
  },
  "month-forecast": {
    label: "Cost by the end of the month",
    description:
      "The current month: spend to date, and the forecast of the whole month with an interval that holds 80 % of outcomes.",
    dataset: "cost",
    parameters: [measure],
    columns: [
      { ...dayColumn("month", "Month"), grain: "month" },
      measureColumn("spent", "Spent so far", "money"),
      measureColumn("forecast", "Forecast", "money"),
      measureColumn("low", "Low end", "money", false),
      measureColumn("high", "High end", "money", false),
      measureColumn("previous", "Month before", "money", false),
    ],
  },
  "cost-anomalies": {
    label: "Anomalies",
    description:
      "Days on which a service cost unusually much or little, largest impact first, with what contributed most.",
    dataset: "cost",
    parameters: [
      { ...measure, default: "effective_cost", example: "billed_cost" },
      {
        id: "limit",
        label: "Most rows",
        description: "How many anomalies to explain and list; a note says how many more there are.",
        default: "20",
        example: "20",
      },
    ],
    columns: [
      dayColumn("day", "From"),
      dayColumn("to", "Last day"),
      textColumn("service", "Service"),
      textColumn("kind", "Kind"),
      measureColumn("actual", "Actual", "money"),
      measureColumn("expected", "Expected", "money"),
      measureColumn("impact", "Impact", "money"),
      textColumn("explanation", "What contributed most"),
    ],
  },
  budgets: {
    label: "Budgets",
    description:
      "The tenant's budgets for the current month: amount, spend to date, forecast for the whole month and status.",
    dataset: "cost",
    parameters: [],
    columns: [
      textColumn("budget", "Budget"),
      textColumn("status", "Status"),
      measureColumn("amount", "Budget amount", "money"),
      measureColumn("spent", "Spent so far", "money"),
      measureColumn("spent_percent", "Spent", "percent"),
      measureColumn("expected", "Even pace", "money"),
      measureColumn("forecast", "Forecast", "money"),
      measureColumn("low", "Low end", "money", false),
      measureColumn("high", "High end", "money", false),
    ],
  },
} as const satisfies Record<string, ComputationSpec>;
