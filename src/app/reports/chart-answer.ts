import { MAX_SERIES, othersName } from "../../core/charts/series.ts";
import type { ChartSpec } from "../../core/charts/spec.ts";
import { datasetOf } from "../../core/metrics/datasets.ts";
import { formatDecimal, wideDecimal } from "../../core/money/decimal.ts";
import type { AnalyticsQuery, QueryResult, Row } from "../../core/query/query.ts";
import { cached } from "../analytics/cached.ts";
import { drainStream, openQuery, runQuery } from "../analytics/run-query.ts";
import type { TenantContext } from "../services.ts";

/**
 * Answers the query behind a chart. On a time axis no row limit applies, since that would cut the axis short: every
 * bucket of the range is there. The number of series is limited instead, by `limit` or by the colours there are. The
 * largest stay; the rest is added up exactly, bucket by bucket, as a series of its own.
 * @throws DomainError as `openQuery`
 */
export async function chartAnswer(
  context: TenantContext,
  chart: ChartSpec,
  query: AnalyticsQuery,
): Promise<QueryResult> {
  const x = timeAxis(chart, query);
  if (x === undefined) return runQuery(context, query);
  const { limit, ...unlimited } = query;
  return cached(context, query.dataset, ["chart", chart, query], async () => {
    const split = foldable(unlimited, x);
    const kept = split === undefined ? undefined : await largest(context, unlimited, split, limit);
    if (split === undefined || kept === undefined) return all(context, unlimited);
    return folded(context, unlimited, { x, split, ...kept });
  });
}

const all = async (context: TenantContext, query: AnalyticsQuery): Promise<QueryResult> =>
  drainStream(await openQuery(context, query));

/** The time dimension along a chart's x axis; undefined when it has another or none. */
function timeAxis(chart: ChartSpec, { dataset, groupBy = [] }: AnalyticsQuery): string | undefined {
  if (!("x" in chart) || chart.kind === "heatmap" || !groupBy.includes(chart.x)) return undefined;
  const kind = datasetOf(dataset).dimensions.find(({ id }) => id === chart.x)?.kind;
  return kind === "day" || kind === "week" || kind === "month" ? chart.x : undefined;
}

/** The one dimension whose values are the series, where the rest can be computed by subtraction. */
function foldable(query: AnalyticsQuery, x: string): string | undefined {
  const [split, ...others] = (query.groupBy ?? []).filter((name) => name !== x);
  const { measures, dimensions, defaultMeasures } = datasetOf(query.dataset);
  const asked = query.measures ?? defaultMeasures;
  // Gauges do not add up over groups of a bucket; filters on measures and comparisons are of rows, not of their sum.
  const counted = measures.every(({ id, kind }) => kind === "counter" || !asked.includes(id));
  const measured = (query.filters ?? []).some(({ field }) => measures.some(({ id }) => id === field));
  if (others.length > 0 || !counted || measured || query.compare !== undefined) return undefined;
  // Amounts in several units have no common rest.
  const unit = dimensions.find(({ id }) => id === split)?.column;
  return measures.some((one) => "column" in one.unit && one.unit.column === unit) ? undefined : split;
}

interface Kept {
  names: (string | null)[];
  /** Series that are added up. */
  rest: number;
}

/** The series that stay; undefined when all do. */
async function largest(
  context: TenantContext,
  query: AnalyticsQuery,
  split: string,
  limit = MAX_SERIES,
): Promise<Kept | undefined> {
  const by = (query.measures ?? datasetOf(query.dataset).defaultMeasures)[0] ?? "";
  const ranked = await runQuery(context, {
    ...query,
    groupBy: [split],
    sort: [{ by, order: "desc" as const }],
    limit: Math.min(limit, MAX_SERIES),
  });
  const { rowsTotal, complete } = ranked.completeness;
  if (complete) return undefined;
  // One of the colours is for the rest.
  const names = ranked.rows.slice(0, MAX_SERIES - 1).map(([name = null]) => name);
  return { names, rest: rowsTotal - names.length };
}

async function folded(
  context: TenantContext,
  query: AnalyticsQuery,
  { x, split, names, rest }: Kept & { x: string; split: string },
): Promise<QueryResult> {
  const only = { field: split, op: "in" as const, value: names };
  const [shown, whole] = await Promise.all([
    all(context, { ...query, filters: [...(query.filters ?? []), only] }),
    all(context, { ...query, groupBy: [x], sort: [{ by: x, order: "asc" }] }),
  ]);
  const rows = [...shown.rows, ...restOf(shown, whole, { x, split, name: othersName(rest) })];
  const note = `The ${rest} smallest of ${names.length + rest} are added up as "Others".`;
  const notes = [...new Set([...whole.completeness.notes, note])];
  const completeness = { rows: rows.length, rowsTotal: rows.length, complete: true, notes };
  // Totals of a table by time alone stand in the same columns but for that of the series.
  const place = (id: string): number => whole.columns.findIndex((column) => column.id === id);
  const totals = whole.totals.map(({ unit, cells }) => ({
    unit,
    cells: shown.columns.map(({ id }) => cells[place(id)] ?? null),
  }));
  return { ...shown, columns: withUnits(shown, whole), rows, totals, completeness };
}

/** Each bucket's total less what of it is shown: exact, and nothing where the bucket has nothing else. */
function restOf(
  shown: QueryResult,
  whole: QueryResult,
  { x, split, name }: { x: string; split: string; name: string },
): Row[] {
  const at = (result: QueryResult, id: string): number => result.columns.findIndex((c) => c.id === id);
  const sums = new Map<string | null, Map<string, bigint>>();
  const measures = shown.columns.filter(({ role }) => role === "measure").map(({ id }) => id);
  for (const row of shown.rows) {
    const bucket = row[at(shown, x)] ?? null;
    const own = sums.get(bucket) ?? new Map<string, bigint>();
    sums.set(bucket, own);
    for (const id of measures) own.set(id, (own.get(id) ?? 0n) + wideDecimal(row[at(shown, id)] ?? "0"));
  }
  return whole.rows.map((row): Row => {
    const bucket = row[at(whole, x)] ?? null;
    return shown.columns.map(({ id }) => {
      if (id === x) return bucket;
      if (id === split) return name;
      const total = row[at(whole, id)] ?? null;
      return total === null ? null : formatDecimal(wideDecimal(total) - (sums.get(bucket)?.get(id) ?? 0n));
    });
  });
}

/** The columns of what is shown, with the units that all of it, the rest too, shares. */
function withUnits(shown: QueryResult, whole: QueryResult): QueryResult["columns"] {
  return shown.columns.map((column) => {
    const unit = whole.columns.find(({ id }) => id === column.id)?.unit;
    return unit === undefined ? column : { ...column, unit };
  });
}
