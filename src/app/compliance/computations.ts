import type { ControlTally } from "../../core/compliance/posture.ts";
import { changedControls, type ControlChange } from "../../core/compliance/posture.ts";
import type { ComplianceScore } from "../../core/compliance/scores.ts";
import { formatDecimal, parseDecimal } from "../../core/money/decimal.ts";
import type { Cell, QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import { COMPLIANCE_COMPUTATIONS } from "../../core/reports/computations/compliance.ts";
import type { TableStream } from "../../core/reports/document.ts";
import { type Comparison, comparedRange } from "../../core/time/ranges.ts";
import { openQuery } from "../analytics/run-query.ts";
import type { ComputationRunner } from "../reports/computation.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { PostureScope } from "../security/snapshots.ts";
import type { TenantContext } from "../services.ts";
import { evidence, frameworkFilter, shortEvidence } from "./evidence.ts";
import { controlStatuses, type ControlStatuses } from "./control-status.ts";

const NO_SNAPSHOT = "There is no snapshot of control results in this range.";
const STATUS: Readonly<Record<string, string>> = {
  passed: "Passed",
  failed: "Failed",
  not_available: "Not available",
};

type Id = keyof typeof COMPLIANCE_COMPUTATIONS;

function resultOf(
  context: TenantContext,
  id: Id,
  scope: PostureScope,
  statuses: Pick<ControlStatuses, "now" | "notes" | "dataAsOf">,
  made: { rows: readonly Row[]; total?: Row | undefined; notes?: readonly string[] },
): QueryResult {
  const { rows, total, notes = [] } = made;
  return computedResult(COMPLIANCE_COMPUTATIONS[id], {
    range: { ...scope.range, zone: context.tenant.zone },
    unit: null,
    rows,
    total,
    notes: [...(statuses.now === null ? [NO_SNAPSHOT] : []), ...statuses.notes, ...notes],
    dataAsOf: statuses.dataAsOf,
  });
}

const counts = (score: ComplianceScore): Cell[] =>
  [score.passed, score.failed, score.notAvailable].map(String);

/**
 * Scores by framework, each with its score in the previous period; the total is over all their controls.
 * @throws DomainError as `openQuery`
 */
export async function frameworkScores(
  context: TenantContext,
  scope: PostureScope,
  compare: Comparison = "previous-period",
): Promise<QueryResult> {
  const { from, to } = comparedRange(scope.range, compare);
  const [statuses, before] = await Promise.all([
    controlStatuses(context, scope),
    controlStatuses(context, { ...scope, range: { from, to } }),
  ]);
  const earlier = new Map((before.now?.frameworks() ?? []).map(({ framework, score }) => [framework, score]));
  const compared = (now: ComplianceScore, then: ComplianceScore | undefined): Cell[] => {
    const [is, was] = [now.percent, then?.percent ?? null];
    const change = is === null || was === null ? null : formatDecimal(parseDecimal(is) - parseDecimal(was));
    return [is, was, change];
  };
  const rows = (statuses.now?.frameworks() ?? []).map(({ framework, score }): Row => [
    framework,
    ...compared(score, earlier.get(framework)),
    ...counts(score),
  ]);
  const overall = statuses.now?.overall();
  const result = resultOf(context, "compliance-score", scope, statuses, {
    rows,
    total:
      overall === undefined
        ? undefined
        : [null, ...compared(overall, before.now?.overall()), ...counts(overall)],
    notes: ["The score is passed of evaluated controls; a control fails when any of its results does."],
  });
  return { ...result, compare: { from, to, kind: compare } };
}

/** Scores by framework and control family. */
export async function familyScores(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const statuses = await controlStatuses(context, scope);
  const rows = (statuses.now?.frameworks() ?? []).flatMap(({ framework, families }) =>
    families.map(({ family, score }): Row => [
      framework,
      family.id,
      family.label,
      score.percent,
      ...counts(score),
    ]),
  );
  const overall = statuses.now?.overall();
  return resultOf(context, "compliance-families", scope, statuses, {
    rows,
    total: overall === undefined ? undefined : [null, null, null, overall.percent, ...counts(overall)],
  });
}

/** Every control with its outcome. */
export async function controlOutcomes(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const statuses = await controlStatuses(context, scope);
  const controls = statuses.now?.controls() ?? [];
  const rows = controls.map(({ framework, control, title, outcome, results }): Row => [
    framework,
    control,
    title,
    STATUS[outcome] ?? outcome,
    ...[results.passed, results.failed, results.not_available].map(String),
  ]);
  const sum = (of: (results: (typeof controls)[number]["results"]) => number): string =>
    String(controls.reduce((total, { results }) => total + of(results), 0));
  return resultOf(context, "compliance-controls", scope, statuses, {
    rows,
    ...(statuses.now !== null && {
      total: [
        null,
        null,
        null,
        null,
        sum((r) => r.passed),
        sum((r) => r.failed),
        sum((r) => r.not_available),
      ],
    }),
  });
}

const CHANGES: Readonly<Record<ControlChange, string>> = {
  "newly-failed": "Newly failed",
  "newly-passed": "Newly passed",
  "no-longer-evaluated": "No longer evaluated",
  "first-evaluated": "First evaluated",
};

/** Controls whose outcome changed since the last snapshot before the range (of each source, or its first within). */
export async function controlChanges(context: TenantContext, scope: PostureScope): Promise<QueryResult> {
  const statuses = await controlStatuses(context, scope);
  const { compared } = statuses;
  const changed =
    compared === null ? [] : changedControls(controlsOf(compared.before), controlsOf(compared.now));
  const shown = (status: string | null): string =>
    status === null ? "Not listed" : (STATUS[status] ?? status);
  const rows = changed.map(({ change, framework, control, title, before, now }): Row => [
    CHANGES[change],
    framework,
    control,
    title,
    shown(before),
    shown(now),
    "1",
  ]);
  return resultOf(context, "compliance-changes", scope, statuses, {
    rows,
    ...(compared === null
      ? { notes: ["Changes are not available: no source has two snapshots."] }
      : { total: [null, null, null, null, null, null, String(rows.length)] }),
  });
}

function controlsOf(tally: ControlTally): ReturnType<ControlTally["controls"]> {
  return tally.controls();
}

const FAILED_KEYS = ["framework", "control", "control_title", "severity", "check", "account", "resource"];

/** Each check and resource that fails a control, as a stream; `limit` cuts it into an answer with an others row. */
export async function failedControls(
  context: TenantContext,
  scope: PostureScope,
  limit?: number,
): Promise<TableStream> {
  const failed: QueryFilter = { field: "status", op: "equals", value: "failed" };
  const table = await openQuery(context, {
    dataset: "controls",
    range: scope.range,
    groupBy: FAILED_KEYS,
    filters: [...scope.filters, failed],
    sort: ["framework", "control", "severity", "resource"].map((by) => ({ by, order: "asc" })),
    limit,
  });
  const columns = COMPLIANCE_COMPUTATIONS["compliance-failed"].columns.map((column) => ({ ...column }));
  return { head: { ...table.head, columns }, batches: () => table.batches() };
}

type Answer = (context: TenantContext, scope: PostureScope) => Promise<QueryResult | TableStream>;

/** A computation over the framework its parameter names. */
const of =
  (answer: Answer): ComputationRunner =>
  (context, { range, filters, parameters }) =>
    answer(context, { range, filters: [...filters, ...frameworkFilter(parameters.framework)] });

/** Runners for the compliance computations of report sections. */
export const complianceComputations: Readonly<Record<Id, ComputationRunner>> = {
  "compliance-score": of((context, scope) => frameworkScores(context, scope)),
  "compliance-families": of(familyScores),
  "compliance-controls": of(controlOutcomes),
  "compliance-failed": of((context, scope) => failedControls(context, scope)),
  "compliance-changes": of(controlChanges),
  "compliance-evidence": of(shortEvidence),
  "compliance-evidence-full": of(evidence),
};
