import * as z from "zod/mini";
import { date, instant, partProblemSchema } from "./common.ts";
import { filterSchema, queryResultSchema } from "./query.ts";
import { doc, named } from "./registry.ts";

const exact = (description: string) => doc(z.nullable(z.string()), description, { examples: ["1234.5"] });
const currency = doc(z.nullable(z.string()), "ISO 4217; null where there are no facts.");
const notes = doc(z.array(z.string()), "What a reader must know.");
export const costMeasure = doc(
  z.enum(["billed_cost", "effective_cost"]),
  "As billed, or effective, which spreads what was paid ahead over what it paid for.",
);

const prices = {
  list: exact("List cost."),
  contracted: exact("Contracted cost: list cost less what was negotiated."),
  effective: exact("Effective cost: amortised, with commitments."),
};

const told = (prices: string) =>
  doc(
    z.object({
      facts: doc(z.int(), "Facts that carry both."),
      ofFacts: doc(z.int(), "Facts compared."),
      percent: exact(
        "Their part of the effective cost of all compared; null where that is not known or adds up to 0.",
      ),
    }),
    `How much it covers: the facts that carry ${prices}.`,
  );

export const savingsSchema = named(
  "Savings",
  "Cost by its four prices and what was saved. A saving is computed over the facts that carry both costs it compares, and `told` and the notes say how much that is; every other figure is null where some of its facts lack the cost.",
  z.object({
    currency,
    views: doc(z.object({ billed: exact("Billed cost."), ...prices }), "All charges of the range."),
    compared: doc(
      z.object(prices),
      "The charges that savings are computed for: usage, purchases less those of commitments, which cover later usage, and what nobody used of commitments.",
    ),
    savings: z.object({
      negotiated: exact("List less contracted cost."),
      commitment: exact("Contracted less effective cost: what commitments save, less what nobody used."),
      total: exact("List less effective cost."),
      totalPercent: exact("Of the list cost of what it covers."),
    }),
    told: z.object({
      negotiated: told("a list and a contracted cost"),
      commitment: told("a contracted and an effective cost"),
      total: told("a list and an effective cost"),
    }),
    commitments: z.object({
      used: exact("Effective cost of used commitments."),
      unused: exact("Effective cost of commitments that nobody used."),
      utilizationPercent: exact("Used of used and unused."),
      coverage: doc(
        z.nullable(z.object({ covered: z.string(), eligible: z.string(), percent: z.string() })),
        "The share of eligible cost under a commitment, at list prices where they are known. Eligible is usage of the kinds a commitment paid for at least once in the range; null when none did.",
      ),
    }),
    categories: doc(
      queryResultSchema,
      "The four costs by charge category and class: usage, purchases, tax, credits, adjustments and corrections apart.",
    ),
    services: doc(queryResultSchema, "Savings by service."),
    commitmentTable: doc(queryResultSchema, "Used, unused and saved by commitment."),
    notes,
  }),
);

export const SHARED_RULES = ["none", "proportional", "even"] as const;

export const chargebackSchema = named(
  "Chargeback",
  "Who caused the cost. The rows add up to the bill to the last digit, their shares to exactly 100.",
  z.object({
    currency,
    total: doc(z.string(), "The bill."),
    unallocated: doc(z.string(), "Cost that no key is named for, before any of it is spread."),
    unallocatedPercent: exact("Of the bill; null when the bill is 0."),
    shared: doc(z.enum(SHARED_RULES), "How unallocated cost was spread, as far as it could be."),
    table: doc(
      queryResultSchema,
      "One row a key, largest direct cost first, the unallocated row last: `key`, `name`, `direct_cost`, `shared_cost`, `cost`, `share_percent`.",
    ),
  }),
);

const estimateSchema = named(
  "Estimate",
  "A forecast amount, rounded to the currency's minor unit. It is an estimate and no part of a bill. The interval is null where the history is too short for one.",
  z.object({
    amount: exact("Null when it is unknown."),
    low: exact("Low end."),
    high: exact("High end."),
  }),
);

export const forecastSchema = named(
  "Forecast",
  "Daily cost ahead. What is spent is exact, what is forecast is an estimate.",
  z.object({
    measure: costMeasure,
    currency,
    asOf: date("First day that is forecast."),
    until: date("First day that is not.", "2024-10-01"),
    historyDays: doc(z.int(), "Days of facts it is computed from."),
    levelPercent: doc(z.number(), "Part of outcomes the interval is made to hold."),
    method: doc(z.string(), "How it is made."),
    months: z.array(
      z.object({
        month: date("First day of the month."),
        spent: exact("Exact, so far; null where the month has not begun or has no facts."),
        forecast: doc(estimateSchema, "Of the whole month, what is spent included."),
        previous: exact("Exact cost of the month before; null where it is not over or has no facts."),
      }),
    ),
    table: doc(queryResultSchema, "By day: `actual` of the last 60 days, then `forecast`, `low`, `high`."),
    monthTable: doc(queryResultSchema, "The months as a table."),
    notes,
  }),
);

const contributor = named(
  "Contributor",
  "How much a part of a cost changed against the mean of the same weekdays of the four weeks before.",
  z.object({
    dimension: z.string(),
    name: z.nullable(z.string()),
    actual: z.string(),
    usual: z.string(),
    change: z.string(),
  }),
);

export const anomaliesSchema = named(
  "Anomalies",
  "Days on which a service cost unusually much or little, largest impact first.",
  z.object({
    measure: costMeasure,
    currency,
    range: z.object({ from: date("First day."), to: date("First day not included.", "2024-10-01") }),
    leastImpact: doc(z.string(), "Least impact of a day that is listed."),
    judged: doc(z.int(), "Days of services that were judged."),
    total: doc(z.int(), "Anomalies found; more than listed where a limit bites."),
    anomalies: z.array(
      z.object({
        service: z.nullable(z.string()),
        kind: doc(
          z.enum(["spike", "drop", "rise", "fall"]),
          "`spike` and `drop` came back within two days; `rise` and `fall` lasted, and are listed with their first days.",
        ),
        from: date("First day."),
        to: date("Last day."),
        actual: doc(z.string(), "Exact cost of these days."),
        expected: doc(z.string(), "What was to be expected, an estimate."),
        impact: doc(z.string(), "Cost beyond the expected, an estimate."),
        score: doc(z.number(), "How many robust deviations the first day was off."),
        contributors: doc(z.array(contributor), "By account, region, resource and charge category."),
      }),
    ),
    table: doc(queryResultSchema, "The same as a table."),
    notes,
  }),
);

export const budgetSpecSchema = named(
  "BudgetSpec",
  "What may be spent in each calendar month.",
  z.strictObject({
    name: doc(z.string(), "Name.", { examples: ["Production"] }),
    amount: doc(z.string(), "Of each month, a decimal above 0.", { examples: ["25000"] }),
    currency: doc(z.string(), "ISO 4217; only cost in it counts.", { examples: ["USD"] }),
    measure: z.exactOptional(doc(costMeasure, "`billed_cost` when not given.")),
    filters: z.exactOptional(
      doc(
        z.array(filterSchema),
        "On dimensions of cost: an account, a service, a tag; all cost when not given.",
      ),
    ),
    thresholds: z.exactOptional(
      doc(
        z.array(z.number()),
        "Whole percentages of the budget to report reaching; 50, 80 and 100 when not given.",
      ),
    ),
  }),
);

const budgetState = named(
  "BudgetState",
  "Where a budget stands in a month.",
  z.object({
    month: date("First day of the month it is about."),
    status: doc(
      z.enum(["ok", "warning", "over", "unknown"]),
      "`over`: more is spent than the amount. `warning`: the forecast is over it, or the last threshold below 100 is reached. `unknown`: there are no facts of the month.",
    ),
    spent: exact("Exact, so far; null when not known."),
    lastDay: doc(z.nullable(z.string()), "Last day whose facts are in it."),
    spentPercent: exact("Of the amount."),
    expected: doc(z.string(), "What an even pace would have spent by then."),
    forecast: doc(estimateSchema, "Of the whole month; null when the month is not the running one."),
    forecastPercent: exact("Of the amount."),
    thresholds: z.array(
      z.object({
        percent: z.number(),
        reached: z.boolean(),
        forecast: doc(z.nullable(z.boolean()), "Whether the forecast reaches it; null without one."),
      }),
    ),
    notes,
  }),
);

export const budgetSchema = named(
  "Budget",
  "A budget and where it stands. `etag` changes with every write and is sent as the ETag header too.",
  z.object({
    id: z.string(),
    name: z.string(),
    amount: z.string(),
    currency: z.string(),
    measure: costMeasure,
    filters: z.array(filterSchema),
    thresholds: z.array(z.number()),
    createdBy: z.string(),
    createdAt: instant("When it was set."),
    updatedAt: instant("When it was last changed."),
    etag: z.string(),
    state: doc(z.nullable(budgetState), "Null where `problem` says why it is unknown."),
    problem: z.exactOptional(doc(partProblemSchema, "Why the state of the budget is unknown.")),
  }),
);
