import type { QueryResult } from "../../core/query/query.ts";
import type { Comparison } from "../../core/time/ranges.ts";
import { remembered } from "../analytics/remember.ts";
import { drainStream } from "../analytics/run-query.ts";
import type { PostureScope } from "../security/snapshots.ts";
import type { TenantContext } from "../services.ts";
import {
  controlChanges,
  controlOutcomes,
  failedControls,
  familyScores,
  frameworkScores,
} from "./computations.ts";

export interface ComplianceRequest extends PostureScope {
  /** Failed results to list. */
  top: number;
  compare: Comparison;
}

export interface ComplianceDashboard {
  range: QueryResult["range"];
  frameworks: QueryResult;
  families: QueryResult;
  controls: QueryResult;
  failed: QueryResult;
  changes: QueryResult;
}

/**
 * Everything the compliance dashboard shows, over one range. Of failed results the first are listed, and the rest is
 * told in the others row.
 * @throws DomainError as `openQuery`
 */
export function complianceDashboard(
  context: TenantContext,
  request: ComplianceRequest,
): Promise<ComplianceDashboard> {
  return remembered(context, "controls", ["compliance", request], () => compute(context, request));
}

async function compute(context: TenantContext, request: ComplianceRequest): Promise<ComplianceDashboard> {
  const { top, compare, ...scope } = request;
  const [frameworks, families, controls, failed, changes] = await Promise.all([
    frameworkScores(context, scope, compare),
    familyScores(context, scope),
    controlOutcomes(context, scope),
    failedControls(context, scope, top).then(drainStream),
    controlChanges(context, scope),
  ]);
  return { range: frameworks.range, frameworks, families, controls, failed, changes };
}
