import { askAgain } from "../../app/analytics/snapshots.ts";
import { buildDocument, type DocumentOptions } from "../../app/reports/build-document.ts";
import type { Versioned } from "../../app/records/records.ts";
import {
  createReport,
  getReport,
  listReports,
  listTemplates,
  removeReport,
  replaceReport,
  templateDefinition,
} from "../../app/reports/reports.ts";
import type { TenantContext } from "../../app/services.ts";
import { checkDefinition } from "../../core/reports/check.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import type { SavedReport } from "../../core/reports/saved-report.ts";
import type { Handlers } from "../call.ts";
import { currentEtag, matchesNone, quoteEtag } from "../etag.ts";
import { reportResult } from "../report-result.ts";
import { json } from "../respond.ts";

const SHOWN_ROWS = 100;

const saved = (report: Versioned<SavedReport>, status = 200): Response =>
  json(report, status, {
    ETag: quoteEtag(report.etag),
    ...(status === 201 && { Location: `/v1/reports/${report.id}` }),
  });

export const reportHandlers: Pick<
  Handlers,
  | "listReports"
  | "createReport"
  | "previewReport"
  | "getReport"
  | "replaceReport"
  | "deleteReport"
  | "runReport"
  | "listTemplates"
  | "instantiateTemplate"
> = {
  listReports: async ({ tenant, query }) => json(await listReports(tenant, query)),

  createReport: async ({ tenant, body }) => saved(await createReport(tenant, body), 201),

  previewReport: async ({ tenant, query, body }) => {
    const definition = checkDefinition(body.definition, tenant.services.clock.now());
    return json(await shownReport(tenant, definition, optionsOf(body), query.rows));
  },

  getReport: async ({ tenant, params, request }) => {
    const report = await getReport(tenant, params.id);
    if (matchesNone(request, report.etag)) return saved(report);
    return new Response(null, { status: 304, headers: { ETag: quoteEtag(report.etag) } });
  },

  replaceReport: async ({ tenant, params, body, request }) => {
    const etag = await currentEtag(request, "required", () => etagOf(tenant, params.id));
    return saved(await replaceReport(tenant, params.id, body, etag));
  },

  deleteReport: async ({ tenant, params, request }) => {
    const etag = await currentEtag(request, "optional", () => etagOf(tenant, params.id));
    await removeReport(tenant, params.id, etag);
    return new Response(null, { status: 204 });
  },

  runReport: async ({ tenant, params, query, body }) => {
    const { definition } = await getReport(tenant, params.id);
    return json(await shownReport(tenant, definition, optionsOf(body ?? {}), query.rows));
  },

  listTemplates: () => json({ items: listTemplates() }),

  instantiateTemplate: async ({ tenant, params, body }) => {
    const { parameters, ...own } = body ?? {};
    const definition = await askAgain(() => templateDefinition({ ...tenant }, params.id, parameters));
    return saved(await createReport(tenant, { ...definition, ...own }), 201);
  },
};

async function shownReport(
  tenant: TenantContext,
  definition: ReportDefinition,
  options: DocumentOptions,
  rows = SHOWN_ROWS,
): ReturnType<typeof reportResult> {
  const held = { each: rows, all: rows * definition.sections.length };
  return reportResult(await buildDocument(tenant, definition, options, held), rows);
}

/** What a run changes of a report. */
export function optionsOf({ range, filters }: DocumentOptions): DocumentOptions {
  return { ...(range !== undefined && { range }), ...(filters !== undefined && { filters }) };
}

async function etagOf(tenant: TenantContext, id: string): Promise<string> {
  return (await getReport(tenant, id)).etag;
}
