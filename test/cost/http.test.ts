import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/http/logger.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { ALPHA_TOTAL, admin, analyst, seed, SEPTEMBER, viewer } from "../runtimes/seed.ts";
import { ask as askTarget, type AskOptions, type HttpTarget, type Reply } from "../runtimes/target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
let target: HttpTarget;
const ask = (line: string, options?: AskOptions): Promise<Reply> => askTarget(target, line, options);

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "securebase-cost-http-"));
  const runtime = await openEmbedded({
    directory,
    env: { SECUREBASE_JWT_SECRET: SECRET },
    logger: silentLogger,
  });
  target = {
    fetch: runtime.fetch,
    baseUrl: "http://app.test",
    secret: new TextEncoder().encode(SECRET),
    async close() {
      await runtime.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await seed(target);
});
afterAll(() => target.close());

const manager = (customerId: string) => ({ role: "manager", customerId, sub: "m" });
const BUDGET = { name: "All", amount: "12.50", currency: "USD" };

describe("cost routes", () => {
  it("charge the tenant's own bill back, to the last digit", async () => {
    const { json } = await ask("GET /v1/analytics/costs/chargeback", {
      as: viewer("alpha"),
      query: SEPTEMBER,
    });
    expect(json).toMatchObject({ total: ALPHA_TOTAL, unallocated: "0", currency: "USD" });
    const { table } = json as { table: { rows: string[][] } };
    expect(table.rows.map((row) => row[0])).toEqual(["000000000002", "000000000001", "Unallocated"]);
  });

  it("take filters, accounts and currencies, and name what they do not know", async () => {
    const query = { ...SEPTEMBER, where: "service=Amazon EC2", account: "000000000001", currency: "USD" };
    const { json } = await ask("GET /v1/analytics/costs/savings", { as: viewer("alpha"), query });
    expect(json).toMatchObject({ views: { billed: "3.75" }, savings: { total: "0" } });
    const wrong = await ask("GET /v1/analytics/costs/chargeback", {
      as: viewer("alpha"),
      query: { ...SEPTEMBER, by: "team" },
    });
    expect([wrong.status, wrong.json]).toMatchObject([400, { code: "query.unknown-dimension" }]);
  });

  it("forecast and judge only what they can", async () => {
    const forecast = await ask("GET /v1/analytics/costs/forecast", { as: viewer("alpha") });
    expect(forecast.json).toMatchObject({ asOf: "2024-09-04", months: [{ spent: ALPHA_TOTAL }] });
    const anomalies = await ask("GET /v1/analytics/costs/anomalies", {
      as: viewer("alpha"),
      query: SEPTEMBER,
    });
    expect(anomalies.json).toMatchObject({ total: 0, anomalies: [] });
  });

  it("answer another tenant nothing of it", async () => {
    const { bytes } = await ask("GET /v1/analytics/costs/chargeback", {
      as: viewer("gamma"),
      query: SEPTEMBER,
    });
    expect(bytes.toString()).not.toContain("00000000000");
  });

  it("export a chargeback with its parameters, and refuse parameters that are none", async () => {
    const body = { format: "csv", report: "chargeback", range: SEPTEMBER, parameters: { by: "service" } };
    const { bytes, headers } = await ask("POST /v1/analytics/export", { as: analyst("alpha"), body });
    expect(bytes.toString()).toMatch(/^Service,Name,Direct cost \(USD\)/);
    expect(headers.get("x-rows-written")).toBe("4");
    const wrong = await ask("POST /v1/analytics/export", {
      as: analyst("alpha"),
      body: { ...body, parameters: { per: "x" } },
    });
    expect(wrong.json).toMatchObject({ code: "report.unknown-parameter", field: "parameters.per" });
  });

  it("save a copy of a template with its parameters built in, and run it", async () => {
    const made = await ask("POST /v1/reports/templates/chargeback", {
      as: analyst("alpha"),
      body: { parameters: { by: "region", shared: "even" } },
    });
    expect(made.json).toMatchObject({ definition: { title: "Chargeback by region" } });
    const { id } = made.json as { id: string };
    const run = await ask(`POST /v1/reports/${id}/run`, { as: viewer("alpha"), body: { range: SEPTEMBER } });
    const { sections } = run.json as {
      sections: { kind: string; detail?: boolean; data?: { rows: string[][] } }[];
    };
    const detail = sections.find((section) => section.detail === true);
    expect(detail?.data?.rows.map((row) => row[0])).toEqual(["us-east-1", "eu-west-1", "Unallocated"]);
  });
});

describe("budgets", () => {
  it("are set by managers and admins, and seen by all of the tenant", async () => {
    const refused = await ask("POST /v1/budgets", { as: analyst("alpha"), body: BUDGET });
    expect([refused.status, refused.json]).toMatchObject([403, { code: "access.forbidden" }]);
    const made = await ask("POST /v1/budgets", { as: manager("alpha"), body: BUDGET });
    expect(made.status).toBe(201);
    const { id, etag } = made.json as { id: string; etag: string };
    expect(made.headers.get("location")).toBe(`/v1/budgets/${id}`);
    expect(made.headers.get("etag")).toBe(`"${etag}"`);
    const query = { month: "2024-09" };
    const listed = await ask("GET /v1/budgets", { as: viewer("alpha"), query });
    expect(listed.json).toMatchObject({
      items: [{ amount: "12.5", thresholds: [50, 80, 100], state: { spent: ALPHA_TOTAL, status: "ok" } }],
      next: null,
    });
    expect((await ask(`GET /v1/budgets/${id}`, { as: viewer("beta") })).status).toBe(404);
    expect((await ask("GET /v1/budgets", { as: viewer("beta") })).json).toMatchObject({ items: [] });
  });

  it("are changed only by who has seen the latest version", async () => {
    const as = admin("beta");
    const made = await ask("POST /v1/budgets", { as, body: BUDGET });
    const { id, etag } = made.json as { id: string; etag: string };
    const put = (headers: Record<string, string>, amount: string): Promise<Reply> =>
      ask(`PUT /v1/budgets/${id}`, { as, headers, body: { ...BUDGET, amount } });
    expect(await put({}, "1")).toMatchObject({ status: 428, json: { code: "budget.precondition-required" } });
    const changed = await put({ "if-match": `"${etag}"` }, "400");
    expect(changed).toMatchObject({ status: 200, json: { amount: "400" } });
    expect(await put({ "if-match": `"${etag}"` }, "1")).toMatchObject({
      status: 412,
      json: { code: "budget.changed" },
    });
    const remove = (headers: Record<string, string>): Promise<Reply> =>
      ask(`DELETE /v1/budgets/${id}`, { as, headers });
    expect((await remove({ "if-match": `"${etag}"` })).status).toBe(412);
    expect((await remove({ "if-match": changed.headers.get("etag") ?? "" })).status).toBe(204);
    expect((await remove({})).status).toBe(404);
  });

  it("are checked before they are set", async () => {
    const as = manager("alpha");
    const cases: [object, string][] = [
      [{ ...BUDGET, amount: "-1" }, "budget.invalid-amount"],
      [{ ...BUDGET, currency: "dollars" }, "budget.invalid-currency"],
      [{ ...BUDGET, thresholds: [120.5] }, "budget.invalid-threshold"],
      [
        { ...BUDGET, filters: [{ field: "month", op: "equals", value: "2024-09-01" }] },
        "budget.invalid-filter",
      ],
      [{ ...BUDGET, owner: "me" }, "request.unknown-field"],
    ];
    for (const [body, code] of cases)
      expect((await ask("POST /v1/budgets", { as, body })).json, code).toMatchObject({ code });
  });
});
