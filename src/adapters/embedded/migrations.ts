import type { DuckDBConnection } from "@duckdb/node-api";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { createSchema, OWNER_CHANGES, RECORD_TABLES } from "./schema.ts";
import { execute, rowsOf } from "../../duckdb/sql.ts";

/** A step from one shape of the tables to the next. */
export interface Migration {
  /** The version that it leads to. */
  version: number;
  migrate(connection: DuckDBConnection): Promise<void>;
}

/** In order, from the version after the first on. What is listed here never changes again. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 2, migrate: oneTableOfRecords },
  { version: 3, migrate: factsThatFollow },
];

/**
 * Makes the tables of an empty store, or brings those of an older one up to date. Runs in the caller's transaction, so
 * that a failure leaves the store as it was.
 * @param directory for messages
 * @throws DomainError `store.newer-version`, `store.unknown-version`
 */
export async function migrate(
  connection: DuckDBConnection,
  directory: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const newest = migrations.at(-1)?.version ?? 1;
  if (!(await hasTable(connection, "meta"))) {
    if (await hasAnyTable(connection)) throw unknownStore(directory, "it has other tables and no version");
    await connection.run("CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)");
    await execute(connection, "INSERT INTO meta VALUES ('schema_version', $1)", [String(newest)]);
    for (const statement of createSchema()) await connection.run(statement);
    return;
  }
  const [row] = await rowsOf(connection, "SELECT value FROM meta WHERE key = 'schema_version'");
  const version = Number(row?.[0]);
  if (!Number.isInteger(version) || version < 1)
    throw unknownStore(
      directory,
      `its version is ${row === undefined ? "missing" : `"${shorten(String(row[0]))}"`}`,
    );
  if (version > newest) {
    throw new DomainError(
      "store.newer-version",
      "conflict",
      `The store in ${directory} was written by a newer version (schema ${version}, this one knows ${newest})`,
      { fix: "Update securebase, or use another data folder with --data." },
    );
  }
  for (const step of migrations) {
    if (step.version > version) await step.migrate(connection);
  }
  if (version < newest) {
    await execute(connection, "UPDATE meta SET value = $1 WHERE key = 'schema_version'", [String(newest)]);
  }
}

function unknownStore(directory: string, why: string): DomainError {
  return new DomainError(
    "store.unknown-version",
    "conflict",
    `The file in ${directory} is no store that this program knows: ${why}`,
    { fix: "Put the store back from a backup, or use another data folder with --data." },
  );
}

async function hasAnyTable(connection: DuckDBConnection): Promise<boolean> {
  return (await rowsOf(connection, "SELECT 1 FROM duckdb_tables() WHERE NOT internal LIMIT 1")).length > 0;
}

async function hasTable(connection: DuckDBConnection, name: string): Promise<boolean> {
  const sql = "SELECT 1 FROM duckdb_tables() WHERE table_name = $1 AND NOT internal";
  return (await rowsOf(connection, sql, [name])).length > 0;
}

/** Tenants, accounts, reports, budgets, connections and exports had a table each; not every store has all of them. */
async function oneTableOfRecords(connection: DuckDBConnection): Promise<void> {
  for (const statement of RECORD_TABLES) await connection.run(statement);
  const sources = {
    tenants: "SELECT '', 'tenant', id, uuid(), 1, NULL, NULL, record FROM tenants",
    connections: "SELECT '', 'connection', id, uuid(), 1, NULL, NULL, record FROM connections",
    reports: `SELECT k.id, 'report', r.id, r.etag, 1, NULL, NULL, r.record
      FROM reports r JOIN tenant_keys k ON k.key = r.tenant`,
    budgets: `SELECT k.id, 'budget', b.id, json_extract_string(b.record, '$.etag'), 1, NULL, NULL, b.record
      FROM budgets b JOIN tenant_keys k ON k.key = b.tenant`,
    exports: `SELECT k.id, 'export', e.id, uuid(), 1, NULL,
      json_extract_string(e.record, '$.expiresAt')::TIMESTAMP, e.record
      FROM exports e JOIN tenant_keys k ON k.key = e.tenant`,
  };
  for (const [table, select] of Object.entries(sources)) {
    if (!(await hasTable(connection, table))) continue;
    await connection.run(`INSERT INTO records ${select}`);
    await connection.run(`DROP TABLE ${table}`);
  }
  await connection.run(
    "INSERT INTO record_keys SELECT '', 'tenant', 'account', account, tenant FROM accounts",
  );
  await connection.run("DROP TABLE accounts");
}

/**
 * Loads did not say whether their facts went to a tenant as the owner of the accounts or by name. One whose facts went to
 * several tenants went by accounts, and all of it follows them as it did. Of any other it is not known: what follows is
 * what the tenant has the accounts of, and no account it has not takes anything away from it.
 */
async function factsThatFollow(connection: DuckDBConnection): Promise<void> {
  await connection.run(OWNER_CHANGES);
  await connection.run("ALTER TABLE loads ADD COLUMN follows VARCHAR");
  for (const dataset of ["cost", "findings", "controls", "usage"]) {
    const unclear = `l.tenant <> 0 AND l.dataset = '${dataset}'
      AND l.id NOT IN (SELECT id FROM loads GROUP BY id HAVING count(DISTINCT tenant) > 1)`;
    await connection.run(`UPDATE loads l SET follows = '[]' WHERE ${unclear}`);
    await connection.run(`UPDATE loads l SET follows = o.accounts
      FROM (SELECT f.load_id, to_json(list(DISTINCT f.sub_account_id ORDER BY f.sub_account_id))::VARCHAR AS accounts
        FROM facts_${dataset} f JOIN tenant_keys k ON k.key = f.tenant
        JOIN record_keys r ON r.space = '' AND r.kind = 'tenant' AND r.name = 'account'
          AND r.value = f.sub_account_id AND r.id = k.id
        GROUP BY f.load_id) o
      WHERE o.load_id = l.load_id AND ${unclear}`);
  }
}
