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

  it("tell loads by accounts from loads that may have been given to a tenant by name", async () => {
    const follows = (run: (sql: string) => Promise<unknown[][]>) =>
      run(`SELECT k.id, l.follows, l.load_id FROM loads l JOIN tenant_keys k ON k.key = l.tenant
        WHERE l.dataset = 'cost' ORDER BY l.load_id`);
    const [, alone, shared] = await raw(async (run) => {
      const loads =
        await run(`SELECT k.id, l.load_id, l.tenant FROM loads l JOIN tenant_keys k ON k.key = l.tenant
        WHERE l.dataset = 'cost' AND l.tenant <> 0 ORDER BY l.load_id`);
      const [[tenant, loadId] = []] = loads;
      await run("UPDATE loads SET id = load_id::VARCHAR");
      const [[account] = []] = await run(
        `SELECT min(account) FROM accounts WHERE tenant = '${String(tenant)}'`,
      );
      // One account of the tenant, and one of nobody, in a load of its own.
      await run(
        `UPDATE facts_cost SET sub_account_id = '${String(account)}' WHERE load_id = ${String(loadId)}`,
      );
      await run(`INSERT INTO facts_cost (tenant, day, load_id, sub_account_id)
        SELECT tenant, day, load_id, 'of nobody' FROM facts_cost WHERE load_id = ${String(loadId)} LIMIT 1`);
      const other = loads.find(([, , key]) => key !== loads[0]?.[2]);
      await run(`INSERT INTO loads SELECT load_id + 1000, id, 0, dataset, source, period, format, files, rows, loaded_at
        FROM loads WHERE load_id = ${String(other?.[1])}`);
      return [tenant, { loadId, account }, { loadId: other?.[1] }];
    });
    (await Database.open(directory)).close();
    const after = new Map((await raw(follows)).map(([, what, loadId]) => [loadId, what]));
    expect(after.get((alone as { loadId: number }).loadId)).toBe(
      JSON.stringify([(alone as { account: string }).account]),
    );
    expect(after.get((shared as { loadId: number }).loadId)).toBeNull();
    const unassigned = (await raw(follows)).filter(([tenant]) => tenant === "unassigned");
    expect(new Set(unassigned.map(([, what]) => what))).toEqual(new Set([null]));
  });

  it("do without the tables that were only made when they were needed", async () => {
    await raw(async (run) => {
      for (const table of ["budgets", "connections"]) await run(`DROP TABLE ${table}`);
    });
    (await Database.open(directory)).close();
    const counted = await raw((run) => run("SELECT DISTINCT kind FROM records ORDER BY kind"));
    expect(counted.flat()).toEqual(["export", "report", "tenant"]);
  });

  it.each(["'0'", "'-1'", "'1.5'", "'two'", "''", "'NaN'"])(
    "refuse a store of version %s",
    async (version) => {
      await raw((run) => run(`UPDATE meta SET value = ${version} WHERE key = 'schema_version'`));
      const before = await raw(everything);
      await expect(Database.open(directory)).rejects.toMatchObject({ code: "store.unknown-version" });
      expect(await raw(everything)).toEqual(before);
    },
  );

  it("refuse a store without a version, one of a later version, and files of others", async () => {
    await raw((run) => run("UPDATE meta SET value = '999' WHERE key = 'schema_version'"));
    await expect(Database.open(directory)).rejects.toMatchObject({ code: "store.newer-version" });
    await raw((run) => run("DELETE FROM meta"));
    await expect(Database.open(directory)).rejects.toMatchObject({ code: "store.unknown-version" });
    await raw((run) => run("DROP TABLE meta"));
    await expect(Database.open(directory)).rejects.toMatchObject({ code: "store.unknown-version" });
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
