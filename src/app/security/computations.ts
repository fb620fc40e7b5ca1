import type { ChangeCounts, FindingChanges, TimeToResolve } from "../../core/findings/changes.ts";
import { FINDING_CHANGES, type FindingChange } from "../../core/findings/history.ts";
import type { Cell, QueryResult, Row } from "../../core/query/query.ts";
import { SECURITY_COMPUTATIONS } from "../../core/reports/computations/security.ts";
import { weekStart } from "../../core/time/dates.ts";
import { cached } from "../analytics/cached.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { ComputationRunner } from "../reports/computation.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { findingAges } from "./ages.ts";
import { compareSnapshots } from "./changes.ts";
import { riskScore, riskTrend } from "./score.ts";
import type { PostureScope } from "./snapshots.ts";

/** In the order of the columns. */
const SHOWN = [
  "new",
  "reopened",
  "resolved",
  "set-aside",
  "brought-back",
  "short-lived",
] as const satisfies readonly FindingChange[];

const cells = (counts: ChangeCounts): Cell[] => SHOWN.map((change) => String(counts[change]));
const times = ({ meanDays, medianDays, n }: TimeToResolve): Cell[] => [meanDays, medianDays, String(n)];

interface Changes {
  changes: FindingChanges | null;
  notes: readonly string[];
  dataAsOf: string | null;
}

/** The comparison behind both tables of changes, computed once for the same question on the same data. */
function changesOf(context: TenantContext, scope: PostureScope): Promise<Changes> {
  return cached(context, "findings", ["security-changes", scope], async () => {
    const { changes, notes } = await compareSnapshots(context, scope);
    const { asOf } = await snapshotOf(context, "findings");
    return { changes, notes, dataAsOf: asOf };
  });
}

/** Changes of findings by severity, with the time it took to resolve them. @throws as `compareSnapshots` */
export async function changesBySeverity(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const { changes, notes, dataAsOf } = await changesOf(context, scope);
  const rows = changes?.bySeverity.map(({ severity, counts, timeToResolve }): Row => [
    severity,
    ...cells(counts),
    ...times(timeToResolve),
  ]);
  return computedResult(SECURITY_COMPUTATIONS["security-changes"], {
    range: { ...scope.range, zone: context.tenant.zone },
    unit: null,
    rows: rows ?? [],
    total: changes === null ? undefined : [null, ...cells(changes.counts), ...times(changes.timeToResolve)],
    notes: changes === null ? ["Changes are not available: no source has two snapshots.", ...notes] : notes,
    dataAsOf,
  });
}

/** The same by the snapshot that shows it. @throws as `compareSnapshots` */
export async function changesByDay(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const { changes, notes, dataAsOf } = await changesOf(context, scope);
  return computedResult(SECURITY_COMPUTATIONS["security-changes-by-day"], {
    range: { ...scope.range, zone: context.tenant.zone },
    unit: null,
    rows: changes?.byDay.map(({ day, counts }): Row => [day, ...cells(counts)]) ?? [],
    total: changes === null ? undefined : [null, ...cells(changes.counts)],
    notes,
    dataAsOf,
  });
}

/** By week, as most scanners run no more often: bars by day would be far apart. */
async function changesByWeek(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const { changes, notes, dataAsOf } = await changesOf(context, scope);
  const weeks = new Map<string, Record<FindingChange, number>>();
  for (const { day, counts } of changes?.byDay ?? []) {
    const week = weeks.get(weekStart(day));
    if (week === undefined) weeks.set(weekStart(day), { ...counts });
    else for (const change of FINDING_CHANGES) week[change] += counts[change];
  }
  return computedResult(SECURITY_COMPUTATIONS["security-changes-by-week"], {
    range: { ...scope.range, zone: context.tenant.zone },
    unit: null,
    rows: [...weeks].map(([week, counts]): Row => [week, ...cells(counts)]),
    total: changes === null ? undefined : [null, ...cells(changes.counts)],
    notes,
    dataAsOf,
  });
}

/** Runners for the security computations of report sections. */
export const securityComputations: Readonly<Record<keyof typeof SECURITY_COMPUTATIONS, ComputationRunner>> = {
  "security-score": (context, { range, filters }) => riskScore(context, { range, filters }),
  "security-age": (context, { range, filters }) => findingAges(context, { range, filters }),
  "security-trend": (context, { range, filters }) => riskTrend(context, { range, filters }),
  "security-changes": (context, { range, filters }) => changesBySeverity(context, { range, filters }),
  "security-changes-by-week": (context, { range, filters }) => changesByWeek(context, { range, filters }),
  "security-changes-by-day": (context, { range, filters }) => changesByDay(context, { range, filters }),
};
