import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import {
  canonicalDecimal,
  compareDecimals,
  divideDecimal,
  formatDecimal,
  parseDecimal,
  roundDecimal,
  tryParseDecimal,
  wideDecimal,
} from "../money/decimal.ts";
import { currencyDigits } from "../money/format.ts";
import { planQuery } from "../query/plan.ts";
import type { QueryFilter } from "../query/query.ts";
import { addMonths, type CalendarDate, daysBetween } from "../time/dates.ts";

/** Planned spend for a calendar month in the tenant's time zone. */
export interface BudgetSpec {
  name: string;
  /** Of each month, above 0; canonical decimal. */
  amount: string;
  /** ISO 4217; only cost in it counts. */
  currency: string;
  measure: "billed_cost" | "effective_cost";
  /** On dimensions of cost, e.g. an account, a service, a tag; none is all cost. */
  filters: readonly QueryFilter[];
  /** Percentages of the amount to warn at, ascending. */
  thresholds: readonly number[];
}

/** A budget that was set. */
export interface Budget extends BudgetSpec {
  /** Sorts by time of creation. */
  id: string;
  /** JWT `sub` of who set it first. */
  createdBy: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  updatedAt: string;
}

export const DEFAULT_THRESHOLDS: readonly number[] = [50, 80, 100];
const MAX_THRESHOLDS = 10;
const MAX_NAME = 120;

/**
 * @returns the budget as it is stored: the amount canonical, thresholds sorted, each once
 * @throws DomainError `budget.invalid-name`, `budget.invalid-amount`, `budget.invalid-currency`,
 *   `budget.invalid-threshold`, `budget.invalid-filter`, and those of `planQuery`
 */
export function checkBudget(spec: BudgetSpec, now: Date): BudgetSpec {
  const name = spec.name.trim();
  if (name === "" || name.length > MAX_NAME) {
    throw invalid("budget.invalid-name", `A budget's name must have 1 to ${MAX_NAME} characters`, {
      field: "name",
      fix: "Give one, for example Production.",
    });
  }
  const amount = tryParseDecimal(spec.amount);
  if (amount === undefined || amount <= 0n) {
    throw invalid("budget.invalid-amount", `"${shorten(spec.amount)}" is not an amount above 0`, {
      field: "amount",
      fix: "Write it like 1500 or 1500.50, without thousands separators or currency signs.",
    });
  }
  if (!/^[A-Z]{3}$/.test(spec.currency)) {
    throw invalid("budget.invalid-currency", `"${shorten(spec.currency)}" is not an ISO 4217 code`, {
      field: "currency",
      fix: "Give three capital letters, for example USD.",
    });
  }
  checkFilters(spec.filters, now);
  const thresholds = checkThresholds(spec.thresholds);
  return { ...spec, name, amount: formatDecimal(amount), thresholds };
}

function checkThresholds(thresholds: readonly number[]): number[] {
  const bad = thresholds.find((percent) => !Number.isInteger(percent) || percent < 1 || percent > 1000);
  if (bad !== undefined || thresholds.length > MAX_THRESHOLDS) {
    throw invalid(
      "budget.invalid-threshold",
      bad === undefined ? `${thresholds.length} thresholds are too many` : `${bad} is not a threshold`,
      { field: "thresholds", fix: `Give up to ${MAX_THRESHOLDS} whole percentages from 1 to 1000.` },
    );
  }
  return [...new Set(thresholds)].sort((a, b) => a - b);
}

function checkFilters(filters: readonly QueryFilter[], now: Date): void {
  const plan = planQuery({ dataset: "cost", range: { preset: "mtd" }, filters }, now, "UTC");
  plan.filters.forEach((filter, i) => {
    if (filter.on === "dimension" && filter.key.dimension.column !== "day") return;
    throw invalid(
      "budget.invalid-filter",
      `filters[${i}]: a budget covers a month and can filter only on dimensions other than time`,
      {
        field: `filters[${i}].field`,
        fix: "Filter on an account, a service, a tag or another dimension that is not time.",
      },
    );
  });
}

/** The cost of a month, as far as it is known. */
export interface MonthCost {
  /** First day. */
  month: CalendarDate;
  /** Exact cost so far; null where there are no facts of the month. */
  spent: string | null;
  /** First day without facts, at most the first of the next month. */
  through: CalendarDate;
  /** Whether the month is over, whatever facts of it are there. */
  ended: boolean;
  /** Estimates of the whole month; null where they are not known or the month is over. */
  forecast: string | null;
}

export interface BudgetState {
  /**
   * `over`: spent more than the amount. `warning`: will be by the forecast, or has passed the last threshold below 100.
   */
  status: "ok" | "warning" | "over" | "unknown";
  spentPercent: string | null;
  /** What an even pace would have spent by now, rounded to the minor unit. */
  expected: string;
  forecastPercent: string | null;
  thresholds: readonly { percent: number; reached: boolean; forecast: boolean | null }[];
}

export function budgetState(budget: BudgetSpec, cost: MonthCost): BudgetState {
  const amount = parseDecimal(budget.amount);
  const { spent, forecast } = cost;
  const reaches = (value: string | null, percent: number): boolean | null =>
    value === null ? null : wideDecimal(value) * 100n >= amount * BigInt(percent);
  const thresholds = budget.thresholds.map((percent) => ({
    percent,
    reached: reaches(spent, percent) ?? false,
    forecast: reaches(forecast, percent),
  }));
  const lastBelow = thresholds.filter(({ percent }) => percent < 100).at(-1);
  const exceeds = (value: string | null): boolean =>
    value !== null && compareDecimals(value, budget.amount) > 0;
  // A month that is over has nothing left to warn about.
  const warned = !cost.ended && (exceeds(forecast) || lastBelow?.reached === true);
  return {
    status: spent === null ? "unknown" : exceeds(spent) ? "over" : warned ? "warning" : "ok",
    spentPercent: percentOfAmount(spent, amount),
    expected: evenPace(amount, cost, budget.currency),
    forecastPercent: percentOfAmount(forecast, amount),
    thresholds,
  };
}

function percentOfAmount(value: string | null, amount: bigint): string | null {
  if (value === null) return null;
  const ratio = divideDecimal(wideDecimal(value) * 100n, amount);
  return ratio === undefined ? null : canonicalDecimal(roundDecimal(formatDecimal(ratio), 2));
}

function evenPace(amount: bigint, { month, through }: MonthCost, currency: string): string {
  const days = daysBetween(month, addMonths(month, 1));
  const passed = Math.min(days, Math.max(0, daysBetween(month, through)));
  const due = (amount * BigInt(passed)) / BigInt(days);
  return canonicalDecimal(roundDecimal(formatDecimal(due), currencyDigits(currency)));
}
