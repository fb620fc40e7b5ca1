import { frameworkName } from "../../core/compliance/frameworks.ts";
import { listed, shorten } from "../../core/errors/bounded.ts";
import { invalid } from "../../core/errors/errors.ts";
import { didYouMean } from "../../core/errors/suggest.ts";
import { COMPLIANCE_FRAMEWORK } from "../../core/reports/computations/compliance.ts";
import type { ParameterValues } from "../../core/reports/parameters.ts";
import type { ReportTemplate } from "../../core/reports/templates/index.ts";
import { addDays } from "../../core/time/dates.ts";
import { MAX_RANGE_DAYS } from "../../core/time/ranges.ts";
import { drainStream, openQuery } from "../analytics/run-query.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { TenantContext } from "../services.ts";

/** Frameworks that have results, and those the tenant is subject to; by name. */
export async function knownFrameworks(context: TenantContext): Promise<string[]> {
  const { tenant } = context;
  const { extent } = await snapshotOf(context, "controls");
  if (extent === null) return [...tenant.frameworks].sort();
  const to = addDays(extent.last, 1);
  const earliest = addDays(to, -MAX_RANGE_DAYS);
  const range = { from: extent.first < earliest ? earliest : extent.first, to };
  const table = await drainStream(
    await openQuery(context, { dataset: "controls", range, groupBy: ["framework"] }),
  );
  const found = table.rows.map(([framework]) => framework).filter((name) => typeof name === "string");
  return [...new Set([...tenant.frameworks, ...found])].sort();
}

/**
 * Parameter values of a template that needs a framework, with the framework named as in the data: `cis-1.4` and
 * `hipaa` are understood as well. Values of other templates are returned unchanged.
 * @throws DomainError `report.missing-parameter`, `report.invalid-parameter` that list the tenant's frameworks
 */
export async function withFramework(
  context: TenantContext,
  template: ReportTemplate,
  values: ParameterValues,
): Promise<ParameterValues> {
  if (!template.parameters.includes(COMPLIANCE_FRAMEWORK)) return values;
  const { id } = COMPLIANCE_FRAMEWORK;
  const given = values[id];
  const known = await knownFrameworks(context);
  const [example = COMPLIANCE_FRAMEWORK.example] = known;
  const list =
    known.length === 0
      ? "The tenant has no results of any framework yet."
      : `The tenant's frameworks are: ${listed(known)}.`;
  // A misspelt parameter name is reported as such, before a missing parameter.
  const misspelt = Object.keys(values).some((name) => !template.parameters.some((one) => one.id === name));
  if (given === undefined && misspelt) return values;
  if (given === undefined || given.trim() === "") {
    throw invalid("report.missing-parameter", `The template ${template.id} needs the parameter "${id}"`, {
      field: `parameters.${id}`,
      allowed: known,
      fix: `Name one framework, for example ${id}=${example}. ${list}`,
    });
  }
  return { ...values, [id]: knownName(given, known, `parameters.${id}`, "report.invalid-parameter") };
}

/**
 * Frameworks to filter by, named as the data names them; understood as those of templates are.
 * @throws DomainError `query.unknown-framework` that lists the tenant's
 */
export async function frameworkNames(context: TenantContext, given: readonly string[]): Promise<string[]> {
  const known = await knownFrameworks(context);
  return given.map((name) => knownName(name, known, "framework", "query.unknown-framework"));
}

function knownName(given: string, known: readonly string[], field: string, code: string): string {
  const lower = given.trim().toLowerCase();
  const name =
    known.find((each) => each.toLowerCase() === lower) ?? known.find((each) => each === frameworkName(given));
  // Before the first results any framework is accepted; the answer says that nothing is known yet.
  if (name !== undefined || known.length === 0) return name ?? frameworkName(given);
  throw invalid(code, `The tenant has no results of the framework "${shorten(given)}"`, {
    field,
    allowed: known,
    fix: didYouMean(given, known, `The tenant's frameworks are: ${listed(known)}.`),
  });
}
