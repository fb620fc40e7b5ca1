import { rmSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unpackFolder } from "../../../test/support/sample-folder.ts";
import { Database, STORE_FILE } from "./database.ts";

const FIRST = join(import.meta.dirname, "../../../test/fixtures/folder-1");

describe("migrations", () => {
  let directory: string;
  beforeEach(() => {
    directory = unpackFolder(FIRST);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs something on a folder's file as it is, without opening it as a store. */
  async function raw<T>(
    task: (run: (sql: string) => Promise<unknown[][]>) => Promise<T>,
    path = join(directory, STORE_FILE),
  ): Promise<T> {
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    try {
      return await task(async (sql) => (await connection.runAndReadAll(sql)).getRows());
    } finally {
      connection.disconnectSync();
      instance.closeSync();
    }
  }
  const COLUMNS = `SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns()
    WHERE NOT internal ORDER BY table_name, column_index`;
  const everything = (run: (sql: string) => Promise<unknown[][]>) => run(COLUMNS);

  it("make of the first version's tables those of a new store", async () => {
    const before = await raw(everything);
    (await Database.open(directory)).close();
    const after = await raw(everything);
    expect(after).not.toEqual(before);
    const fresh = join(directory, "fresh");
    (await Database.open(fresh)).close();
    expect(after).toEqual(await raw(everything, join(fresh, STORE_FILE)));
    const versions = await raw((run) => run("SELECT value FROM meta WHERE key = 'schema_version'"));
    expect(versions).toEqual(await raw((run) => run("SELECT value FROM meta"), join(fresh, STORE_FILE)));
  });

  it("take every record along", async () => {
    const count = (table: string) =>
      raw(async (run) => Number((await run(`SELECT count(*) FROM ${table}`))[0]?.[0]));
    const tables = { tenant: "tenants", report: "reports", budget: "budgets" };
    const others = { connection: "connections", export: "exports" };
    const expected: Record<string, number> = {};
    for (const [kind, table] of Object.entries({ ...tables, ...others })) expected[kind] = await count(table);
    const accounts = await count("accounts");
    (await Database.open(directory)).close();
    const counted = await raw((run) => run("SELECT kind, count(*)::INTEGER FROM records GROUP BY kind"));
    expect(Object.fromEntries(counted as [string, number][])).toEqual(expected);
    expect(await count("record_keys")).toBe(accounts);
  });

  it("take loads with facts of none of a tenant's accounts for ones that were given to it by name", async () => {
    const loads = (run: (sql: string) => Promise<unknown[][]>) =>
      run(
        `SELECT DISTINCT k.id, l.follows FROM loads l JOIN tenant_keys k ON k.key = l.tenant ORDER BY k.id`,
      );
    const owned = await raw((run) =>
      run(`SELECT DISTINCT k.id, a.tenant IS NOT NULL FROM facts_cost f JOIN tenant_keys k ON k.key = f.tenant
        LEFT JOIN accounts a ON a.account = f.sub_account_id AND a.tenant = k.id ORDER BY k.id`),
    );
    expect(owned.some(([, is]) => is === true)).toBe(true);
    const named = String(owned.find(([, is]) => is === true)?.[0]);
    await raw((run) => run(`DELETE FROM accounts WHERE tenant = '${named}'`));
    (await Database.open(directory)).close();
    const after = await raw(loads);
    expect(after).toContainEqual([named, "[]"]);
    expect(after).not.toContainEqual([named, null]);
    for (const [tenant, follows] of after) if (tenant === "unassigned") expect(follows).toBeNull();
    for (const [tenant, is] of owned)
      if (is === true && tenant !== named) expect(after).toContainEqual([tenant, null]);
  });

  it("do without the tables that were only made when they were needed", async () => {
    await raw(async (run) => {
      for (const table of ["budgets", "connections"]) await run(`DROP TABLE ${table}`);
    });
    (await Database.open(directory)).close();
    const counted = await raw((run) => run("SELECT DISTINCT kind FROM records ORDER BY kind"));
    expect(counted.flat()).toEqual(["export", "report", "tenant"]);
  });

  it("leave everything as it was when one of them fails", async () => {
    await raw((run) => run(`UPDATE exports SET record = '{"expiresAt":"never"}'`));
    const before = await raw(everything);
    await expect(Database.open(directory)).rejects.toThrow(/never/);
    expect(await raw(everything)).toEqual(before);
    await raw((run) => run(`UPDATE exports SET record = '{"expiresAt":"2024-10-01T00:00:00Z"}'`));
    (await Database.open(directory)).close();
  });
});
