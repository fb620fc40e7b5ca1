import { type CostForecast, type Estimate, forecastCost, LEVEL_PERCENT } from "../../core/cost/forecast.ts";
import type { DailyCharge } from "../../core/cost/month-charges.ts";
import { median } from "../../core/cost/stats.ts";
import {
  canonicalDecimal,
  decimalOfNumber,
  formatDecimal,
  roundDecimal,
  wideDecimal,
} from "../../core/money/decimal.ts";
import { currencyDigits } from "../../core/money/format.ts";
import type { Cell, QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import { addDays, addMonths, type CalendarDate, daysBetween, monthStart } from "../../core/time/dates.ts";
import type { DayRange } from "../../core/time/ranges.ts";
import { dateInZone, datesIn } from "../../core/time/zones.ts";
import { computedResult } from "../reports/computed-result.ts";
import { cached } from "../analytics/cached.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import type { TenantContext } from "../services.ts";
import { askCost, columnReader, type CostMeasure, type CostQuery, currencyOf } from "./cost-query.ts";
import { twiceCountedNotes } from "./twice-counted.ts";

/** Half a year that the model looks at, and eight weeks more to try its interval on. */
const HISTORY_DAYS = 238;
/** Past days shown beside the forecast. */
const SHOWN_DAYS = 60;
/**
 * The last days of a delivery count as incomplete when they have less than this part of the usual cost of their
 * weekday.
 */
const INCOMPLETE_PART = 0.5;
const MOST_INCOMPLETE = 2;

export interface ForecastRequest {
  filters: readonly QueryFilter[];
  measure: CostMeasure;
  /** Calendar months, including the current one. */
  months: number;
}

/** A forecast amount, rounded to the currency's minor unit, since it is an estimate. */
export interface EstimateText {
  amount: string | null;
  low: string | null;
  high: string | null;
}

export interface MonthForecast {
  /** First day. */
  month: CalendarDate;
  /** Exact, over the facts there are; null in a month that has not begun. */
  spent: string | null;
  forecast: EstimateText;
  /** Exact cost of the month before; null where there are no facts of it. */
  previous: string | null;
}

export interface ForecastAnswer {
  measure: CostMeasure;
  currency: string | null;
  /** First day that is forecast; the day after the last one with complete facts. */
  asOf: CalendarDate;
  until: CalendarDate;
  /** Days of the history; 0 when there is none. */
  historyDays: number;
  levelPercent: number;
  method: string;
  months: readonly MonthForecast[];
  table: QueryResult;
  monthTable: QueryResult;
  notes: readonly string[];
}

export const FORECAST_METHOD =
  "Weekday and month-end pattern times a damped trend, charges of whole months apart; the interval is as wide as the same model's errors on up to 20 earlier days";

/**
 * Forecasts daily cost to the end of a month. It starts behind the newest complete facts, whatever range a report is
 * over; what is spent so far is exact, what is forecast is rounded.
 * @throws DomainError `query.mixed-currencies` and others of `openQuery`
 */
export async function forecastOf(context: TenantContext, request: ForecastRequest): Promise<ForecastAnswer> {
  const today = dateInZone(context.services.clock.now(), context.tenant.zone);
  return cached(context, "cost", ["forecast", today, request], () => compute(context, request, today));
}

async function compute(
  context: TenantContext,
  request: ForecastRequest,
  today: CalendarDate,
): Promise<ForecastAnswer> {
  const { measure, months, filters } = request;
  const { extent } = await snapshotOf(context, "cost");
  // Today's facts are never complete, and bills may hold days to come.
  const end = extent === null ? today : min(addDays(extent.last, 1), today);
  const from = addDays(end, -HISTORY_DAYS);
  const first = extent === null || extent.first < from ? from : extent.first;
  // A month back from the running one, so that it is whole in any case.
  const asked: DayRange = { from: min(first, addMonths(monthStart(end), -1)), to: addDays(monthEnd(end), 1) };
  const asks: CostQuery = {
    range: asked,
    filters,
    groupBy: ["day", "service", "charge_category"],
    measures: [measure],
  };
  const answer = await askCost(context, asks, { coverage: false });
  const charges = readCharges(answer, measure);
  const notes = [
    ...(await twiceCountedNotes(context, { range: asked, filters })),
    ...answer.completeness.notes,
  ];
  const lastDay = lastComplete(charges, end);
  if (lastDay < end)
    notes.push(
      `The facts of the last ${count(daysBetween(lastDay, end), "day")} look incomplete; the forecast starts on ${lastDay}.`,
    );
  const stale = daysBetween(lastDay, today);
  if (stale > 4) notes.push(`The newest facts are ${stale} days old; the forecast starts on ${lastDay}.`);
  const until = addMonths(monthStart(lastDay), months);
  const known = charges.filter((charge) => charge.day >= first && charge.day < lastDay);
  const begun = known.reduce((least, charge) => min(least, charge.day), lastDay);
  const history = { from: begun < first ? first : begun, to: lastDay };
  const forecast = forecastCost(known, history, until);
  if (forecast === undefined)
    notes.push(
      `There are ${count(Math.max(0, daysBetween(history.from, lastDay)), "day")} of facts; a forecast needs two weeks.`,
    );
  else if (forecast.total.low === null) notes.push("The history is too short for an interval.");
  const currency = currencyOf(answer, measure);
  const amounts = exactByDay(answer, measure);
  const monthly = monthsOf(forecast, { amounts, lastDay, until, end, currency, extent });
  const shown = {
    range: { from: addDays(lastDay, -SHOWN_DAYS), to: until, zone: context.tenant.zone },
    currency,
  };
  const head = { range: shown.range, unit: currency, notes, dataAsOf: answer.dataAsOf };
  return {
    measure,
    currency,
    until,
    notes,
    method: FORECAST_METHOD,
    levelPercent: LEVEL_PERCENT,
    asOf: lastDay,
    historyDays: Math.max(0, daysBetween(history.from, history.to)),
    months: monthly,
    table: computedResult(COMPUTATIONS["cost-forecast"], {
      ...head,
      rows: dayRows(forecast, amounts, history, currency),
    }),
    monthTable: computedResult(COMPUTATIONS["month-forecast"], {
      ...head,
      rows: monthly.map(monthRow),
      // Months are separate bills, so they have no total.
      ...(monthly.length === 1 && {
        total: monthly.flatMap(monthRow).map((cell, i) => (i === 0 ? null : cell)),
      }),
    }),
  };
}

function monthRow({ month, spent, forecast, previous }: MonthForecast): Row {
  return [month, spent, forecast.amount, forecast.low, forecast.high, previous];
}

function readCharges(answer: QueryResult, measure: string): DailyCharge[] {
  const [dayOf, serviceOf, categoryOf, amountOf] = ["day", "service", "charge_category", measure].map((id) =>
    columnReader(answer, id),
  );
  return answer.rows.flatMap((row) => {
    const [day, amount] = [dayOf?.(row) ?? null, amountOf?.(row) ?? null];
    if (day === null || amount === null) return [];
    return [{ day, key: JSON.stringify([serviceOf?.(row), categoryOf?.(row)]), amount: Number(amount) }];
  });
}

/** The first of the last days that hold far less than such weekdays did before, or the end itself. */
function lastComplete(charges: readonly DailyCharge[], end: CalendarDate): CalendarDate {
  const totals = new Map<CalendarDate, number>();
  for (const { day, amount } of charges) totals.set(day, (totals.get(day) ?? 0) + amount);
  let last = end;
  for (let back = 1; back <= MOST_INCOMPLETE; back++) {
    const day = addDays(end, -back);
    const before = [7, 14, 21, 28].map((ago) => totals.get(addDays(day, -ago)) ?? 0);
    const usual = median(before);
    if (day.endsWith("-01") || usual <= 0 || (totals.get(day) ?? 0) >= INCOMPLETE_PART * usual) break;
    last = day;
  }
  return last;
}

function exactByDay(answer: QueryResult, measure: string): Map<CalendarDate, bigint> {
  const [dayOf, amountOf] = [columnReader(answer, "day"), columnReader(answer, measure)];
  const amounts = new Map<CalendarDate, bigint>();
  for (const row of answer.rows) {
    const [day, amount] = [dayOf(row), amountOf(row)];
    if (day !== null && amount !== null) amounts.set(day, (amounts.get(day) ?? 0n) + wideDecimal(amount));
  }
  return amounts;
}

interface Spent {
  amounts: ReadonlyMap<CalendarDate, bigint>;
  lastDay: CalendarDate;
  until: CalendarDate;
  end: CalendarDate;
  currency: string | null;
  extent: { first: string; last: string } | null;
}

function monthsOf(forecast: CostForecast | undefined, spent: Spent): MonthForecast[] {
  const { amounts, lastDay, until, end, currency, extent } = spent;
  const sum = (from: CalendarDate, to: CalendarDate): bigint =>
    datesIn(from, to).reduce((total, day) => total + (amounts.get(day) ?? 0n), 0n);
  const exact = (month: CalendarDate, to: CalendarDate): string | null =>
    extent === null || extent.last < month || addMonths(month, 1) <= extent.first
      ? null
      : formatDecimal(sum(month, to));
  const months: MonthForecast[] = [];
  for (let month = monthStart(lastDay); month < until; month = addMonths(month, 1)) {
    const ahead = forecast?.months.find((each) => each.month === month);
    const next = addMonths(month, 1);
    // What a forecast day already holds is in its estimate, so the base ends where the forecast starts.
    const base = month < lastDay ? sum(month, min(lastDay, next)) : 0n;
    const before = addMonths(month, -1);
    months.push({
      month,
      spent: month < end ? exact(month, min(end, next)) : null,
      forecast: ahead === undefined ? NONE : estimate(ahead, currency, base),
      previous: next <= addMonths(monthStart(lastDay), 1) ? exact(before, month) : null,
    });
  }
  return months;
}

const NONE: EstimateText = { amount: null, low: null, high: null };

/** An estimate as text, added to an exact base and rounded to the currency's minor unit. */
export function estimate({ amount, low, high }: Estimate, currency: string | null, base = 0n): EstimateText {
  const digits = currencyDigits(currency ?? "USD");
  const text = (value: number): string =>
    canonicalDecimal(roundDecimal(formatDecimal(base + decimalOfNumber(value)), digits));
  return {
    amount: text(amount),
    low: low === null ? null : text(low),
    high: high === null ? null : text(high),
  };
}

function dayRows(
  forecast: CostForecast | undefined,
  amounts: ReadonlyMap<CalendarDate, bigint>,
  history: DayRange,
  currency: string | null,
): Row[] {
  const from = addDays(history.to, -SHOWN_DAYS);
  const past = datesIn(from < history.from ? history.from : from, history.to).map((day): Cell[] => [
    day,
    formatDecimal(amounts.get(day) ?? 0n),
    null,
    null,
    null,
  ]);
  const ahead = (forecast?.points ?? []).map((point): Cell[] => {
    const { amount, low, high } = estimate(point, currency);
    return [point.day, null, amount, low, high];
  });
  return [...past, ...ahead];
}

const min = (a: CalendarDate, b: CalendarDate): CalendarDate => (a < b ? a : b);
const monthEnd = (day: CalendarDate): CalendarDate => addDays(addMonths(monthStart(day), 1), -1);
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
