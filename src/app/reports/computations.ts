import { type ComputationId, computationOf } from "../../core/reports/computations/index.ts";
import type { ComputeSpec } from "../../core/reports/computations/computation.ts";
import type { TableStream } from "../../core/reports/document.ts";
import { streamOf } from "../analytics/run-query.ts";
import { complianceComputations } from "../compliance/computations.ts";
import { costComputations } from "../cost/computations.ts";
import { securityComputations } from "../security/computations.ts";
import type { TenantContext } from "../services.ts";
import { summaryComputations } from "../summary/computations.ts";
import { usageComputations } from "../usage/dashboard.ts";
import type { ComputationRequest, ComputationRunner } from "./computation.ts";

/** A runner for each computation that core describes; a missing one does not compile. */
const RUNNERS: Readonly<Record<ComputationId, ComputationRunner>> = {
  ...costComputations,
  ...securityComputations,
  ...complianceComputations,
  ...usageComputations,
  ...summaryComputations,
};

/**
 * Runs a computation as a table to be read once.
 * @throws DomainError `report.unknown-computation` and those of its parameters; those of the runner
 */
export async function openComputation(
  context: TenantContext,
  compute: ComputeSpec,
  over: Pick<ComputationRequest, "range" | "filters">,
): Promise<TableStream> {
  const { id, parameters } = computationOf(compute);
  const { range, filters } = over;
  const answer = await RUNNERS[id](context, { range, filters, parameters });
  return "rows" in answer ? streamOf(answer) : answer;
}
