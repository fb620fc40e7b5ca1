import { IF_NONE_MATCH, NOT_MODIFIED, routes, TAGGED } from "../route.ts";
import {
  complianceDashboardSchema,
  complianceParams,
  evidencePageSchema,
  evidenceParams,
  securityChangesParams,
  securityChangesSchema,
  securityDashboardSchema,
  securityParams,
  summaryParams,
  summarySchema,
  usageDashboardSchema,
  usageParams,
} from "../schemas/posture.ts";

const RANGE_PROBLEMS = [
  "date.invalid",
  "range.unknown-preset",
  "date.out-of-reach",
  "range.empty",
  "range.too-long",
  "query.unknown-comparison",
] as const;

const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };

/** The dashboards beside cost. */
export const postureRoutes = routes({
  summary: {
    method: "GET",
    path: "/v1/analytics/summary",
    tag: "Analytics",
    summary: "Summary",
    description:
      "The key figures of cost, security, compliance and usage, each with its change against the period before and what drove it.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: summaryParams,
    ok: { status: 200, description: "The figures.", schema: summarySchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: RANGE_PROBLEMS,
    examples: [
      { name: "Last month", query: { range: "last-month" } },
      { name: "September against the year before", query: { ...SEPTEMBER, compare: "previous-year" } },
    ],
  },
  security: {
    method: "GET",
    path: "/v1/analytics/security",
    tag: "Analytics",
    summary: "Security dashboard",
    description:
      "Open findings of each source's last snapshot in the range: by severity with the risk score and its formula, by service, account, region and age, the checks and resources behind them, and what was new, reopened and resolved.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: securityParams,
    ok: { status: 200, description: "The answers.", schema: securityDashboardSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [...RANGE_PROBLEMS, "security.too-many-findings"],
    examples: [
      { name: "Last 30 days", query: { range: "30d" } },
      { name: "Two accounts", query: { ...SEPTEMBER, account: "111111111111,222222222222", top: "5" } },
    ],
  },
  securityChanges: {
    method: "GET",
    path: "/v1/analytics/security/changes",
    tag: "Analytics",
    summary: "Changed findings",
    description:
      "What was new, reopened, resolved and set aside over the range, snapshot by snapshot, how long it took to resolve, and the worst of the findings by name.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: securityChangesParams,
    ok: { status: 200, description: "The changes.", schema: securityChangesSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [...RANGE_PROBLEMS, "security.too-many-findings"],
    examples: [
      { name: "September", query: SEPTEMBER },
      { name: "Numbers only", query: { range: "90d", list: "0" } },
    ],
  },
  compliance: {
    method: "GET",
    path: "/v1/analytics/compliance",
    tag: "Analytics",
    summary: "Compliance dashboard",
    description:
      "Scores by framework and control family, every control with its outcome, failed controls with their resources, and what changed since the last snapshot before the range.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: complianceParams,
    ok: { status: 200, description: "The answers.", schema: complianceDashboardSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: RANGE_PROBLEMS,
    examples: [
      { name: "All frameworks", query: { range: "30d" } },
      { name: "HIPAA in September", query: { ...SEPTEMBER, framework: "HIPAA" } },
    ],
  },
  complianceEvidence: {
    method: "GET",
    path: "/v1/analytics/compliance/evidence",
    tag: "Analytics",
    summary: "Evidence",
    description:
      "Every result behind the outcomes, page by page: what was checked on which resource, the finding that says so, when it was evaluated, and the file and load it came with. For all of it as one file, export the `compliance` template.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: evidenceParams,
    ok: { status: 200, description: "A page of evidence.", schema: evidencePageSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: [...RANGE_PROBLEMS, "compliance.invalid-place", "compliance.changed"],
    examples: [
      { name: "What fails HIPAA", query: { ...SEPTEMBER, framework: "HIPAA", status: "failed" } },
      { name: "One control", query: { ...SEPTEMBER, framework: "HIPAA", control: "164.312(a)(1)" } },
    ],
  },
  usage: {
    method: "GET",
    path: "/v1/analytics/usage",
    tag: "Analytics",
    summary: "Usage dashboard",
    description:
      "Each usage metric in its own unit: counters added up over the days, gauges averaged and at their last, with trend, change, and what each active resource used.",
    access: "view",
    limit: "queries",
    headers: IF_NONE_MATCH,
    query: usageParams,
    ok: { status: 200, description: "The answers.", schema: usageDashboardSchema, headers: TAGGED },
    also: [NOT_MODIFIED],
    problems: RANGE_PROBLEMS,
    examples: [
      { name: "Last month", query: { range: "last-month" } },
      { name: "One region", query: { ...SEPTEMBER, region: "us-east-1", top: "3" } },
    ],
  },
});
