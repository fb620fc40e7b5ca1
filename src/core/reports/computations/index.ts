import { type ComputationSpec, type ComputeSpec, resolveComputation } from "./computation.ts";
import { COST_COMPUTATIONS } from "./cost.ts";

/** All computations a section may name; the service has a runner for each. */
export const COMPUTATIONS = { ...COST_COMPUTATIONS } as const satisfies Record<string, ComputationSpec>;

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
