import * as z from "zod/mini";
import { TEMPLATES } from "../../core/reports/templates/index.ts";
import { IF_NONE_MATCH, routes, SEE_OTHER } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import { doc } from "../schemas/registry.ts";
import {
  definitionSchema,
  instantiateSchema,
  previewSchema,
  reportResultSchema,
  runSchema,
  savedReportSchema,
  templateSchema,
} from "../schemas/reports.ts";

const ID = "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f";
const ETAG = { ETag: "The report's version, for `If-Match`." };
const SHOWN = z.strictObject({
  rows: z.exactOptional(
    doc(z.int().check(z.minimum(0), z.maximum(1000)), "Rows of each table to show; 100 when not given."),
  ),
});

const definition = {
  title: "Storage by account",
  description: "What object storage costs, and where.",
  range: { preset: "30d" },
  sections: [
    { kind: "heading", text: "Storage" },
    {
      kind: "chart",
      id: "trend",
      title: "Cost by day",
      chart: { kind: "line", x: "day", y: ["billed_cost"] },
      query: {
        dataset: "cost",
        groupBy: ["day"],
        filters: [{ field: "service_category", op: "equals", value: "Storage" }],
      },
    },
    {
      kind: "table",
      id: "accounts",
      title: "By account",
      detail: true,
      query: {
        dataset: "cost",
        groupBy: ["account", "service"],
        filters: [{ field: "service_category", op: "equals", value: "Storage" }],
      },
    },
  ],
};

export const reportRoutes = routes({
  listReports: {
    method: "GET",
    path: "/v1/reports",
    tag: "Reports",
    summary: "List reports",
    description: "The tenant's saved reports, newest first.",
    access: "view",
    query: z.strictObject(pageQuery),
    ok: { status: 200, description: "A page of reports.", schema: pageOf(savedReportSchema) },
    problems: [],
    examples: [{ name: "First page", query: { limit: "20" } }],
  },
  createReport: {
    method: "POST",
    path: "/v1/reports",
    tag: "Reports",
    summary: "Save a report",
    description: "Saves a report definition. Every question in it is checked first.",
    access: "create",
    audit: { action: "report.create", object: "report" },
    limit: "report-changes",
    body: { kind: "json", schema: definitionSchema },
    ok: {
      status: 201,
      description: "The saved report.",
      schema: savedReportSchema,
      headers: { ...ETAG, Location: "The report." },
    },
    problems: ["query.unknown-dimension", "query.unknown-measure", "query.invalid-filter"],
    examples: [{ name: "Chart and table", body: definition }],
  },
  previewReport: {
    method: "POST",
    path: "/v1/reports/preview",
    tag: "Reports",
    summary: "Preview a report",
    description: "Runs a definition without saving it.",
    access: "view",
    limit: "queries",
    query: SHOWN,
    body: { kind: "json", schema: previewSchema },
    ok: { status: 200, description: "The report with its answers.", schema: reportResultSchema },
    also: [SEE_OTHER],
    problems: ["query.unknown-dimension", "query.unknown-measure", "query.invalid-filter"],
    examples: [
      { name: "Over September", body: { definition, range: { from: "2024-09-01", to: "2024-10-01" } } },
    ],
  },
  getReport: {
    method: "GET",
    path: "/v1/reports/{id}",
    tag: "Reports",
    summary: "Get a report",
    description: "A saved report. With `If-None-Match` it answers 304 when nothing changed.",
    access: "view",
    params: idParams("report"),
    headers: IF_NONE_MATCH,
    ok: { status: 200, description: "The report.", schema: savedReportSchema, headers: ETAG },
    also: [{ status: 304, description: "The copy at hand is current.", headers: ETAG }],
    problems: ["report.not-found"],
    examples: [{ name: "Get", params: { id: ID } }],
  },
  replaceReport: {
    method: "PUT",
    path: "/v1/reports/{id}",
    tag: "Reports",
    summary: "Replace a report",
    description:
      "Replaces the definition if the report is still as `If-Match` says, so that nobody's change is lost.",
    access: "create",
    audit: { action: "report.change", object: "report" },
    limit: "report-changes",
    params: idParams("report"),
    headers: { "If-Match": { description: "The ETag the change is based on.", required: true } },
    body: { kind: "json", schema: definitionSchema },
    ok: { status: 200, description: "The report as it is now.", schema: savedReportSchema, headers: ETAG },
    problems: ["report.not-found", "report.changed", "report.precondition-required"],
    examples: [{ name: "Replace", params: { id: ID }, body: definition }],
  },
  deleteReport: {
    method: "DELETE",
    path: "/v1/reports/{id}",
    tag: "Reports",
    summary: "Delete a report",
    description: "Deletes one's own report; an admin may delete anybody's.",
    access: "create",
    audit: { action: "report.delete", object: "report" },
    limit: "report-changes",
    params: idParams("report"),
    headers: {
      "If-Match": { description: "Delete only if the report is still this version.", required: false },
    },
    ok: { status: 204, description: "It is gone." },
    problems: ["report.not-found", "report.changed"],
    examples: [{ name: "Delete", params: { id: ID } }],
  },
  runReport: {
    method: "POST",
    path: "/v1/reports/{id}/run",
    tag: "Reports",
    summary: "Run a report",
    description:
      "Answers a saved report's questions, to look at. For a file, `POST /v1/analytics/export` with the report's id.",
    access: "view",
    limit: "queries",
    params: idParams("report"),
    query: SHOWN,
    body: { kind: "json", schema: runSchema, optional: true },
    ok: { status: 200, description: "The report with its answers.", schema: reportResultSchema },
    also: [SEE_OTHER],
    problems: ["report.not-found"],
    examples: [{ name: "Last month", params: { id: ID }, body: { range: { preset: "last-month" } } }],
  },
  listTemplates: {
    method: "GET",
    path: "/v1/reports/templates",
    tag: "Templates",
    summary: "List templates",
    description: "The built-in reports.",
    access: "view",
    ok: { status: 200, description: "All templates.", schema: z.object({ items: z.array(templateSchema) }) },
    problems: [],
    examples: [{ name: "List" }],
  },
  instantiateTemplate: {
    method: "POST",
    path: "/v1/reports/templates/{id}",
    tag: "Templates",
    summary: "Save a copy of a template",
    description: "Makes a saved report from a template, to be changed at will.",
    access: "create",
    audit: { action: "report.create", object: "report" },
    limit: "report-changes",
    params: z.strictObject({
      id: doc(z.string(), `A template: ${TEMPLATES.map((template) => template.id).join(", ")}.`),
    }),
    body: { kind: "json", schema: instantiateSchema, optional: true },
    ok: {
      status: 201,
      description: "The saved report.",
      schema: savedReportSchema,
      headers: { ...ETAG, Location: "The report." },
    },
    problems: ["report.unknown-template"],
    examples: [
      {
        name: "Our own cost analysis",
        params: { id: "cost-analysis" },
        body: { title: "Cost of the platform team" },
      },
      {
        name: "A compliance report of our own",
        params: { id: "compliance" },
        body: { parameters: { framework: "HIPAA" }, title: "HIPAA, monthly" },
      },
    ],
  },
});
