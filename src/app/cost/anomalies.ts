import {
  type Anomaly,
  findAnomalies,
  LEAST_USUAL as LEAST_DAYS,
  LOOKBACK_DAYS,
} from "../../core/cost/anomalies.ts";
import { type Contributor, contributorsOf } from "../../core/cost/contributors.ts";
import { median } from "../../core/cost/stats.ts";
import { must } from "../../core/errors/must.ts";
import { sumDecimals } from "../../core/money/decimal.ts";
import { formatMoney } from "../../core/money/format.ts";
import type { QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import { addDays, type CalendarDate } from "../../core/time/dates.ts";
import { type DayRange, MAX_RANGE_DAYS } from "../../core/time/ranges.ts";
import { dateInZone, datesIn } from "../../core/time/zones.ts";
import { cached } from "../analytics/cached.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { askCost, columnReader, type CostMeasure, type CostQuery, currencyOf } from "./cost-query.ts";
import { estimate } from "./forecast.ts";

/** Impact below this part of a day's total cost is not reported, nor is one below one unit of currency. */
const LEAST_PART = 0.02;
const LEAST_AMOUNT = 1;
/** Weeks before the anomaly whose same weekdays serve as the usual days it is compared with. */
const USUAL_WEEKS = 4;
const DIMENSIONS = ["account", "region", "resource", "charge_category"] as const;
const MOST_CONTRIBUTORS = 3;

export interface AnomalyRequest {
  range: DayRange;
  filters: readonly QueryFilter[];
  measure: CostMeasure;
  /** Minimum impact of a day in the currency; by default derived from the usual cost of a day. */
  leastImpact?: number;
  /** Maximum number of anomalies to explain and list. */
  limit: number;
}

export interface ExplainedAnomaly {
  service: string | null;
  kind: Anomaly["kind"];
  from: CalendarDate;
  /** Last day. */
  to: CalendarDate;
  /** Exact cost of the days. */
  actual: string;
  /** Estimates, rounded. */
  expected: string;
  impact: string;
  /** Robust deviations of the first day from the expected. */
  score: number;
  /** By dimension, the largest change first. */
  contributors: readonly Contributor[];
}

export interface AnomaliesAnswer {
  measure: CostMeasure;
  currency: string | null;
  range: DayRange;
  /** Minimum impact of the listed days. */
  leastImpact: string;
  /** Service-days that were judged. */
  judged: number;
  total: number;
  anomalies: readonly ExplainedAnomaly[];
  table: QueryResult;
  notes: readonly string[];
}

/**
 * Finds days on which a service cost unusually much or little, and what contributed to it, largest impact first.
 * @throws DomainError `query.mixed-currencies` and others of `openQuery`
 */
export async function anomaliesOf(context: TenantContext, request: AnomalyRequest): Promise<AnomaliesAnswer> {
  const today = dateInZone(context.services.clock.now(), context.tenant.zone);
  return cached(context, "cost", ["anomalies", today, request], () => compute(context, request, today));
}

interface Series {
  key: string;
  service: string | null;
  values: number[];
  exact: Map<CalendarDate, string>;
}

async function compute(
  context: TenantContext,
  request: AnomalyRequest,
  today: CalendarDate,
): Promise<AnomaliesAnswer> {
  const { range, filters, measure, limit } = request;
  // A range as long as any may be leaves no room for days before it.
  const [wanted, earliest] = [addDays(range.from, -LOOKBACK_DAYS), addDays(range.to, -MAX_RANGE_DAYS)];
  const from = wanted < earliest ? earliest : wanted;
  const asks: CostQuery = {
    range: { from, to: range.to },
    filters,
    groupBy: ["day", "service"],
    measures: [measure],
  };
  const answer = await askCost(context, asks, { coverage: false });
  const { extent } = await snapshotOf(context, "cost");
  // Days that are not over, or of which there are no facts yet, cost nothing so far: no drop.
  const ends = [range.to, today, ...(extent === null ? [] : [addDays(extent.last, 1)])].sort();
  const start = extent !== null && extent.first > from ? extent.first : from;
  const days = datesIn(start, must(ends[0], "an end of the range"));
  const series = readSeries(answer, measure, days);
  const totals = days.map((_, i) =>
    series.reduce((sum, one) => sum + must(one.values[i], "an amount for every day"), 0),
  );
  const least =
    request.leastImpact ??
    Math.max(LEAST_AMOUNT, LEAST_PART * (totals.length === 0 ? 0 : median(totals.map(Math.abs))));
  const found = series
    .flatMap((one) =>
      findAnomalies(one.key, one.values, start, range.from, least).map((anomaly) => ({ one, anomaly })),
    )
    .sort((a, b) => Math.abs(b.anomaly.impact) - Math.abs(a.anomaly.impact));
  const currency = currencyOf(answer, measure);
  const shown = found.slice(0, limit);
  const anomalies = await Promise.all(
    shown.map(({ one, anomaly }) => explain(context, request, one, anomaly, currency)),
  );
  const notes = [...answer.completeness.notes, ...notesOf(days, range, found.length, shown.length)];
  const table = computedResult(COMPUTATIONS["cost-anomalies"], {
    range: { ...range, zone: context.tenant.zone },
    unit: currency,
    notes,
    dataAsOf: answer.dataAsOf,
    rowsTotal: found.length,
    rows: anomalies.map((anomaly) => tableRow(anomaly, currency)),
  });
  const judged = series.length * days.filter((day, i) => i >= LEAST_DAYS && day >= range.from).length;
  return {
    measure,
    currency,
    range,
    judged,
    anomalies,
    table,
    notes,
    leastImpact: estimate({ amount: least, low: null, high: null }, currency).amount ?? "0",
    total: found.length,
  };
}

function readSeries(answer: QueryResult, measure: string, days: readonly CalendarDate[]): Series[] {
  const dayOf = columnReader(answer, "day");
  const serviceOf = columnReader(answer, "service");
  const amountOf = columnReader(answer, measure);
  const at = new Map(days.map((day, i) => [day, i]));
  const all = new Map<string, Series>();
  for (const row of answer.rows) {
    const service = serviceOf(row);
    const key = JSON.stringify(service);
    const day = must(dayOf(row), "the day of a cost");
    const amount = amountOf(row);
    const index = at.get(day);
    if (index === undefined || amount === null) continue;
    const one: Series = all.get(key) ?? { key, service, values: days.map(() => 0), exact: new Map() };
    all.set(key, one);
    one.values[index] = Number(amount);
    one.exact.set(day, amount);
  }
  return [...all.values()];
}

async function explain(
  context: TenantContext,
  request: AnomalyRequest,
  { service, exact }: Series,
  anomaly: Anomaly,
  currency: string | null,
): Promise<ExplainedAnomaly> {
  const days = anomaly.days.map((day) => day.day);
  const usual = [...new Set(days.flatMap((day) => weeksBefore(day)))].filter((day) => !days.includes(day));
  const contributors = await Promise.all(
    DIMENSIONS.map(async (dimension) => {
      const ask = (some: readonly CalendarDate[]): Promise<ReadonlyMap<string | null, string>> =>
        costBy(context, request, service, dimension, some);
      const [now, before] = await Promise.all([ask(days), ask(usual)]);
      const count = { days: days.length, usualDays: usual.length };
      return contributorsOf(dimension, now, before, count, MOST_CONTRIBUTORS);
    }),
  );
  const expected = anomaly.days.reduce((sum, day) => sum + day.expected, 0);
  const rounded = (amount: number): string =>
    estimate({ amount, low: null, high: null }, currency).amount ?? "0";
  return {
    service,
    kind: anomaly.kind,
    from: must(days[0], "a day of the anomaly"),
    to: must(days.at(-1), "a day of the anomaly"),
    actual: sumDecimals(days.map((day) => exact.get(day) ?? "0")),
    expected: rounded(expected),
    impact: rounded(anomaly.impact),
    score: Math.round(must(anomaly.days[0], "a day of the anomaly").score * 10) / 10,
    contributors: contributors.flat(),
  };
}

function weeksBefore(day: CalendarDate): CalendarDate[] {
  return Array.from({ length: USUAL_WEEKS }, (_, i) => addDays(day, -7 * (i + 1)));
}

async function costBy(
  context: TenantContext,
  { filters, measure }: AnomalyRequest,
  service: string | null,
  dimension: string,
  days: readonly CalendarDate[],
): Promise<ReadonlyMap<string | null, string>> {
  const sorted = [...days].sort();
  const answer = await askCost(context, {
    range: {
      from: must(sorted[0], "a day to explain"),
      to: addDays(must(sorted.at(-1), "a day to explain"), 1),
    },
    groupBy: [dimension],
    measures: [measure],
    filters: [
      ...filters,
      { field: "service", op: "equals", value: service },
      { field: "day", op: "in", value: sorted },
    ],
  });
  return new Map(answer.rows.map(([name = null, amount = null]) => [name, amount ?? "0"]));
}

function notesOf(days: readonly CalendarDate[], range: DayRange, found: number, shown: number): string[] {
  const notes: string[] = [];
  const before = days.filter((day) => day < range.from).length;
  if (days.length === 0) notes.push("There are no facts to judge.");
  else if (before < LEAST_DAYS)
    notes.push(
      `There are ${before} days of facts before ${range.from}; a day is judged by at least ${LEAST_DAYS}.`,
    );
  if (found > shown) notes.push(`The ${shown} with the largest impact of ${found} anomalies are listed.`);
  return notes;
}

function tableRow(anomaly: ExplainedAnomaly, currency: string | null): Row {
  const { from, to, service, kind, actual, expected, impact, contributors } = anomaly;
  return [from, to, service, kind, actual, expected, impact, explanation(contributors, currency)];
}

/** `account 1234 +$1,200.00, region us-east-1 +$1,200.00, …`: the largest of each dimension. */
function explanation(contributors: readonly Contributor[], currency: string | null): string | null {
  const largest = DIMENSIONS.flatMap((dimension) => {
    const first = contributors.find((each) => each.dimension === dimension);
    if (first === undefined) return [];
    const sign = first.change.startsWith("-") ? "" : "+";
    const what = `${dimension.replace("_", " ")} ${first.name ?? "(none)"}`;
    return [`${what} ${sign}${formatMoney(first.change, currency ?? "USD")}`];
  });
  return largest.length === 0 ? null : largest.join("; ");
}
