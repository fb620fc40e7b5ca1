import type { QueryResult } from "../../core/query/query.ts";
import type { Comparison } from "../../core/time/ranges.ts";
import { cached } from "../analytics/cached.ts";
import { drainStream } from "../analytics/run-query.ts";
import { type FailedPart, isWhole, Parts } from "../parts.ts";
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
  frameworks: QueryResult | null;
  families: QueryResult | null;
  controls: QueryResult | null;
  failed: QueryResult | null;
  changes: QueryResult | null;
  /** Why the tables that are null could not be computed. */
  problems: readonly FailedPart[];
}

/**
 * Everything the compliance dashboard shows, over one range. The first failed results are listed; the others row has
 * the rest.
 * @throws DomainError as `openQuery`
 */
export function complianceDashboard(
  context: TenantContext,
  request: ComplianceRequest,
): Promise<ComplianceDashboard> {
  return cached(context, "controls", ["compliance", request], () => compute(context, request), isWhole);
}

async function compute(context: TenantContext, request: ComplianceRequest): Promise<ComplianceDashboard> {
  const { top, compare, ...scope } = request;
  const parts = new Parts(context);
  const [frameworks, families, controls, failed, changes] = await Promise.all([
    parts.of("frameworks", () => frameworkScores(context, scope, compare)),
    parts.of("families", () => familyScores(context, scope)),
    parts.of("controls", () => controlOutcomes(context, scope)),
    parts.of("failed", () => failedControls(context, scope, top).then(drainStream)),
    parts.of("changes", () => controlChanges(context, scope)),
  ]);
  const range = { ...scope.range, zone: context.tenant.zone };
  return { range, frameworks, families, controls, failed, changes, problems: parts.problems() };
}
