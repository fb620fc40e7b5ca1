import type { BudgetSpec } from "../core/cost/budgets.ts";

/** A stored budget. `etag` changes with every write (RFC 9110 strong validator, without quotes). */
export interface Budget extends BudgetSpec {
  /** Sorts by time of creation. */
  id: string;
  /** JWT `sub` of who set it first. */
  createdBy: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  updatedAt: string;
  etag: string;
}

/** Budgets of one tenant. A handle never sees another tenant's. */
export interface TenantBudgets {
  get(id: string): Promise<Budget | undefined>;
  /** Oldest first; `after` continues behind the id of the last budget of the page before, also when that is gone. */
  list(page: { limit: number; after?: string }): Promise<Budget[]>;
  /** @throws DomainError `budget.exists` when the id is taken */
  create(budget: Budget): Promise<void>;
  /** Replaces the budget if its stored etag is `expected`. @throws DomainError `budget.changed`, `budget.not-found` */
  replace(budget: Budget, expected: string): Promise<void>;
  /** Without `expected`, whatever the version. @throws DomainError `budget.changed`, `budget.not-found` */
  remove(id: string, expected?: string): Promise<void>;
}

export interface BudgetStore {
  forTenant(tenant: string): TenantBudgets;
}
