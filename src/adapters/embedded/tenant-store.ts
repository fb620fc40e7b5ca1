import type { DuckDBConnection } from "@duckdb/node-api";
import { DomainError } from "../../core/errors/errors.ts";
import type { Tenant } from "../../core/tenants/tenant.ts";
import type { TenantStore } from "../../ports/tenant-store.ts";
import type { Database } from "./database.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/** The registry of tenants in the engine's file. */
export function createTenantStore(database: Database): TenantStore {
  return {
    async get(id) {
      const rows = await database.read((connection) =>
        rowsOf(connection, "SELECT record FROM tenants WHERE id = $1", [id]),
      );
      return rows[0] === undefined ? undefined : parse(rows[0][0]);
    },
    async list() {
      const rows = await database.read((connection) =>
        rowsOf(connection, "SELECT record FROM tenants ORDER BY id"),
      );
      return rows.map(([record]) => parse(record));
    },
    async add(tenant) {
      await database.write(async (connection) => {
        if (await exists(connection, tenant.id)) {
          throw new DomainError("tenant.exists", "conflict", `There is a tenant "${tenant.id}" already`, {
            field: "id",
            fix: "Choose another id, or change the tenant there is.",
          });
        }
        await claimAccounts(connection, tenant);
        await execute(connection, "INSERT INTO tenants VALUES ($1, $2)", [tenant.id, JSON.stringify(tenant)]);
      });
    },
    async update(tenant) {
      await database.write(async (connection) => {
        if (!(await exists(connection, tenant.id))) {
          throw new DomainError("tenant.not-found", "not-found", `There is no tenant "${tenant.id}"`, {
            fix: "Add it first, or list the tenants to find its id.",
          });
        }
        await claimAccounts(connection, tenant);
        await execute(connection, "UPDATE tenants SET record = $2 WHERE id = $1", [
          tenant.id,
          JSON.stringify(tenant),
        ]);
      });
    },
  };
}

function parse(record: unknown): Tenant {
  return JSON.parse(String(record)) as Tenant;
}

async function exists(connection: DuckDBConnection, id: string): Promise<boolean> {
  return (await rowsOf(connection, "SELECT 1 FROM tenants WHERE id = $1", [id])).length > 0;
}

/**
 * Makes a tenant the owner of exactly its accounts. Only what changes is written: the engine refuses a key that is
 * deleted and inserted again in one transaction.
 * @throws DomainError `tenant.account-taken`
 */
async function claimAccounts(connection: DuckDBConnection, tenant: Tenant): Promise<void> {
  const rows = await rowsOf(connection, "SELECT account, tenant FROM accounts");
  const owners = new Map(rows.map(([account, owner]) => [String(account), String(owner)]));
  for (const account of tenant.accounts) {
    const owner = owners.get(account);
    if (owner === undefined || owner === tenant.id) continue;
    throw new DomainError(
      "tenant.account-taken",
      "conflict",
      `The account ${account} belongs to the tenant "${owner}"`,
      { field: "accounts", fix: `Take it from "${owner}" first, or leave it out.` },
    );
  }
  const wanted = new Set(tenant.accounts);
  for (const [account, owner] of owners) {
    if (owner === tenant.id && !wanted.has(account)) {
      await execute(connection, "DELETE FROM accounts WHERE account = $1", [account]);
    }
  }
  for (const account of wanted) {
    if (!owners.has(account)) {
      await execute(connection, "INSERT INTO accounts VALUES ($1, $2)", [account, tenant.id]);
    }
  }
}
