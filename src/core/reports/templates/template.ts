import type { ReportDefinition } from "../definition.ts";
import { checkParameters, type ParameterSpec, type ParameterValues } from "../parameters.ts";

/** A built-in report, made anew from its parameters each time it is asked for. */
export interface ReportTemplate {
  id: string;
  parameters: readonly ParameterSpec[];
  /** @param values complete: defaults are filled in, required ones are there */
  build(values: ParameterValues): ReportDefinition;
}

/** A template that is the same report for everybody. */
export function fixedTemplate(id: string, definition: ReportDefinition): ReportTemplate {
  return { id, parameters: [], build: () => definition };
}

/**
 * The report a template makes of some values.
 * @throws DomainError `report.unknown-parameter`, `report.missing-parameter`, `report.invalid-parameter`
 */
export function definitionFrom(template: ReportTemplate, values: ParameterValues = {}): ReportDefinition {
  return template.build(checkParameters(template.parameters, values, `The template ${template.id}`));
}

/** The report a template is listed with: made of its defaults, and of its examples where there is no default. */
export function sampleDefinition(template: ReportTemplate): ReportDefinition {
  const values = template.parameters.flatMap(({ id, default: value, required, example }) =>
    value !== undefined ? [[id, value]] : required === true ? [[id, example]] : [],
  );
  return template.build(Object.fromEntries(values) as ParameterValues);
}
