import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openFolder } from "../support/sample-folder.ts";
import { ALPHA_TOTAL, admin, analyst, CHARGES, focusCsv, OPERATOR, seed, SEPTEMBER } from "./seed.ts";
import { ask, type HttpTarget } from "./target.ts";

const query = { dataset: "cost", range: SEPTEMBER, groupBy: ["service"], measures: ["billed_cost"] };
const budget = { name: "All", amount: "20", currency: "USD" };

describe("an answer that the embedded service has given before", () => {
  let directory: string;
  let target: HttpTarget;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
    target = await openFolder(directory);
    await seed(target);
  });
  afterAll(async () => {
    await target.close();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(() => vi.restoreAllMocks());

  /** Statements that the engine is given while something is done. */
  async function statements(task: () => Promise<unknown>): Promise<number> {
    const names = ["run", "runAndReadAll", "stream", "prepare", "start"] as const;
    const spies = names.map((name) => vi.spyOn(DuckDBConnection.prototype, name));
    await task();
    const calls = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
    vi.restoreAllMocks();
    return calls;
  }
  const total = async (): Promise<unknown> => {
    const { json } = await ask(target, "POST /v1/analytics/query", { as: analyst("alpha"), body: query });
    return (json as { totals: { cells: unknown[] }[] }).totals[0]?.cells.at(-1);
  };
  const get = (line: string, as = analyst("alpha")) => ask(target, `GET ${line}`, { as });

  it("costs no statement of the engine, until something is written about it", async () => {
    await ask(target, "POST /v1/reports/templates/cost-analysis", { as: analyst("alpha") });
    const questions = ["/v1/reports", "/v1/budgets", "/v1/exports", "/v1/reports/nothing"];
    const all = async (): Promise<void> => {
      expect(await total()).toBe(ALPHA_TOTAL);
      for (const path of questions) await get(path);
    };
    expect(await statements(all)).toBeGreaterThan(0);
    expect(await statements(all)).toBe(0);
    await ask(target, "POST /v1/budgets", { as: admin("beta"), body: budget });
    expect(await statements(all)).toBe(0);
    await ask(target, "POST /v1/budgets", { as: admin("alpha"), body: budget });
    const { json } = await get("/v1/budgets");
    expect((json as { items: unknown[] }).items).toHaveLength(1);
  });

  it("is another as soon as a load, a removal or a claimed account changes it", async () => {
    const imported = async (billed: string): Promise<void> => {
      const raw = focusCsv([{ ...CHARGES[0]!, billed }, CHARGES[5]!]);
      await ask(target, "POST /v1/imports?name=seed.csv", { as: OPERATOR, raw });
    };
    for (const billed of ["1", "2", "3"]) {
      await imported(billed);
      expect([await total(), await total()]).toEqual([billed, billed]);
    }
    const accounts = [...new Set(CHARGES.map(({ account }) => account))];
    const claim = (id: string, claimed: string[]) =>
      ask(target, `PUT /v1/tenants/${id}`, { as: OPERATOR, body: { accounts: claimed } });
    await claim("beta", []);
    await claim("alpha", accounts);
    expect(await total()).toBe("503");
    expect((await get("/v1/tenants", admin("alpha"))).json).toMatchObject({ items: [{ accounts }] });
  });
});
