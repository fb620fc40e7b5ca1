import { must } from "../../core/errors/must.ts";
import { changeBetween, sumDecimals } from "../../core/money/decimal.ts";
import type { Cell, QueryFilter } from "../../core/query/query.ts";
import { comparableInPercent } from "../../core/query/coverage.ts";
import { type Comparison, comparedRange, type DayRange } from "../../core/time/ranges.ts";
import { averageLevel, type DailyLevel, perUnit } from "../../core/usage/levels.ts";
import { compareMetrics, type MetricKind, usageMetric } from "../../core/usage/metrics.ts";
import { extentOf } from "../analytics/coverage.ts";
import { openQuery, runQuery } from "../analytics/run-query.ts";
import type { TenantContext } from "../services.ts";

export interface UsageScope {
  range: DayRange;
  filters: readonly QueryFilter[];
}

/** One metric in one unit over a range. Numbers are canonical decimals, null where nothing is known. */
export interface MetricUsage {
  metric: string;
  label: string;
  /** Null where the facts name none. */
  unit: string | null;
  kind: MetricKind;
  /** The total of a counter, the average level of a gauge; null for an unknown kind. */
  value: string | null;
  previous: string | null;
  change: string | null;
  changePercent: string | null;
  /** Total over the days; null for gauges, whose levels are never added over days. */
  total: string | null;
  /**
   * A counter's total spread over the days with data; a gauge's average level; of an unknown kind the mean of its days.
   */
  dailyAverage: string | null;
  /** The level of each source's last day; null for counters. */
  last: string | null;
  /** Resources with a quantity above 0 in the range; null where the facts name no resources. */
  activeResources: number | null;
  /** A counter's total, or a gauge's last level, by active resource. */
  perActiveResource: string | null;
  /** Days with data. */
  days: number;
}

interface Daily extends DailyLevel {
  metric: string;
  unit: string | null;
}

/**
 * All metrics there are in a range, each in its own unit: quantities of different units are never added.
 * @throws DomainError as `openQuery`
 */
export async function metricUsage(
  context: TenantContext,
  scope: UsageScope,
  compare: Comparison = "previous-period",
): Promise<MetricUsage[]> {
  const { from, to } = comparedRange(scope.range, compare);
  const asked = { range: scope.range, compare: { from, to, kind: compare } };
  const percent = comparableInPercent(asked, await extentOf(context, "usage"));
  const [now, before] = await Promise.all([
    dailyLevels(context, scope),
    dailyLevels(context, { ...scope, range: { from, to } }),
  ]);
  const names = [
    ...new Map(now.map(({ metric, unit }) => [JSON.stringify([metric, unit]), { metric, unit }])).values(),
  ];
  names.sort((a, b) => compareMetrics(a.metric, b.metric) || ((a.unit ?? "") < (b.unit ?? "") ? -1 : 1));
  return Promise.all(
    names.map(async ({ metric, unit }): Promise<MetricUsage> => {
      const of = (levels: readonly Daily[]): Daily[] =>
        levels.filter((level) => level.metric === metric && level.unit === unit);
      const { kind, label } = usageMetric(metric);
      const own = of(now);
      const [is, was] = [figures(kind, own), figures(kind, of(before))];
      const activeResources = await resourcesOf(context, scope, metric, unit);
      const shared = kind === "gauge" ? is.last : is.total;
      const changed = is.value === null || was.value === null ? null : changeBetween(was.value, is.value);
      return {
        metric,
        label,
        unit,
        kind,
        ...is,
        previous: was.value,
        change: changed?.absolute ?? null,
        // An average is meaningful over some of the days; a total is not.
        changePercent: percent || kind === "gauge" ? (changed?.percent ?? null) : null,
        activeResources,
        perActiveResource: perUnit(shared, activeResources),
        days: new Set(own.map(({ day }) => day)).size,
      };
    }),
  );
}

type Figures = Pick<MetricUsage, "value" | "total" | "dailyAverage" | "last">;

function figures(kind: MetricKind, levels: readonly Daily[]): Figures {
  const known = levels.filter((level): level is Daily & { value: string } => level.value !== null);
  const total = known.length === 0 ? null : sumDecimals(known.map(({ value }) => value));
  const days = new Set(known.map(({ day }) => day)).size;
  if (kind === "counter") return { value: total, total, dailyAverage: perUnit(total, days), last: null };
  const [average, last] = [averageLevel(levels), lastLevel(known)];
  if (kind === "gauge") return { value: average, total: null, dailyAverage: average, last };
  return { value: null, total: null, dailyAverage: average, last };
}

/** Each source's level on its last day, added up. */
function lastLevel(levels: readonly (Daily & { value: string })[]): string | null {
  const last = new Map<string, Daily & { value: string }>();
  for (const level of levels) {
    const held = last.get(level.source);
    if (held === undefined || held.day < level.day) last.set(level.source, level);
  }
  return last.size === 0 ? null : sumDecimals([...last.values()].map(({ value }) => value));
}

/** Each source's level on each day, over all its resources. */
async function dailyLevels(context: TenantContext, scope: UsageScope): Promise<Daily[]> {
  const table = await openQuery(context, {
    dataset: "usage",
    range: scope.range,
    groupBy: ["metric", "unit", "source", "day"],
    measures: ["quantity"],
    filters: scope.filters,
  });
  const levels: Daily[] = [];
  for await (const rows of table.batches()) {
    for (const [metric, unit = null, source, day, value = null] of rows)
      levels.push({
        metric: metric ?? "unnamed",
        unit,
        source: must(source, "the source of a fact"),
        day: must(day, "the day of a fact"),
        value,
      });
  }
  return levels;
}

/** Filters on one metric in one unit. */
export function metricFilters(metric: string, unit: Cell): QueryFilter[] {
  return [
    { field: "metric", op: "equals", value: metric === "unnamed" ? null : metric },
    { field: "unit", op: "equals", value: unit },
  ];
}

async function resourcesOf(
  context: TenantContext,
  scope: UsageScope,
  metric: string,
  unit: string | null,
): Promise<number | null> {
  const answer = await runQuery(context, {
    dataset: "usage",
    range: scope.range,
    groupBy: ["resource"],
    measures: ["quantity"],
    filters: [
      ...scope.filters,
      ...metricFilters(metric, unit),
      { field: "resource", op: "not", value: null },
      { field: "quantity", op: "greater", value: "0" },
    ],
    limit: 1,
  });
  if (answer.completeness.rowsTotal > 0) return answer.completeness.rowsTotal;
  const named = await runQuery(context, {
    dataset: "usage",
    range: scope.range,
    filters: [
      ...scope.filters,
      ...metricFilters(metric, unit),
      { field: "resource", op: "not", value: null },
    ],
  });
  return named.rows.length === 0 ? null : 0;
}
