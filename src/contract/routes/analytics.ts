import * as z from "zod/mini";
import { IF_NONE_MATCH, NOT_MODIFIED, routes, SEE_OTHER, TAGGED } from "../route.ts";
import { exportJobSchema, exportRequestSchema } from "../schemas/exports.ts";
import {
  analyticsQuerySchema,
  compareParam,
  costDashboardSchema,
  queryParams,
  queryResultSchema,
  rangeParams,
} from "../schemas/query.ts";
import { doc } from "../schemas/registry.ts";
import { EXPORT_HEADERS, EXPORT_MEDIA } from "./exports.ts";

const QUERY_PROBLEMS = [
  "query.unknown-dataset",
  "query.unknown-dimension",
  "query.unknown-measure",
  "query.invalid-filter",
  "query.invalid-sort",
  "query.invalid-limit",
  "query.limit-too-large",
  "query.too-many-groups",
  "query.mixed-currencies",
  "query.mixed-units",
  "date.invalid",
  "range.unknown-preset",
  "date.out-of-reach",
  "range.empty",
  "range.too-long",
] as const;

const costParams = z.strictObject({
  ...rangeParams,
  ...compareParam,
  currency: z.exactOptional(
    doc(z.string(), "Only amounts in this ISO 4217 currency; needed where the tenant is billed in several.", {
      examples: ["USD"],
    }),
  ),
  account: z.exactOptional(doc(z.array(z.string()), "Only these accounts, separated by commas.")),
  top: z.exactOptional(
    doc(
      z.int().check(z.minimum(1), z.maximum(50)),
      "Services, regions and accounts to list; 10 when not given.",
    ),
  ),
});

export const analyticsRoutes = routes({
  queryByUrl: {
    method: "GET",
    path: "/v1/analytics",
    tag: "Analytics",
    summary: "Ask by URL",
    description:
      "A question in URL parameters, so that an answer can be linked. The same as `POST /v1/analytics/query`.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: queryParams,
    ok: { status: 200, description: "The answer.", schema: queryResultSchema, headers: TAGGED },
    also: [NOT_MODIFIED, SEE_OTHER],
    problems: QUERY_PROBLEMS,
    examples: [
      { name: "Cost by service, last 30 days", query: { groupBy: "service", range: "30d" } },
      {
        name: "One region by day",
        query: {
          groupBy: "day",
          from: "2024-09-01",
          to: "2024-10-01",
          where: "region=us-east-1",
          measures: "billed_cost,effective_cost",
        },
      },
      {
        name: "Five costliest accounts, compared",
        query: { groupBy: "account", limit: "5", compare: "previous-period", sort: "-billed_cost" },
      },
    ],
  },
  query: {
    method: "POST",
    path: "/v1/analytics/query",
    tag: "Analytics",
    summary: "Ask",
    description:
      "Answers any question about cost, security findings, compliance controls or usage. Amounts are exact decimal text; amounts in different currencies are never added.",
    access: "view",
    limit: "queries",
    body: { kind: "json", schema: analyticsQuerySchema },
    ok: { status: 200, description: "The answer.", schema: queryResultSchema },
    also: [SEE_OTHER],
    problems: QUERY_PROBLEMS,
    examples: [
      {
        name: "Cost by service, compared with the period before",
        body: {
          dataset: "cost",
          range: { preset: "30d" },
          groupBy: ["service"],
          measures: ["billed_cost"],
          compare: "previous-period",
          limit: 10,
        },
      },
      {
        name: "Daily cost of two accounts, credits apart",
        body: {
          dataset: "cost",
          range: { from: "2024-09-01", to: "2024-10-01" },
          groupBy: ["day", "charge_category"],
          measures: ["billed_cost", "effective_cost"],
          filters: [{ field: "account", op: "in", value: ["111111111111", "222222222222"] }],
        },
      },
      {
        name: "Open findings by severity",
        body: {
          dataset: "findings",
          range: { preset: "30d" },
          groupBy: ["severity"],
          filters: [{ field: "workflow_status", op: "not", value: ["RESOLVED", "SUPPRESSED"] }],
        },
      },
    ],
  },
  costs: {
    method: "GET",
    path: "/v1/analytics/costs",
    tag: "Analytics",
    summary: "Cost dashboard",
    description:
      "Everything the cost dashboard shows over one range: totals and their change, the daily trend, and the costliest services, regions and accounts.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: costParams,
    ok: { status: 200, description: "The answers.", schema: costDashboardSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [
      "query.mixed-currencies",
      "date.invalid",
      "range.unknown-preset",
      "date.out-of-reach",
      "range.empty",
      "range.too-long",
    ],
    examples: [
      { name: "Last month", query: { range: "last-month" } },
      {
        name: "September against the year before",
        query: { from: "2024-09-01", to: "2024-10-01", compare: "previous-year" },
      },
    ],
  },
  export: {
    method: "POST",
    path: "/v1/analytics/export",
    tag: "Exports",
    summary: "Export",
    description:
      "Writes a question, a saved report, a template or a definition as CSV, JSON, XLSX or PDF. Small exports are answered as the file, with its manifest in the headers; larger ones become a job. No rows are left out.",
    access: "export",
    audit: { action: "export.start", object: "export" },
    limit: "exports",
    body: { kind: "json", schema: exportRequestSchema },
    ok: { status: 200, description: "The file.", media: EXPORT_MEDIA, headers: EXPORT_HEADERS },
    also: [
      {
        status: 202,
        description: "A job; `Location` names it.",
        schema: exportJobSchema,
        headers: { Location: "The job.", "Retry-After": "Seconds after which to ask for it." },
      },
      SEE_OTHER,
    ],
    problems: ["export.unknown-format", "report.unknown-template", "request.ambiguous", ...QUERY_PROBLEMS],
    examples: [
      {
        name: "Cost analysis as PDF",
        body: { format: "pdf", report: "cost-analysis", range: { preset: "last-month" } },
      },
      {
        name: "Compliance evidence as a workbook",
        body: { format: "xlsx", report: "compliance", parameters: { framework: "HIPAA" } },
      },
      {
        name: "A question as CSV for Excel",
        body: {
          format: "csv",
          query: { dataset: "cost", range: { preset: "30d" }, groupBy: ["day", "service"] },
          options: { bom: true, delimiter: ";" },
        },
      },
      {
        name: "A large export as a job",
        body: { format: "xlsx", report: "cost-analysis", range: { preset: "12m" }, delivery: "job" },
      },
    ],
  },
});
