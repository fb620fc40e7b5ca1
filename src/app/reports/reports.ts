import { may } from "../../core/access/access.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { checkDefinition } from "../../core/reports/check.ts";
import type { ReportDefinition } from "../../core/reports/definition.ts";
import { checkParameters, type ParameterSpec, type ParameterValues } from "../../core/reports/parameters.ts";
import {
  definitionFrom,
  sampleDefinition,
  TEMPLATES,
  templateOf,
} from "../../core/reports/templates/index.ts";
import type { SavedReport } from "../../ports/report-store.ts";
import { withFramework } from "../compliance/frameworks.ts";
import type { TenantContext } from "../services.ts";

/** How many reports a page lists at most. */
export const MAX_PAGE = 100;

export interface Page {
  limit?: number;
  /** The id of the last item of the page before. */
  after?: string;
}

export function pageOf(page: Page): { limit: number; after?: string } {
  const limit = Math.min(Math.max(1, Math.trunc(page.limit ?? MAX_PAGE)), MAX_PAGE);
  return page.after === undefined ? { limit } : { limit, after: page.after };
}

/** @throws DomainError those of `checkDefinition` */
export async function createReport(
  context: TenantContext,
  definition: ReportDefinition,
): Promise<SavedReport> {
  const { services, tenant, principal } = context;
  const now = services.clock.now();
  const report: SavedReport = {
    id: services.ids.next(),
    definition: checkDefinition(definition, now),
    createdBy: principal.subject,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    etag: services.ids.next(),
  };
  await services.reports.forTenant(tenant.id).create(report);
  return report;
}

/** @throws DomainError `report.not-found` */
export async function getReport(context: TenantContext, id: string): Promise<SavedReport> {
  const report = await context.services.reports.forTenant(context.tenant.id).get(id);
  if (report !== undefined) return report;
  throw new DomainError("report.not-found", "not-found", `There is no report "${id}"`, {
    field: "id",
    fix: "List the reports to see their ids; templates are addressed by name.",
  });
}

export function listReports(context: TenantContext, page: Page): Promise<SavedReport[]> {
  return context.services.reports.forTenant(context.tenant.id).list(pageOf(page));
}

/**
 * Replaces a report that is still as the caller saw it.
 * @throws DomainError `report.changed` when somebody else changed it meanwhile; `report.not-found`
 */
export async function replaceReport(
  context: TenantContext,
  id: string,
  definition: ReportDefinition,
  etag: string,
): Promise<SavedReport> {
  const { services, tenant } = context;
  const before = await getReport(context, id);
  const now = services.clock.now();
  const report: SavedReport = {
    ...before,
    definition: checkDefinition(definition, now),
    updatedAt: now.toISOString(),
    etag: services.ids.next(),
  };
  await services.reports.forTenant(tenant.id).replace(report, etag);
  return report;
}

/** @throws DomainError `report.not-found`, `report.changed`, `access.forbidden` for somebody else's report */
export async function removeReport(context: TenantContext, id: string, etag?: string): Promise<void> {
  const { services, tenant, principal } = context;
  const report = await getReport(context, id);
  if (report.createdBy !== principal.subject && !may(principal.role, "delete-others")) {
    throw new DomainError("access.forbidden", "forbidden", "The report was saved by somebody else", {
      fix: "Ask its author or an admin to delete it.",
    });
  }
  await services.reports.forTenant(tenant.id).remove(id, etag);
}

/** A template as it is listed: what it can be given, and the report it makes of its defaults. */
export interface ListedTemplate {
  id: string;
  parameters: readonly ParameterSpec[];
  definition: ReportDefinition;
}

export function listTemplates(): readonly ListedTemplate[] {
  return TEMPLATES.map((template) => {
    const { id, parameters } = template;
    return { id, parameters, definition: sampleDefinition(template) };
  });
}

/**
 * The report a template makes for a tenant.
 * @throws DomainError `report.unknown-template`; those of `checkParameters`, which name the tenant's frameworks where
 *   one is asked for
 */
export async function templateDefinition(
  context: TenantContext,
  id: string,
  parameters: ParameterValues = {},
): Promise<ReportDefinition> {
  const template = templateOf(id);
  return definitionFrom(template, await withFramework(context, template, parameters));
}

/**
 * The definition a name stands for: a built-in template, or a saved report of the tenant, which takes no parameters.
 * @throws DomainError `report.unknown-template` for a name that is neither; those of `checkParameters`
 */
export async function definitionOf(
  context: TenantContext,
  name: string,
  parameters: ParameterValues = {},
): Promise<ReportDefinition> {
  const saved = await context.services.reports.forTenant(context.tenant.id).get(name);
  if (saved === undefined) return templateDefinition(context, name, parameters);
  checkParameters([], parameters, "A saved report");
  return saved.definition;
}
