import {
  type Budget,
  type BudgetSpec,
  budgetState,
  type BudgetState,
  checkBudget,
  type MonthCost,
} from "../../core/cost/budgets.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { invalid, type Problem, problemText } from "../../core/errors/errors.ts";
import type { QueryFilter, QueryResult, Row } from "../../core/query/query.ts";
import { COMPUTATIONS } from "../../core/reports/computations/index.ts";
import { addDays, addMonths, type CalendarDate, monthStart, tryParseDate } from "../../core/time/dates.ts";
import { ASKED_DAYS, checkWithin } from "../../core/time/ranges.ts";
import { dateInZone } from "../../core/time/zones.ts";
import { mapPage, type Page, type PageRequest } from "../../core/lists/pages.ts";
import { BUDGETS } from "../records/kinds.ts";
import { type Records, recordsOf, type Versioned, versioned } from "../records/records.ts";
import { snapshotOf } from "../analytics/snapshots.ts";
import { partOf } from "../parts.ts";
import { computedResult } from "../reports/computed-result.ts";
import type { TenantContext } from "../services.ts";
import { costSums, currencyFilter } from "./cost-query.ts";
import { type EstimateText, forecastOf } from "./forecast.ts";

/** A budget with its state in a month. */
export interface BudgetView extends Versioned<Budget> {
  state: BudgetState & {
    month: CalendarDate;
    /** Exact. */
    spent: string | null;
    /** The last day whose facts are in it; null when there are none. */
    lastDay: CalendarDate | null;
    forecast: EstimateText;
    notes: readonly string[];
  };
}

/** A budget whose state could not be computed, and why. */
export interface FailedBudget extends Versioned<Budget> {
  state: null;
  problem: Problem;
}

function budgetsOf(context: TenantContext): Records<Budget> {
  return recordsOf(context, BUDGETS);
}

/** @throws DomainError those of `checkBudget` */
export async function createBudget(context: TenantContext, spec: BudgetSpec): Promise<Versioned<Budget>> {
  const { services, principal } = context;
  const now = services.clock.now();
  const budget: Budget = {
    ...checkBudget(spec, now),
    id: services.ids.next(),
    createdBy: principal.subject,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
  };
  return versioned(await budgetsOf(context).create(budget));
}

/** @throws DomainError `budget.not-found` */
export async function getBudget(context: TenantContext, id: string): Promise<Versioned<Budget>> {
  return versioned(await budgetsOf(context).get(id));
}

/** Oldest first. */
export async function listBudgets(
  context: TenantContext,
  page: PageRequest,
): Promise<Page<Versioned<Budget>>> {
  return mapPage(await budgetsOf(context).page(page), (budget) => versioned(budget));
}

/**
 * Replaces a budget, provided it is unchanged since the caller read it.
 * @throws DomainError `budget.changed`, `budget.not-found`, those of `checkBudget`
 */
export async function replaceBudget(
  context: TenantContext,
  id: string,
  spec: BudgetSpec,
  etag: string,
): Promise<Versioned<Budget>> {
  const budgets = budgetsOf(context);
  const { record } = await budgets.get(id);
  const now = context.services.clock.now();
  const budget: Budget = { ...record, ...checkBudget(spec, now), updatedAt: now.toISOString() };
  return versioned(await budgets.replace({ record, revision: etag }, budget));
}

/** @throws DomainError `budget.not-found`, `budget.changed` */
export async function removeBudget(context: TenantContext, id: string, etag?: string): Promise<void> {
  await budgetsOf(context).remove(id, etag);
}

/**
 * The state of a budget in a month, by default the current one in the tenant's time zone.
 * @param month `YYYY-MM`
 * @throws DomainError `date.invalid`, `date.out-of-reach`, `query.mixed-currencies`, `store.unavailable`
 */
export async function viewBudget(
  context: TenantContext,
  budget: Versioned<Budget>,
  month?: string,
): Promise<BudgetView> {
  const today = todayOf(context);
  const start = month === undefined ? monthStart(today) : checkMonth(month);
  const filters = [...budget.filters, ...currencyFilter(budget.currency)];
  const known = await monthCost(context, budget, filters, start, today);
  const { cost, forecast, notes } = known;
  const state = budgetState(budget, { ...cost, forecast: forecast.amount });
  const lastDay = cost.spent === null || cost.through <= start ? null : addDays(cost.through, -1);
  return { ...budget, state: { ...state, month: start, spent: cost.spent, lastDay, forecast, notes } };
}

/**
 * The same for several budgets: one that fails has its problem in its place and does not affect the others.
 * @throws DomainError `date.invalid`
 */
export async function viewBudgets(
  context: TenantContext,
  budgets: readonly Versioned<Budget>[],
  month?: string,
): Promise<(BudgetView | FailedBudget)[]> {
  if (month !== undefined) checkMonth(month);
  return Promise.all(
    budgets.map(async (budget) => {
      const found = await partOf(context, `budget ${budget.id}`, () => viewBudget(context, budget, month));
      return "answer" in found ? found.answer : { ...budget, state: null, ...found };
    }),
  );
}

function todayOf({ services, tenant }: TenantContext): CalendarDate {
  return dateInZone(services.clock.now(), tenant.zone);
}

const NO_FORECAST: EstimateText = { amount: null, low: null, high: null };

async function monthCost(
  context: TenantContext,
  { measure }: Budget,
  filters: readonly QueryFilter[],
  month: CalendarDate,
  today: CalendarDate,
): Promise<{ cost: MonthCost; forecast: EstimateText; notes: string[] }> {
  const end = addMonths(month, 1);
  const { extent } = await snapshotOf(context, "cost");
  const next = extent === null ? month : addDays(extent.last, 1);
  const through =
    [end, today < month ? month : addDays(today, 1), next < month ? month : next].sort()[0] ?? month;
  const blank = { month, through, ended: end <= today, forecast: null };
  if (extent === null || extent.last < month || extent.first >= end) {
    const have = extent === null ? "no cost data" : `only cost data from ${extent.first} to ${extent.last}`;
    return { cost: { ...blank, spent: null }, forecast: NO_FORECAST, notes: [`There is ${have}.`] };
  }
  const { sums } = await costSums(context, { range: { from: month, to: end }, filters }, [measure]);
  const { value = null, missing = 0 } = sums[measure] ?? {};
  const notes = missing > 0 ? [`${missing} facts have no ${measure.replace("_", " ")}.`] : [];
  // The month has facts: when none of them passes the filters, the cost is 0.
  const cost = { ...blank, spent: value ?? (missing > 0 ? null : "0") };
  if (month !== monthStart(today)) return { cost, forecast: NO_FORECAST, notes };
  const forecast = await forecastOf(context, { filters, measure, months: 1 });
  const own = forecast.months.find((each) => each.month === month);
  return { cost, forecast: own?.forecast ?? NO_FORECAST, notes: [...notes, ...forecast.notes] };
}

function checkMonth(text: string): CalendarDate {
  const first = `${text}-01`;
  if (/^\d{4}-\d{2}$/.test(text) && tryParseDate(first) !== undefined) {
    checkWithin(first, ASKED_DAYS, "month");
    return first;
  }
  throw invalid("date.invalid", `month "${shorten(text)}" is not a calendar month`, {
    field: "month",
    fix: "Write it as YYYY-MM, for example 2024-09.",
  });
}

/** All budgets as a table, as reports show them. */
export async function budgetTable(context: TenantContext): Promise<QueryResult> {
  const { tenant } = context;
  const budgets = (await budgetsOf(context).all()).map((budget) => versioned(budget));
  const views = await viewBudgets(context, budgets);
  const month = monthStart(todayOf(context));
  const currencies = [...new Set(budgets.map((budget) => budget.currency))];
  const { asOf } = await snapshotOf(context, "cost");
  const rows = views.map(({ name, amount, currency, state }): Row => {
    const label = currencies.length > 1 ? `${name} (${currency})` : name;
    if (state === null) return [label, "failed", amount, null, null, null, null, null, null];
    const { amount: forecast, low, high } = state.forecast;
    return [
      ...[label, state.status, amount, state.spent, state.spentPercent],
      ...[state.expected, forecast, low, high],
    ];
  });
  return computedResult(COMPUTATIONS.budgets, {
    range: { from: month, to: addMonths(month, 1), zone: tenant.zone },
    unit: currencies.length === 1 ? (currencies[0] ?? null) : null,
    rows,
    notes: budgets.length === 0 ? ["No budgets are set."] : [...new Set(views.flatMap(remarksOf))],
    failed: views.some((view) => view.state === null),
    dataAsOf: asOf,
  });
}

function remarksOf(view: BudgetView | FailedBudget): readonly string[] {
  return view.state === null ? [problemText(`Budget ${view.name}`, view.problem)] : view.state.notes;
}
