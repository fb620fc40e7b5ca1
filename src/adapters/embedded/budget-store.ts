import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import type { Budget, BudgetStore, TenantBudgets } from "../../ports/budget-store.ts";
import type { Database } from "./database.ts";
import { findTenantKey, tenantKey } from "./partitions.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/**
 * Budgets in the engine's file. The table is made with the first budget: files of earlier versions have none, and need
 * no migration. Writes run one after the other, so that a check and its write are one step.
 */
export function createBudgetStore(database: Database): BudgetStore {
  return { forTenant: (tenant) => tenantBudgets(database, tenant) };
}

function tenantBudgets(database: Database, tenant: string): TenantBudgets {
  return {
    get: (id) => database.read((connection) => find(connection, tenant, id)),

    list: ({ limit, after }) =>
      database.read(async (connection) => {
        const key = await findTenantKey(connection, tenant);
        if (key === undefined || !(await hasTable(connection))) return [];
        const rows = await rowsOf(
          connection,
          `SELECT record FROM budgets WHERE tenant = ${key} ${after === undefined ? "" : "AND id > $1"}
            ORDER BY id LIMIT ${Math.trunc(limit)}`,
          after === undefined ? [] : [after],
        );
        return rows.map(([record]) => parse(record));
      }),

    async create(budget) {
      await database.write(async (connection) => {
        const key = await tenantKey(connection, tenant);
        await connection.run(
          "CREATE TABLE IF NOT EXISTS budgets (tenant INTEGER NOT NULL, id VARCHAR NOT NULL, record VARCHAR NOT NULL)",
        );
        if ((await find(connection, tenant, budget.id)) !== undefined) {
          throw new DomainError("budget.exists", "conflict", `There is a budget ${budget.id} already`, {
            fix: "Save it under a new id, or replace the one there is.",
          });
        }
        await execute(connection, "INSERT INTO budgets VALUES ($1, $2, $3)", [
          key,
          budget.id,
          JSON.stringify(budget),
        ]);
      });
    },

    async replace(budget, expected) {
      await database.write(async (connection) => {
        const key = await expectedKey(connection, tenant, budget.id, expected);
        await execute(connection, "UPDATE budgets SET record = $3 WHERE tenant = $1 AND id = $2", [
          key,
          budget.id,
          JSON.stringify(budget),
        ]);
      });
    },

    async remove(id, expected) {
      await database.write(async (connection) => {
        const key = await expectedKey(connection, tenant, id, expected);
        await execute(connection, "DELETE FROM budgets WHERE tenant = $1 AND id = $2", [key, id]);
      });
    },
  };
}

/** @returns the tenant's key, when the budget is there and as the caller last saw it */
async function expectedKey(
  connection: DuckDBConnection,
  tenant: string,
  id: string,
  expected: string | undefined,
): Promise<number> {
  const key = await findTenantKey(connection, tenant);
  const budget = await find(connection, tenant, id);
  if (key === undefined || budget === undefined) {
    throw new DomainError("budget.not-found", "not-found", `There is no budget ${id}`, {
      fix: "List the budgets to find its id; it may have been removed.",
    });
  }
  if (expected !== undefined && budget.etag !== expected) {
    throw new DomainError(
      "budget.changed",
      "precondition",
      `The budget ${id} was changed since it was read (it is ${budget.etag} now, not ${expected})`,
      { fix: "Read it again, apply the change to that, and save with its new ETag." },
    );
  }
  return key;
}

async function find(connection: DuckDBConnection, tenant: string, id: string): Promise<Budget | undefined> {
  const key = await findTenantKey(connection, tenant);
  if (key === undefined || !(await hasTable(connection))) return undefined;
  const rows = await rowsOf(connection, "SELECT record FROM budgets WHERE tenant = $1 AND id = $2", [
    key,
    id,
  ]);
  return rows[0] === undefined ? undefined : parse(rows[0][0]);
}

async function hasTable(connection: DuckDBConnection): Promise<boolean> {
  const rows = await rowsOf(connection, "SELECT 1 FROM duckdb_tables() WHERE table_name = 'budgets'");
  return rows.length > 0;
}

function parse(record: unknown): Budget {
  return JSON.parse(String(record)) as Budget;
}
