import { must } from "../../core/errors/must.ts";
import { SECURITY_COMPUTATIONS } from "../../core/reports/computations/security.ts";
import { RISK_FORMULA, SEVERITIES, type Severity, SEVERITY_WEIGHTS } from "../../core/findings/severity.ts";
import { type SnapshotCount, postureTrend } from "../../core/findings/trend.ts";
import { changeBetween } from "../../core/money/decimal.ts";
import type { Cell, QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import type { Comparison } from "../../core/time/ranges.ts";
import { drainStream, openQuery, runQuery } from "../analytics/run-query.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { severityOf } from "./changes.ts";
import { loadedSnapshots, type PostureScope } from "./snapshots.ts";

export const OPEN: QueryFilter = { field: "status", op: "equals", value: "open" };

/** Value, previous, change and percent; the change is null when either period is unknown. */
export function comparedCells(now: number | null, before: number | null): Cell[] {
  const [value, previous] = [now, before].map((n) => (n === null ? null : String(n)));
  if (typeof value !== "string" || typeof previous !== "string")
    return [value ?? null, previous ?? null, null, null];
  const { absolute, percent } = changeBetween(previous, value);
  return [value, previous, absolute, percent ?? null];
}

/**
 * Open findings by severity, worst first, each with its weight and points, and the score as their total: that of the
 * last snapshots within the range. All severities are listed: one without findings has 0 where there is a snapshot,
 * and null where there is none.
 * @throws DomainError as `runQuery`
 */
export async function riskScore(
  context: TenantContext,
  scope: PostureScope,
  compare: Comparison = "previous-period",
): Promise<QueryResult> {
  const answer = await runQuery(context, {
    dataset: "findings",
    range: scope.range,
    groupBy: ["severity"],
    filters: [...scope.filters, OPEN],
    compare,
  });
  const [, knownNow = null, knownBefore = null] = answer.totals[0]?.cells ?? [];
  const counted = new Map(answer.rows.map(([severity, now, before]) => [severity, { now, before }]));
  const count = (severity: Severity, period: "now" | "before"): number | null => {
    if ((period === "now" ? knownNow : knownBefore) === null) return null;
    return Number(counted.get(severity)?.[period] ?? 0);
  };
  const points = (severity: Severity, period: "now" | "before"): number | null => {
    const findings = count(severity, period);
    return findings === null ? null : findings * SEVERITY_WEIGHTS[severity];
  };
  const total = (period: "now" | "before", of: typeof count): number | null => {
    const all = SEVERITIES.map((severity) => of(severity, period));
    return all.includes(null) ? null : all.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  };
  const rows = SEVERITIES.map((severity): Row => [
    severity,
    String(SEVERITY_WEIGHTS[severity]),
    ...comparedCells(count(severity, "now"), count(severity, "before")),
    ...comparedCells(points(severity, "now"), points(severity, "before")),
  ]);
  const unrated = [...counted].filter(([severity]) => severityOf(severity ?? null) === null);
  const unratedNow = unrated.reduce((sum, [, { now }]) => sum + Number(now ?? 0), 0);
  const result = computedResult(SECURITY_COMPUTATIONS["security-score"], {
    range: answer.range,
    unit: null,
    rows,
    total: [
      null,
      null,
      ...comparedCells(total("now", count), total("before", count)),
      ...comparedCells(total("now", points), total("before", points)),
    ],
    notes: [
      `Risk points: ${RISK_FORMULA}.`,
      ...(unratedNow === 0
        ? []
        : [`${unratedNow.toLocaleString("en-US")} open findings have no severity and add no points.`]),
      ...answer.completeness.notes,
    ],
    dataAsOf: answer.dataAsOf,
  });
  return answer.compare === undefined ? result : { ...result, compare: answer.compare };
}

/**
 * Risk points and open findings by severity on every day with a snapshot.
 * @throws DomainError as `openQuery`
 */
export async function riskTrend(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const snapshots = await loadedSnapshots(context, "findings", scope.range);
  const first = snapshots.reduce((day, each) => (each.day < day ? each.day : day), scope.range.from);
  const answer = await drainStream(
    await openQuery(context, {
      dataset: "findings",
      range: { from: first, to: scope.range.to },
      groupBy: ["source", "day", "severity"],
      filters: [...scope.filters, OPEN],
    }),
  );
  const counts = answer.rows.map(([source, day, severity, open]): SnapshotCount => ({
    source: must(source, "the source of a finding"),
    day: must(day, "the day of a snapshot"),
    severity: severityOf(severity ?? null),
    open: Number(open ?? 0),
  }));
  const trend = postureTrend(snapshots, counts, scope.range);
  return computedResult(SECURITY_COMPUTATIONS["security-trend"], {
    range: { ...scope.range, zone: context.tenant.zone },
    unit: null,
    rows: trend.map(({ day, riskPoints, open }): Row => [
      day,
      String(riskPoints),
      ...SEVERITIES.map((severity) => String(open[severity])),
    ]),
    notes: trend.length === 0 ? ["There is no snapshot of findings in this range."] : [],
    dataAsOf: answer.dataAsOf,
  });
}
