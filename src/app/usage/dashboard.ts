import { compareDecimals } from "../../core/money/decimal.ts";
import type { Cell, QueryResult, Row } from "../../core/query/query.ts";
import { comparedDays } from "../../core/query/coverage.ts";
import { USAGE_COMPUTATIONS } from "../../core/reports/computations/usage.ts";
import type { Comparison } from "../../core/time/ranges.ts";
import { comparedRange } from "../../core/time/ranges.ts";
import { compareMetrics, type MetricKind, usageMetric } from "../../core/usage/metrics.ts";
import { coverageOf } from "../analytics/coverage.ts";
import { cached } from "../analytics/cached.ts";
import { drainStream, openQuery, runQuery } from "../analytics/run-query.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import { type FailedPart, isWhole, Parts } from "../parts.ts";
import type { ComputationRunner } from "../reports/computation.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { metricFilters, type MetricUsage, metricUsage, type UsageScope } from "./metrics.ts";

const KINDS: Readonly<Record<MetricKind, string>> = {
  counter: "Total",
  gauge: "Level",
  unknown: "Not known",
};

/** A metric with its course and where it was used. */
export interface MetricDetail extends MetricUsage {
  trend: QueryResult | null;
  services: QueryResult | null;
  accounts: QueryResult | null;
}

export interface UsageDashboard {
  range: QueryResult["range"];
  metrics: MetricDetail[];
  notes: readonly string[];
  /** Why the tables that are null could not be computed. */
  problems: readonly FailedPart[];
}

export interface UsageRequest extends UsageScope {
  /** Services and accounts to list of each metric. */
  top: number;
  compare: Comparison;
}

/**
 * Everything the usage dashboard shows, over one range.
 * @throws DomainError as `openQuery`
 */
export function usageDashboard(context: TenantContext, request: UsageRequest): Promise<UsageDashboard> {
  return cached(context, "usage", ["usage", request], () => compute(context, request), isWhole);
}

async function compute(context: TenantContext, request: UsageRequest): Promise<UsageDashboard> {
  const { compare, range, filters } = request;
  const scope: UsageScope = { range, filters };
  const parts = new Parts(context);
  const metrics = await metricUsage(context, scope, compare);
  const detailed = metrics.map((usage) => detailOf(context, request, usage, parts));
  return {
    range: { ...range, zone: context.tenant.zone },
    metrics: await Promise.all(detailed),
    notes: [...notesOf(metrics), ...(await daysWithout(context, metrics, scope, compare))],
    problems: parts.problems(),
  };
}

async function detailOf(
  context: TenantContext,
  { top, compare, range, filters: asked }: UsageRequest,
  usage: MetricUsage,
  parts: Parts,
): Promise<MetricDetail> {
  const measures = [usage.kind === "counter" ? "quantity" : "level"];
  const filters = [...asked, ...metricFilters(usage.metric, usage.unit)];
  const ask = (part: string, by: string, limit: number, compared = true): Promise<QueryResult | null> =>
    parts.of(`${usage.metric}.${part}`, () =>
      runQuery(context, {
        dataset: "usage",
        range,
        groupBy: [by],
        measures,
        filters,
        limit,
        compare: compared ? compare : undefined,
      }),
    );
  const [trend, services, accounts] = await Promise.all([
    ask("trend", "day", 10_000, false),
    ask("services", "service", top),
    ask("accounts", "account", top),
  ]);
  return { ...usage, trend, services, accounts };
}

function notesOf(metrics: readonly MetricUsage[]): string[] {
  const unknown = metrics.filter(({ kind }) => kind === "unknown").map(({ metric }) => metric);
  return [
    ...(metrics.length === 0 ? ["There is no usage in this range."] : []),
    ...(unknown.length === 0
      ? []
      : [
          `It is not known whether these metrics are counters or gauges, so they have no total: ${unknown.join(", ")}.`,
        ]),
  ];
}

/** Notes on days without data where there are totals, which depend on them. */
async function daysWithout(
  context: TenantContext,
  metrics: readonly MetricUsage[],
  { range }: UsageScope,
  kind: Comparison,
): Promise<string[]> {
  if (!metrics.some((metric) => metric.kind === "counter")) return [];
  const { from, to } = comparedRange(range, kind);
  return coverageOf(context, "usage", { range, compare: { from, to, kind } });
}

/** All metrics as a table. */
export async function usageTable(
  context: TenantContext,
  scope: UsageScope,
  metric?: string,
): Promise<QueryResult> {
  const filters = metric === undefined ? scope.filters : [...scope.filters, ...metricName(metric)];
  const metrics = await metricUsage(context, { range: scope.range, filters });
  const { asOf, extent } = await snapshotOf(context, "usage");
  const rows = metrics.map((usage): Row => [
    usage.label,
    usage.unit,
    KINDS[usage.kind],
    ...[usage.value, usage.previous, usage.change, usage.changePercent],
    ...[usage.dailyAverage, usage.last],
    usage.activeResources === null ? null : String(usage.activeResources),
    usage.perActiveResource,
    String(usage.days),
  ]);
  const [only] = metrics;
  const single = metrics.length === 1 ? only : undefined;
  const result = computedResult(USAGE_COMPUTATIONS["usage-metrics"], {
    range: { ...scope.range, zone: context.tenant.zone },
    unit: single?.unit ?? null,
    rows,
    // Metrics are never added: only a single metric has its row as the total.
    total:
      single !== undefined && rows[0] !== undefined ? [null, null, null, ...rows[0].slice(3)] : undefined,
    notes: [...notesOf(metrics), ...(await daysWithout(context, metrics, scope, "previous-period"))],
    dataAsOf: asOf,
  });
  const before = { ...daysBefore(scope), kind: "previous-period" as const };
  // A card of a metric shows its change, which for a level does not depend on how many days have data.
  const counted = metrics.some(({ kind }) => kind === "counter");
  return { ...result, compare: comparedDays(before, counted ? extent : undefined) };
}

const DETAIL_KEYS = ["metric", "unit", "service", "account", "region"];

/** Every metric by service, account and region, in the metrics' order. */
async function usageDetail(context: TenantContext, scope: UsageScope): Promise<QueryResult> {
  const ask = async (measure: "quantity" | "level"): Promise<QueryResult> =>
    drainStream(
      await openQuery(context, {
        dataset: "usage",
        range: scope.range,
        groupBy: DETAIL_KEYS,
        measures: [measure],
        filters: scope.filters,
      }),
    );
  const [sums, levels] = await Promise.all([ask("quantity"), ask("level")]);
  const level = new Map(levels.rows.map((row) => [JSON.stringify(row.slice(0, -1)), row.at(-1) ?? null]));
  const rows = sums.rows
    .map((row): { metric: string; row: Row } => {
      const [metric, unit = null, ...place] = row.slice(0, -1);
      const { kind, label } = usageMetric(metric ?? "unnamed");
      const last = level.get(JSON.stringify(row.slice(0, -1))) ?? null;
      const quantity = kind === "counter" ? (row.at(-1) ?? null) : kind === "gauge" ? last : null;
      return { metric: metric ?? "unnamed", row: [label, unit, KINDS[kind], ...place, quantity] };
    })
    .sort((a, b) => compareMetrics(a.metric, b.metric) || compareCells(b.row.at(-1), a.row.at(-1)));
  return computedResult(USAGE_COMPUTATIONS["usage-detail"], {
    range: sums.range,
    unit: null,
    rows: rows.map(({ row }) => row),
    notes: rows.length === 0 ? ["There is no usage in this range."] : sums.completeness.notes,
    dataAsOf: sums.dataAsOf,
  });
}

function compareCells(a: Cell | undefined, b: Cell | undefined): number {
  return compareDecimals(a ?? "-1", b ?? "-1");
}

function daysBefore(scope: UsageScope): { from: string; to: string } {
  const { from, to } = comparedRange(scope.range, "previous-period");
  return { from, to };
}

function metricName(metric: string): UsageScope["filters"] {
  return [{ field: "metric", op: "equals", value: metric }];
}

/** Runners for the usage computations of report sections. */
export const usageComputations: Readonly<Record<keyof typeof USAGE_COMPUTATIONS, ComputationRunner>> = {
  "usage-metrics": (context, { range, filters, parameters }) =>
    usageTable(context, { range, filters }, parameters.metric),
  "usage-detail": (context, { range, filters }) => usageDetail(context, { range, filters }),
};
