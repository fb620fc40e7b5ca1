import * as z from "zod/mini";
import { IF_NONE_MATCH, NOT_MODIFIED, routes, TAGGED } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import {
  anomaliesSchema,
  budgetSchema,
  budgetSpecSchema,
  chargebackSchema,
  costMeasure,
  forecastSchema,
  savingsSchema,
  SHARED_RULES,
} from "../schemas/costs.ts";
import { rangeParams } from "../schemas/query.ts";
import { doc } from "../schemas/registry.ts";

const scopeParams = {
  currency: z.exactOptional(
    doc(z.string(), "Only amounts in this ISO 4217 currency; needed where the tenant is billed in several.", {
      examples: ["USD"],
    }),
  ),
  account: z.exactOptional(doc(z.array(z.string()), "Only these accounts, separated by commas.")),
  where: z.exactOptional(
    doc(
      z.array(z.string()),
      "A filter as `GET /v1/analytics` takes them; repeat the parameter for several.",
      {
        repeated: true,
        examples: ["service=Amazon EC2"],
      },
    ),
  ),
};
const measure = z.exactOptional(doc(costMeasure, "`billed_cost` when not given."));
const RANGE_PROBLEMS = [
  "date.invalid",
  "date.out-of-reach",
  "range.unknown-preset",
  "range.empty",
  "range.too-long",
] as const;
const SCOPE_PROBLEMS = ["query.unknown-dimension", "query.invalid-filter", "query.mixed-currencies"] as const;

const month = {
  month: z.exactOptional(
    doc(z.string(), "Where the budget stood in this month, YYYY-MM; the running one when not given.", {
      examples: ["2024-09"],
    }),
  ),
};

const ID = "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f";
const ETAG = { ETag: "The budget's version, for `If-Match`." };
const BUDGET_PROBLEMS = [
  "budget.invalid-name",
  "budget.invalid-amount",
  "budget.invalid-currency",
  "budget.invalid-threshold",
  "budget.invalid-filter",
  "query.unknown-dimension",
  "query.invalid-filter",
] as const;

export const costRoutes = routes({
  costSavings: {
    method: "GET",
    path: "/v1/analytics/costs/savings",
    tag: "Analytics",
    summary: "Savings",
    description:
      "Billed, effective, list and contracted cost, what negotiated rates and commitments saved, and how commitments are used.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: z.strictObject({ ...rangeParams, ...scopeParams }),
    ok: { status: 200, description: "The savings.", schema: savingsSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [...RANGE_PROBLEMS, ...SCOPE_PROBLEMS],
    examples: [{ name: "Last month", query: { range: "last-month" } }],
  },
  costChargeback: {
    method: "GET",
    path: "/v1/analytics/costs/chargeback",
    tag: "Analytics",
    summary: "Chargeback",
    description:
      "Who caused the cost, by account or tag. What nobody is named for is a row of its own, and can be spread over the others.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: z.strictObject({
      ...rangeParams,
      by: z.exactOptional(
        doc(z.string(), "`account` when not given, `tag:KEY`, or another dimension of cost.", {
          examples: ["tag:team"],
        }),
      ),
      shared: z.exactOptional(
        doc(
          z.enum(SHARED_RULES),
          "`none` when not given; `proportional` spreads unallocated cost by direct cost, `even` in equal parts.",
        ),
      ),
      measure,
      ...scopeParams,
    }),
    ok: { status: 200, description: "The chargeback.", schema: chargebackSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [...RANGE_PROBLEMS, ...SCOPE_PROBLEMS],
    examples: [
      { name: "By account", query: { range: "last-month" } },
      {
        name: "By team, unallocated cost spread",
        query: { from: "2024-09-01", to: "2024-10-01", by: "tag:team", shared: "proportional" },
      },
    ],
  },
  costForecast: {
    method: "GET",
    path: "/v1/analytics/costs/forecast",
    tag: "Analytics",
    summary: "Forecast",
    description:
      "Cost by the end of the month, with an interval. It starts behind the newest complete facts: what is spent is exact, what is ahead is an estimate.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: z.strictObject({
      months: z.exactOptional(
        doc(
          z.int().check(z.minimum(1), z.maximum(3)),
          "Calendar months, the running one among them; 1 when not given.",
        ),
      ),
      measure,
      ...scopeParams,
    }),
    ok: { status: 200, description: "The forecast.", schema: forecastSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: SCOPE_PROBLEMS,
    examples: [
      { name: "To the end of the month", query: {} },
      { name: "One account, three months", query: { months: "3", account: "111111111111" } },
    ],
  },
  costAnomalies: {
    method: "GET",
    path: "/v1/analytics/costs/anomalies",
    tag: "Analytics",
    summary: "Anomalies",
    description:
      "Days on which a service cost unusually much or little, and the accounts, regions, resources and charge categories that contributed most.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: z.strictObject({
      ...rangeParams,
      measure: z.exactOptional(doc(costMeasure, "`effective_cost` when not given.")),
      leastImpact: z.exactOptional(
        doc(
          z.number().check(z.minimum(0)),
          "Least impact of a day, in the currency; 2 % of what a day costs, and at least 1, when not given.",
        ),
      ),
      limit: z.exactOptional(
        doc(z.int().check(z.minimum(1), z.maximum(100)), "Most anomalies to list; 20 when not given."),
      ),
      ...scopeParams,
    }),
    ok: { status: 200, description: "The anomalies.", schema: anomaliesSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [...RANGE_PROBLEMS, ...SCOPE_PROBLEMS],
    examples: [
      { name: "Last 90 days", query: { range: "90d" } },
      { name: "Over 100 a day", query: { range: "30d", leastImpact: "100" } },
    ],
  },
  listBudgets: {
    method: "GET",
    path: "/v1/budgets",
    tag: "Budgets",
    summary: "List budgets",
    description:
      "The tenant's budgets, oldest first, each with its state; one whose state is unknown says why, and the others are answered.",
    access: "view",
    limit: "queries",
    query: z.strictObject({ ...pageQuery, ...month }),
    ok: { status: 200, description: "A page of budgets.", schema: pageOf(budgetSchema) },
    problems: ["date.invalid", "date.out-of-reach"],
    examples: [
      { name: "Now", query: {} },
      { name: "In September", query: { month: "2024-09" } },
    ],
  },
  createBudget: {
    method: "POST",
    path: "/v1/budgets",
    tag: "Budgets",
    summary: "Set a budget",
    description: "Sets a monthly budget, on all cost or on what its filters leave.",
    access: "budget",
    audit: { action: "budget.create", object: "budget" },
    limit: "report-changes",
    body: { kind: "json", schema: budgetSpecSchema },
    ok: {
      status: 201,
      description: "The budget.",
      schema: budgetSchema,
      headers: { ...ETAG, Location: "The budget." },
    },
    problems: BUDGET_PROBLEMS,
    examples: [
      { name: "All cost", body: { name: "Everything", amount: "25000", currency: "USD" } },
      {
        name: "One team's effective cost",
        body: {
          name: "Payments team",
          amount: "4000",
          currency: "USD",
          measure: "effective_cost",
          filters: [{ field: "tag:team", op: "equals", value: "payments" }],
          thresholds: [75, 90, 100],
        },
      },
    ],
  },
  getBudget: {
    method: "GET",
    path: "/v1/budgets/{id}",
    tag: "Budgets",
    summary: "Get a budget",
    description: "A budget and where it stands.",
    access: "view",
    limit: "queries",
    params: idParams("budget"),
    query: z.strictObject(month),
    ok: { status: 200, description: "The budget.", schema: budgetSchema, headers: ETAG },
    problems: ["budget.not-found", "date.invalid", "date.out-of-reach"],
    examples: [{ name: "Get", params: { id: ID } }],
  },
  replaceBudget: {
    method: "PUT",
    path: "/v1/budgets/{id}",
    tag: "Budgets",
    summary: "Replace a budget",
    description: "Replaces the budget if it is still as `If-Match` says, so that nobody's change is lost.",
    access: "budget",
    audit: { action: "budget.change", object: "budget" },
    limit: "report-changes",
    params: idParams("budget"),
    headers: { "If-Match": { description: "The ETag the change is based on.", required: true } },
    body: { kind: "json", schema: budgetSpecSchema },
    ok: { status: 200, description: "The budget as it is now.", schema: budgetSchema, headers: ETAG },
    problems: [...BUDGET_PROBLEMS, "budget.not-found", "budget.changed", "budget.precondition-required"],
    examples: [
      {
        name: "A higher amount",
        params: { id: ID },
        body: { name: "Everything", amount: "27500", currency: "USD" },
      },
    ],
  },
  deleteBudget: {
    method: "DELETE",
    path: "/v1/budgets/{id}",
    tag: "Budgets",
    summary: "Remove a budget",
    description: "Removes the budget.",
    access: "budget",
    audit: { action: "budget.delete", object: "budget" },
    limit: "report-changes",
    params: idParams("budget"),
    headers: {
      "If-Match": { description: "Remove only if the budget is still this version.", required: false },
    },
    ok: { status: 204, description: "It is gone." },
    problems: ["budget.not-found", "budget.changed"],
    examples: [{ name: "Remove", params: { id: ID } }],
  },
});
