import { type ComputationSpec, type ComputeSpec, resolveComputation } from "./computation.ts";
import { COMPLIANCE_COMPUTATIONS } from "./compliance.ts";
import { COST_COMPUTATIONS } from "./cost.ts";
import { SECURITY_COMPUTATIONS } from "./security.ts";
import { SUMMARY_COMPUTATIONS } from "./summary.ts";
import { USAGE_COMPUTATIONS } from "./usage.ts";

/** All computations a section may name; the service has a runner for each. */
export const COMPUTATIONS = {
  ...COST_COMPUTATIONS,
  ...SECURITY_COMPUTATIONS,
  ...COMPLIANCE_COMPUTATIONS,
  ...USAGE_COMPUTATIONS,
  ...SUMMARY_COMPUTATIONS,
} as const satisfies Record<string, ComputationSpec>;

export type ComputationId = keyof typeof COMPUTATIONS;

/**
 * @throws DomainError `report.unknown-computation`, `report.unknown-parameter`, `report.missing-parameter`,
 *   `report.invalid-parameter`
 */
export function computationOf(
  compute: ComputeSpec,
  field?: string,
): ReturnType<typeof resolveComputation<ComputationId>> {
  return resolveComputation<ComputationId>(COMPUTATIONS, compute, field);
}
