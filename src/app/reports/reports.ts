import { mayDelete } from "../../core/access/access.ts";
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
import type { SavedReport } from "../../core/reports/saved-report.ts";
import { withFramework } from "../compliance/frameworks.ts";
import { mapPage, type Page, type PageRequest } from "../../core/lists/pages.ts";
import { REPORTS } from "../records/kinds.ts";
import { recordsOf, type Versioned, versioned } from "../records/records.ts";
import type { TenantContext } from "../services.ts";

/** @throws DomainError those of `checkDefinition` */
export async function createReport(
  context: TenantContext,
  definition: ReportDefinition,
): Promise<Versioned<SavedReport>> {
  const { services, principal } = context;
  const now = services.clock.now();
  const report: SavedReport = {
    id: services.ids.next(),
    definition: checkDefinition(definition, now),
    createdBy: principal.subject,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
  };
  return versioned(await recordsOf(context, REPORTS).create(report));
}

/** @throws DomainError `report.not-found` */
export async function getReport(context: TenantContext, id: string): Promise<Versioned<SavedReport>> {
  return versioned(await recordsOf(context, REPORTS).get(id));
}

/** Newest first. */
export async function listReports(
  context: TenantContext,
  page: PageRequest,
): Promise<Page<Versioned<SavedReport>>> {
  return mapPage(await recordsOf(context, REPORTS).page(page), (report) => versioned(report));
}

/**
 * Replaces a report, provided it is unchanged since the caller read it.
 * @throws DomainError `report.changed` when somebody else changed it meanwhile; `report.not-found`
 */
export async function replaceReport(
  context: TenantContext,
  id: string,
  definition: ReportDefinition,
  etag: string,
): Promise<Versioned<SavedReport>> {
  const reports = recordsOf(context, REPORTS);
  const { record } = await reports.get(id);
  const now = context.services.clock.now();
  const report: SavedReport = {
    ...record,
    definition: checkDefinition(definition, now),
    updatedAt: now.toISOString(),
  };
  return versioned(await reports.replace({ record, revision: etag }, report));
}

/** @throws DomainError `report.not-found`, `report.changed`, `access.forbidden` for somebody else's report */
export async function removeReport(context: TenantContext, id: string, etag?: string): Promise<void> {
  const { principal } = context;
  const report = await getReport(context, id);
  if (!mayDelete(principal, report.createdBy)) {
    throw new DomainError("access.forbidden", "forbidden", "The report was saved by somebody else", {
      fix: "Ask its author or an admin to delete it.",
    });
  }
  await recordsOf(context, REPORTS).remove(id, etag);
}

/** A template as it is listed: its parameters, and the report it makes of its defaults. */
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
  const saved = await recordsOf(context, REPORTS).find(name);
  if (saved === undefined) return templateDefinition(context, name, parameters);
  checkParameters([], parameters, "A saved report");
  return saved.record.definition;
}
