import type { Budget, BudgetStore } from "../../ports/budget-store.ts";
import type { Dynamo } from "./dynamo.ts";
import { type RecordKind, TenantRecords } from "./records.ts";

const BUDGETS: RecordKind = { name: "budget", order: "oldest-first" };

/** Budgets in the reports table, beside the tenant's reports. */
export function createBudgetStore(dynamo: Dynamo, table: string): BudgetStore {
  return { forTenant: (tenant) => new TenantRecords<Budget>(dynamo, table, tenant, BUDGETS) };
}
