import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";

/** Something a template or a computation lets its user choose. Values are text, as a command line or a URL has them. */
export interface ParameterSpec {
  id: string;
  label: string;
  description: string;
  /** A required parameter has no default. */
  required?: boolean;
  default?: string;
  /** All values it may take; absent where any text may do. */
  allowed?: readonly string[];
  /** A value to show; for a required parameter also the one a template is listed with. */
  example: string;
}

export type ParameterValues = Readonly<Record<string, string>>;

/**
 * Completes values with the defaults.
 * @param what names what takes the parameters, for the error
 * @param field the path of the values in the request
 * @throws DomainError `report.unknown-parameter`, `report.missing-parameter`, `report.invalid-parameter`
 */
export function checkParameters(
  specs: readonly ParameterSpec[],
  values: ParameterValues,
  what: string,
  field = "parameters",
): ParameterValues {
  const allowed = specs.map((spec) => spec.id);
  for (const id of Object.keys(values)) {
    if (allowed.includes(id)) continue;
    throw invalid("report.unknown-parameter", `${what} has no parameter "${shorten(id)}"`, {
      field: `${field}.${id}`,
      allowed,
      fix: allowed.length === 0 ? "Leave it out: it takes no parameters." : unknownNameFix(id, allowed),
    });
  }
  return Object.fromEntries(
    specs.flatMap((spec): [string, string][] => {
      const value = values[spec.id] ?? spec.default;
      if (value !== undefined) return [[spec.id, checkValue(spec, value, what, field)]];
      if (spec.required !== true) return [];
      throw invalid("report.missing-parameter", `${what} needs the parameter "${spec.id}"`, {
        field: `${field}.${spec.id}`,
        fix: `Give ${spec.id}, for example ${spec.id}=${spec.example}: ${spec.description}`,
        allowed: spec.allowed,
      });
    }),
  );
}

function checkValue(spec: ParameterSpec, value: string, what: string, field: string): string {
  if (value.trim() !== "" && (spec.allowed === undefined || spec.allowed.includes(value))) return value;
  throw invalid("report.invalid-parameter", `${what}: ${spec.id} cannot be "${shorten(value)}"`, {
    field: `${field}.${spec.id}`,
    fix:
      spec.allowed === undefined
        ? `Give a value, for example ${spec.example}: ${spec.description}`
        : unknownNameFix(value, spec.allowed),
    allowed: spec.allowed,
  });
}
