import { RISK_FORMULA, SEVERITY_WEIGHTS } from "../../core/findings/severity.ts";
import { lastWithin, snapshotSteps } from "../../core/findings/snapshots.ts";
import type { AnalyticsQuery, QueryResult } from "../../core/query/query.ts";
import type { Comparison } from "../../core/time/ranges.ts";
import { cached } from "../analytics/cached.ts";
import { runQuery } from "../analytics/run-query.ts";
import { type FailedPart, isWhole, Parts } from "../parts.ts";
import type { TenantContext } from "../services.ts";
import { findingAges } from "./ages.ts";
import { changesByDay, changesBySeverity } from "./computations.ts";
import { OPEN, riskScore, riskTrend } from "./score.ts";
import { loadedSnapshots, type PostureScope } from "./snapshots.ts";

export interface SecurityDashboard {
  range: QueryResult["range"];
  /** The snapshot each source is judged by, and sources that were not recorded in the range. */
  snapshots: { source: string; day: string; inRange: boolean }[];
  score: { formula: string; weights: Readonly<Record<string, number>>; severities: QueryResult | null };
  trend: QueryResult | null;
  statuses: QueryResult | null;
  services: QueryResult | null;
  accounts: QueryResult | null;
  regions: QueryResult | null;
  ages: QueryResult | null;
  heatmap: QueryResult | null;
  checks: QueryResult | null;
  resources: QueryResult | null;
  changes: QueryResult | null;
  changesByDay: QueryResult | null;
  /** Why the tables that are null could not be computed. */
  problems: readonly FailedPart[];
}

export interface SecurityRequest extends PostureScope {
  /** Rows of each list. */
  top: number;
  compare: Comparison;
}

/** Services by severities: more cells than a heatmap can be read with. */
const HEATMAP_CELLS = 250;

/**
 * Everything the security dashboard shows, over one range.
 * @throws DomainError as `runQuery`, `compareSnapshots`
 */
export function securityDashboard(
  context: TenantContext,
  request: SecurityRequest,
): Promise<SecurityDashboard> {
  return cached(context, "findings", ["security", request], () => compute(context, request), isWhole);
}

async function compute(context: TenantContext, request: SecurityRequest): Promise<SecurityDashboard> {
  const { range, filters, top, compare } = request;
  const scope: PostureScope = { range, filters };
  const parts = new Parts(context);
  const ask = (part: string, query: Partial<AnalyticsQuery>): Promise<QueryResult | null> =>
    parts.of(part, async () => {
      const own: AnalyticsQuery = { dataset: "findings", range, filters: [...filters, OPEN], ...query };
      return knownZeros(await runQuery(context, own));
    });
  const most = (part: string, ...groupBy: string[]): Promise<QueryResult | null> =>
    ask(part, { groupBy, limit: top, compare });
  const [snapshots, severities, trend, statuses, services, accounts, regions] = await Promise.all([
    loadedSnapshots(context, "findings", range),
    parts.of("severities", () => riskScore(context, scope, compare)),
    parts.of("trend", () => riskTrend(context, scope)),
    ask("statuses", { groupBy: ["status"], filters, compare }),
    most("services", "service"),
    most("accounts", "account"),
    most("regions", "region"),
  ]);
  const [ages, heatmap, checks, resources, changes, byDay] = await Promise.all([
    parts.of("ages", () => findingAges(context, scope)),
    ask("heatmap", { groupBy: ["service", "severity"], limit: HEATMAP_CELLS }),
    most("checks", "check", "title", "severity"),
    most("resources", "resource", "resource_type", "account"),
    parts.of("changes", () => changesBySeverity(context, scope)),
    parts.of("changesByDay", () => changesByDay(context, scope)),
  ]);
  const { stale } = snapshotSteps(snapshots, range, "ends");
  return {
    range: { ...range, zone: context.tenant.zone },
    snapshots: [
      ...[...lastWithin(snapshots, range)].map(([source, day]) => ({ source, day, inRange: true })),
      ...stale.map(({ source, day }) => ({ source, day, inRange: false })),
    ],
    score: { formula: RISK_FORMULA, weights: SEVERITY_WEIGHTS, severities },
    trend,
    statuses,
    services,
    accounts,
    regions,
    ages,
    heatmap,
    checks,
    resources,
    changes,
    changesByDay: byDay,
    problems: parts.problems(),
  };
}

/** Where there is a snapshot, a group it does not have is known to have no findings. */
export function knownZeros(result: QueryResult): QueryResult {
  const total = result.totals[0]?.cells ?? [];
  const counts = result.columns.map(
    ({ role, type }, i) => role === "measure" && type === "integer" && (total[i] ?? null) !== null,
  );
  const rows = result.rows.map((row) =>
    row.map((cell, i) => (cell === null && counts[i] === true ? "0" : cell)),
  );
  return { ...result, rows };
}
