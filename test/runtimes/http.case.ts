import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits/limits.ts";
import { routeList } from "../../src/contract/routes.ts";
import { may, ROLES } from "../../src/core/access/access.ts";
import {
  ADMIN_IMPORT,
  ALPHA_TOTAL,
  admin,
  analyst,
  CHARGES,
  focusCsv,
  OPERATOR,
  seed,
  SEPTEMBER,
  viewer,
} from "./seed.ts";
import { ask as askTarget, type AskOptions, type HttpTarget, type Reply, tokenFor } from "./target.ts";

/** What a runtime cannot do, with the reason; the scenarios that need it are left out by name. */
export interface HttpCapabilities {
  /** Uploads of any size are streamed; a function's event has a limit of some megabytes. */
  largeUploads: boolean;
}

/**
 * The API as its clients see it. The same scenarios run against the app, the Node server and the function; every answer
 * is also checked against the contract.
 */
export function describeHttp(
  name: string,
  start: () => Promise<HttpTarget>,
  capabilities: HttpCapabilities = { largeUploads: true },
): void {
  describe(`HTTP API on ${name}`, () => {
    let target: HttpTarget;
    const ask = (line: string, options?: AskOptions): Promise<Reply> => askTarget(target, line, options);

    beforeAll(async () => {
      target = await start();
      await seed(target);
    });
    afterAll(() => target.close());

    describeService(ask);
    describeAccess(ask, () => target);
    describeIsolation(ask);
    describeAnalytics(ask);
    describeMistakes(ask);
    describeReports(ask);
    describeExports(ask);
    describeImports(ask, capabilities);
    describeJobs(ask);
    describeTenants(ask);
    describeAudit(ask);
    describeExamples(ask);
    describeLimits(ask);
  });
}

type Ask = (line: string, options?: AskOptions) => Promise<Reply>;
interface Result {
  columns: { id: string }[];
  rows: (string | null)[][];
  totals: { unit: string | null; cells: (string | null)[] }[];
  others: { groups: number; cells: (string | null)[] } | null;
  completeness: { rows: number; rowsTotal: number; complete: boolean; notes: string[] };
}
interface ProblemBody {
  code: string;
  detail: string;
  fix?: string;
  field?: string;
  allowed?: string[];
  errors?: unknown[];
}
const resultOf = (reply: Reply): Result => reply.json as Result;
const problemOf = (reply: Reply): ProblemBody => reply.json as ProblemBody;
const costQuery = { dataset: "cost", range: SEPTEMBER };

function describeService(ask: Ask): void {
  describe("the service", () => {
    it("tells its health to everybody, every dependency with its latency", async () => {
      const { status, json, headers } = await ask("GET /v1/health");
      expect(status).toBe(200);
      expect(json).toMatchObject({ status: "ok" });
      const { dependencies } = json as { dependencies: { name: string; latencyMs: number }[] };
      expect(dependencies.length).toBeGreaterThan(0);
      for (const dependency of dependencies) expect(dependency.latencyMs).toBeGreaterThanOrEqual(0);
      expect(headers.get("cache-control")).toContain("no-store");
    });

    it("describes itself, every route of the contract", async () => {
      const { json } = await ask("GET /v1/openapi.json");
      const { paths } = json as { paths: Record<string, Record<string, unknown>> };
      for (const route of routeList()) expect(paths[route.path]).toHaveProperty(route.method.toLowerCase());
    });

    it.each(["/", "/docs"])(
      "shows %s as a page that loads nothing and runs nothing foreign",
      async (path) => {
        const { status, headers, bytes } = await ask(`GET ${path}`);
        const html = bytes.toString("utf8");
        expect(status).toBe(200);
        expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
        expect(headers.get("content-security-policy")).toMatch(/default-src 'none'; style-src 'sha256-/);
        expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)="(?!data:)/);
        expect(html).toMatch(/<html lang="en">/);
      },
    );

    it("says who the token is", async () => {
      expect((await ask("GET /v1/me", { as: viewer("alpha") })).json).toMatchObject({
        role: "viewer",
        subject: "viewer-alpha",
        tenant: { id: "alpha", name: "Alpha Health" },
        actions: ["view"],
      });
      expect((await ask("GET /v1/me", { as: OPERATOR })).json).toMatchObject({
        role: "operator",
        tenant: null,
      });
    });

    it("answers HEAD like GET without the body, and OPTIONS with the methods", async () => {
      const head = await ask("HEAD /v1/health");
      expect([head.status, head.bytes.length]).toEqual([200, 0]);
      const options = await ask("OPTIONS /v1/reports");
      expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, POST, OPTIONS"]);
    });

    it("keeps a request id that a caller sends, if it is one", async () => {
      const kept = await ask("GET /v1/health", { headers: { "X-Request-Id": "client-0815" } });
      expect(kept.headers.get("x-request-id")).toBe("client-0815");
      const odd = await ask("GET /v1/health", { headers: { "X-Request-Id": "a b\u00e4" } });
      expect(odd.headers.get("x-request-id")).not.toContain(" ");
    });
  });
}

function describeAccess(ask: Ask, target: () => HttpTarget): void {
  const closed = routeList().filter((route) => route.access !== "public");
  const lineOf = (route: { method: string; path: string }): string =>
    `${route.method} ${route.path.replace(/\{\w+\}/g, "nothing")}`;

  describe("access", () => {
    it.each(closed)("$method $path needs a token", async (route) => {
      const { status, headers, json } = await ask(lineOf(route));
      expect(status).toBe(401);
      expect(json).toMatchObject({ code: "auth.missing-token" });
      expect(headers.get("www-authenticate")).toBe('Bearer realm="securebase"');
    });

    it.each([
      ["expired", (t: HttpTarget) => tokenFor(t, viewer("alpha"), -1), "auth.expired-token"],
      [
        "of another key",
        (t: HttpTarget) => tokenFor({ ...t, secret: new Uint8Array(32) }, viewer("alpha")),
        "auth.wrong-signature",
      ],
      ["no token at all", () => Promise.resolve("nonsense"), "auth.malformed-token"],
      ["without role", (t: HttpTarget) => tokenFor(t, { customerId: "alpha" }), "auth.unknown-role"],
      ["without customer", (t: HttpTarget) => tokenFor(t, { role: "viewer" }), "auth.no-customer"],
    ])("is refused to a token that is %s", async (_, make, code) => {
      const token = await make(target());
      const reply = await ask("GET /v1/analytics", { as: `Bearer ${token}` });
      expect([reply.status, problemOf(reply).code]).toEqual([401, code]);
      expect(reply.headers.get("www-authenticate")).toContain('error="invalid_token"');
      expect(reply.bytes.toString()).not.toContain(token);
    });

    it("is refused to a customer who is not registered, without telling who is", async () => {
      const reply = await ask("GET /v1/analytics", { as: viewer("nobody") });
      expect([reply.status, problemOf(reply).code]).toEqual([403, "auth.unknown-customer"]);
      expect(reply.bytes.toString()).not.toMatch(/alpha|beta/);
    });

    it.each(ROLES)("is what the table says for every route: %s", async (role) => {
      const as = role === "operator" ? OPERATOR : { role, customerId: "gamma", sub: "x" };
      for (const route of closed) {
        const action = route.access;
        if (action === "public") continue;
        const { status } = await ask(lineOf(route), { as });
        const allowed = action === "any" || may(role, action);
        expect(status === 403, `${role} ${lineOf(route)} answered ${status}`).toBe(!allowed);
      }
    });

    it("of viewers ends at looking; the problem names the roles that may", async () => {
      const body = { format: "csv", query: costQuery };
      const reply = await ask("POST /v1/analytics/export", { as: viewer("alpha"), body });
      expect([reply.status, problemOf(reply).code]).toEqual([403, "access.forbidden"]);
      expect(problemOf(reply).fix).toContain("admin, manager, analyst");
      expect(reply.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    });

    it("of operators does not reach any tenant's data", async () => {
      for (const line of [
        "GET /v1/analytics",
        "GET /v1/reports",
        "GET /v1/exports",
        "GET /v1/analytics/costs",
      ]) {
        expect((await ask(line, { as: OPERATOR })).status, line).toBe(403);
      }
    });
  });
}

function describeIsolation(ask: Ask): void {
  describe("the tenant comes from the token and nowhere else", () => {
    it.each(["tenant", "customerId", "customer_id"])(
      "not from a parameter or field %s: it is refused",
      async (name) => {
        const query = await ask("GET /v1/analytics", { as: viewer("alpha"), query: { [name]: "beta" } });
        expect([query.status, problemOf(query).code]).toEqual([400, "request.unknown-field"]);
        const body = { ...costQuery, [name]: "beta" };
        const post = await ask("POST /v1/analytics/query", { as: viewer("alpha"), body });
        expect([post.status, problemOf(post).code]).toEqual([400, "request.unknown-field"]);
        const exported = { format: "csv", query: costQuery, [name]: "beta" };
        expect(
          (await ask("POST /v1/analytics/export", { as: analyst("alpha"), body: exported })).status,
        ).toBe(400);
      },
    );

    it("not from a header: it is not read", async () => {
      const headers = {
        "X-Tenant": "beta",
        "X-Tenant-Id": "beta",
        "X-Customer-Id": "beta",
        customerId: "beta",
      };
      const reply = await ask("GET /v1/analytics", { as: viewer("alpha"), headers, query: SEPTEMBER });
      expect(resultOf(reply).totals[0]?.cells).toEqual([ALPHA_TOTAL]);
    });

    it("not from a filter: another tenant's account has nothing in it", async () => {
      const query = { ...SEPTEMBER, where: "account=000000000003" };
      const reply = resultOf(await ask("GET /v1/analytics", { as: viewer("alpha"), query }));
      expect(reply.completeness.notes).toContain("No facts match this query.");
    });

    it("gives each its own answer to the same question", async () => {
      const ofAlpha = await ask("POST /v1/analytics/query", { as: viewer("alpha"), body: costQuery });
      const ofBeta = await ask("POST /v1/analytics/query", { as: viewer("beta"), body: costQuery });
      const ofGamma = await ask("POST /v1/analytics/query", { as: viewer("gamma"), body: costQuery });
      expect(resultOf(ofAlpha).totals[0]?.cells).toEqual([ALPHA_TOTAL]);
      expect(resultOf(ofBeta).totals[0]?.cells).toEqual(["500"]);
      expect(resultOf(ofGamma).totals[0]?.cells).toEqual([null]);
    });

    it("hides one's reports and exports from another, as if they were not there", async () => {
      const report = await ask("POST /v1/reports/templates/cost-analysis", { as: analyst("alpha") });
      const { id } = report.json as { id: string };
      const job = await ask("POST /v1/analytics/export", {
        as: analyst("alpha"),
        body: { format: "csv", query: costQuery, delivery: "job" },
      });
      const { id: exportId } = job.json as { id: string };
      const tag = { "If-Match": report.headers.get("etag") ?? "" };
      const definition = (report.json as { definition: unknown }).definition;
      const as = admin("beta");
      expect((await ask(`GET /v1/reports/${id}`, { as })).status).toBe(404);
      expect((await ask(`PUT /v1/reports/${id}`, { as, headers: tag, body: definition })).status).toBe(404);
      expect((await ask(`DELETE /v1/reports/${id}`, { as })).status).toBe(404);
      expect((await ask(`POST /v1/reports/${id}/run`, { as })).status).toBe(404);
      expect(
        (await ask("POST /v1/analytics/export", { as, body: { format: "csv", report: id } })).status,
      ).toBe(404);
      expect((await ask(`GET /v1/exports/${exportId}`, { as })).status).toBe(404);
      expect((await ask(`GET /v1/exports/${exportId}/download`, { as })).status).toBe(404);
      expect((await ask("GET /v1/reports", { as })).json).toEqual({ items: [], next: null });
      expect((await ask("GET /v1/exports", { as })).json).toEqual({ items: [], next: null });
      expect((await ask(`GET /v1/reports/${id}`, { as: viewer("alpha") })).status).toBe(200);
    });
  });
}

function describeAnalytics(ask: Ask): void {
  describe("questions", () => {
    const as = viewer("alpha");

    it("are answered exactly, to the last digit", async () => {
      const reply = resultOf(
        await ask("POST /v1/analytics/query", { as, body: { ...costQuery, groupBy: ["service"] } }),
      );
      expect(reply.rows).toEqual([
        ["Amazon EC2", "10.25"],
        ["Amazon S3", "0.000000000000000003"],
        ["=SUM(A1)", "-0.25"],
      ]);
      expect(reply.totals).toEqual([{ unit: "USD", cells: [null, ALPHA_TOTAL] }]);
      expect(reply.completeness).toMatchObject({ rows: 3, rowsTotal: 3, complete: true });
    });

    it("mean the same by URL and by body", async () => {
      const byUrl = await ask(
        "GET /v1/analytics?groupBy=day,account&where=service%5EAmazon&where=region!=eu-west-1&sort=-billed_cost&limit=2&from=2024-09-01&to=2024-10-01&measures=billed_cost,effective_cost",
        { as },
      );
      const byBody = await ask("POST /v1/analytics/query", {
        as,
        body: {
          ...costQuery,
          groupBy: ["day", "account"],
          measures: ["billed_cost", "effective_cost"],
          filters: [
            { field: "service", op: "starts", value: "Amazon" },
            { field: "region", op: "not", value: "eu-west-1" },
          ],
          sort: [{ by: "billed_cost", order: "desc" }],
          limit: 2,
        },
      });
      expect(byUrl.status).toBe(200);
      expect(byUrl.json).toEqual(byBody.json);
      expect(resultOf(byUrl).rows).toEqual([
        ["2024-09-03", "000000000002", "6.5", "6.5"],
        ["2024-09-02", "000000000001", "2.25", "2.25"],
      ]);
      expect(resultOf(byUrl).others).toMatchObject({ groups: 1 });
    });

    it("of the cost dashboard agree with each other and with a query", async () => {
      const { status, json } = await ask("GET /v1/analytics/costs", { as, query: SEPTEMBER });
      expect(status).toBe(200);
      const dashboard = json as Record<"totals" | "trend" | "services" | "regions" | "accounts", Result>;
      for (const part of ["totals", "trend", "services", "regions", "accounts"] as const) {
        const { columns, totals } = dashboard[part];
        const at = columns.findIndex((column) => column.id === "billed_cost");
        expect(totals[0]?.cells[at], part).toBe(ALPHA_TOTAL);
      }
      expect(dashboard.trend.rows.map((row) => row[0])).toEqual(["2024-09-01", "2024-09-02", "2024-09-03"]);
      const one = await ask("GET /v1/analytics/costs", {
        as,
        query: { ...SEPTEMBER, account: "000000000002" },
      });
      expect((one.json as { totals: Result }).totals.totals[0]?.cells[0]).toBe("6.25");
    });

    it("have an entity tag, by which a client that has them already is told so", async () => {
      for (const line of ["GET /v1/analytics", "GET /v1/analytics/costs", "GET /v1/analytics/security"]) {
        const first = await ask(line, { as, query: SEPTEMBER });
        const etag = first.headers.get("etag") ?? "";
        expect([line, first.status, etag]).toEqual([line, 200, expect.stringMatching(/^"[\w-]{22}"$/)]);
        const again = await ask(line, { as, query: SEPTEMBER, headers: { "If-None-Match": `"x", ${etag}` } });
        expect([again.status, again.bytes.length, again.headers.get("etag")]).toEqual([304, 0, etag]);
        const other = await ask(line, { as, query: SEPTEMBER, headers: { "If-None-Match": '"x"' } });
        expect([other.status, other.bytes.equals(first.bytes)]).toEqual([200, true]);
      }
    });

    it("carry the tenant's budget in headers", async () => {
      // A question that nobody has asked before: what is remembered costs nothing, and says nothing of what is left.
      const query = { ...SEPTEMBER, where: "service!=nothing of this name" };
      const first = await ask("GET /v1/analytics", { as, query });
      expect(first.headers.get("ratelimit-policy")).toBe('"queries";q=600;w=60');
      expect(first.headers.get("ratelimit")).toMatch(/^"queries";r=\d+;t=\d+$/);
      const second = await ask("GET /v1/analytics", { as, query });
      expect(second.status).toBe(200);
      expect(second.headers.get("ratelimit-policy")).toBe('"queries";q=600;w=60');
      expect(second.headers.get("ratelimit")).toBeNull();
    });
  });
}

function describeMistakes(ask: Ask): void {
  describe("mistakes", () => {
    const as = viewer("beta");
    const query = (change: object): Promise<Reply> =>
      ask("POST /v1/analytics/query", { as, body: { ...costQuery, ...change } });

    it.each<[string, object, string, string, string | undefined]>([
      ["dataset", { dataset: "costs" }, "query.unknown-dataset", "dataset", "cost"],
      ["dimension", { groupBy: ["servce"] }, "query.unknown-dimension", "groupBy[0]", "service"],
      ["measure", { measures: ["biled_cost"] }, "query.unknown-measure", "measures[0]", "billed_cost"],
      [
        "operation",
        { filters: [{ field: "service", op: "equal", value: "x" }] },
        "query.invalid-filter",
        "filters[0].op",
        "equals",
      ],
      [
        "filter field",
        { filters: [{ field: "servce", op: "equals", value: "x" }] },
        "query.unknown-dimension",
        "filters[0].field",
        "service",
      ],
      ["date", { range: { from: "2024-02-30", to: "2024-03-01" } }, "date.invalid", "from", undefined],
      ["range", { range: { from: "2024-09-02", to: "2024-09-02" } }, "range.empty", "to", undefined],
      ["preset", { range: { preset: "31d" } }, "range.unknown-preset", "range.preset", undefined],
      ["field", { groupby: ["service"] }, "request.unknown-field", "groupby", "groupBy"],
      ["limit", { limit: 0 }, "query.invalid-limit", "limit", undefined],
      ["limit", { limit: 10_001 }, "query.limit-too-large", "limit", undefined],
    ])("in a %s are named with the field and what is allowed", async (_, change, code, field, guess) => {
      const reply = await query(change);
      expect(reply.status).toBe(400);
      const problem = problemOf(reply);
      expect(problem).toMatchObject({ code, field });
      if (guess !== undefined) {
        expect(problem.fix).toContain(`Did you mean "${guess}"?`);
        expect(problem.allowed).toContain(guess);
      }
    });

    it("are listed all when there are several", async () => {
      const { errors } = problemOf(await query({ dataset: "x", limit: "ten", what: 1 }));
      expect(errors).toHaveLength(3);
    });

    it.each([
      ["GET /v1/analytics?range=30days", "range.unknown-preset", "range"],
      ["GET /v1/analytics?range=7d&from=2024-09-01", "request.ambiguous", "range"],
      ["GET /v1/analytics?from=2024-09-01", "request.missing-field", "to"],
      ["GET /v1/analytics?where=service", "query.invalid-filter", "where[0]"],
      ["GET /v1/analytics?limit=5&limit=6", "request.repeated-parameter", "limit"],
      ["GET /v1/analytics?group=service", "request.unknown-field", "group"],
    ])("%s", async (line, code, field) => {
      const reply = await ask(line, { as });
      expect(reply.status).toBe(400);
      expect(problemOf(reply)).toMatchObject({ code, field });
    });

    it("in JSON are told with their place", async () => {
      const headers = { "content-type": "application/json" };
      const reply = await ask("POST /v1/analytics/query", { as, headers, raw: '{\n  "dataset": cost\n}' });
      expect(reply.status).toBe(400);
      expect(problemOf(reply)).toMatchObject({
        code: "request.malformed-json",
        detail: 'The body is not JSON: unexpected "c" at line 2, column 14',
      });
    });

    it("of the media type and missing bodies are told", async () => {
      const form = await ask("POST /v1/analytics/query", {
        as,
        raw: new URLSearchParams("dataset=cost").toString(),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      });
      expect([form.status, problemOf(form).code]).toEqual([415, "request.unsupported-media-type"]);
      const empty = await ask("POST /v1/analytics/query", { as });
      expect([empty.status, problemOf(empty).code]).toEqual([400, "request.missing-body"]);
      const large = await ask("POST /v1/analytics/query", {
        as,
        raw: `"${"x".repeat(1_100_000)}"`,
        headers: { "content-type": "application/json" },
      });
      expect([large.status, problemOf(large).code]).toEqual([413, "request.too-large"]);
    });

    it("of the path suggest the one that was meant", async () => {
      const reply = await ask("GET /v1/analitics/costs", { as });
      expect([reply.status, problemOf(reply).code]).toEqual([404, "request.unknown-route"]);
      expect(problemOf(reply).fix).toContain("Did you mean /v1/analytics/costs?");
      const far = await ask("GET /wp-login.php");
      expect([far.status, problemOf(far).fix]).toEqual([404, expect.not.stringContaining("Did you mean")]);
    });

    it("of the method name the ones there are", async () => {
      const reply = await ask("DELETE /v1/analytics/query", { as });
      expect([reply.status, problemOf(reply).code]).toEqual([405, "request.method-not-allowed"]);
      expect(reply.headers.get("allow")).toBe("POST, OPTIONS");
    });

    it("of any size get a short answer that says what is wrong", async () => {
      const long = "x".repeat(3500);
      const body = { ...costQuery, groupBy: ["x".repeat(1_000_000)] };
      const keys = (count: number): object =>
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, 1]));
      const nested = `{"dataset":"cost","range":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
      const post = (options: AskOptions): Promise<Reply> =>
        ask("POST /v1/analytics/query", {
          as,
          ...options,
          headers: { "content-type": "application/json", ...options.headers },
        });
      const lists = { ...costQuery, filters: Array.from({ length: 300_000 }, () => ({})) };
      const boundary = { "content-type": `multipart/form-data; boundary=${"b".repeat(256)}` };
      for (const [asked, status, code] of [
        [ask(`GET /v1/analytics/${long.repeat(2)}/${long.repeat(2)}`), 404, "request.unknown-route"],
        [ask(`POST /v1/reports/${long}`, { as }), 405, "request.method-not-allowed"],
        [ask(`GET /v1/reports/${long}`, { as }), 404, "report.not-found"],
        [ask(`GET /v1/exports/${long}/download`, { as }), 404, "export.not-found"],
        [ask(`GET /v1/budgets/${long}`, { as }), 404, "budget.not-found"],
        [ask(`GET /v1/tenants/${long}`, { as: OPERATOR }), 404, "tenant.not-found"],
        [ask(`GET /v1/connections/${long}`, { as: OPERATOR }), 404, "connection.not-found"],
        [ask("GET /v1/analytics", { as, query: { groupBy: long } }), 400, "query.unknown-dimension"],
        [ask("GET /v1/analytics", { as, query: { where: long } }), 400, "query.invalid-filter"],
        [ask("GET /v1/analytics", { as, query: { [long]: "1" } }), 400, "request.unknown-field"],
        [ask("GET /v1/analytics", { as, query: { from: long, to: long } }), 400, "date.invalid"],
        [ask("GET /v1/reports", { as, query: { after: long } }), 400, "request.invalid-value"],
        [ask("GET /v1/exports", { as, query: { after: long } }), 400, "request.invalid-value"],
        [ask("GET /v1/me", { as: `Bearer ${long}` }), 401, "auth.malformed-token"],
        [post({ body }), 400, "query.unknown-dimension"],
        [post({ body: { ...costQuery, ...keys(5000) } }), 400, "request.unknown-field"],
        [post({ body: { ...costQuery, ...keys(60_000) } }), 400, "request.too-many-values"],
        [post({ body: lists }), 400, "request.too-many-values"],
        [post({ raw: nested }), 400, "request.too-deep"],
        [post({ raw: "[".repeat(100_000) }), 400, "request.too-deep"],
        [
          ask("POST /v1/imports", { as: OPERATOR, raw: "x", headers: boundary }),
          400,
          "request.malformed-multipart",
        ],
      ] as const) {
        const reply = await asked;
        expect([reply.status, problemOf(reply).code]).toEqual([status, code]);
        expect(reply.bytes.length, code).toBeLessThan(10_000);
        expect(JSON.stringify(reply.json)).not.toContain(long.slice(0, 300));
      }
    });

    it("in many fields are listed in part, with their number", async () => {
      const fields = Array.from({ length: 1000 }, (_, i) => [`field${i}`, 1]);
      const { detail, errors } = problemOf(await query(Object.fromEntries(fields) as object));
      expect(errors).toHaveLength(10);
      expect(detail).toContain("999 more problems; the first 10 are listed");
    });

    it("a dashboard that is not there is not found", async () => {
      expect((await ask("GET /v1/analytics/weather", { as })).status).toBe(404);
    });
  });
}

const DEFINITION = {
  title: "EC2 by account",
  description: "",
  range: SEPTEMBER,
  sections: [
    { kind: "heading", text: "Compute" },
    {
      kind: "kpis",
      items: [{ id: "k", label: "Billed", query: { dataset: "cost" }, measure: "billed_cost", upIs: "bad" }],
    },
    {
      kind: "table",
      id: "t",
      title: "By day",
      detail: true,
      query: { dataset: "cost", groupBy: ["day", "service"] },
    },
  ],
};

function describeReports(ask: Ask): void {
  describe("saved reports", () => {
    const as = analyst("alpha");

    it("are created, read, changed under their version, and deleted", async () => {
      const created = await ask("POST /v1/reports", { as, body: DEFINITION });
      expect(created.status).toBe(201);
      const { id, createdBy } = created.json as { id: string; createdBy: string };
      expect(createdBy).toBe("analyst-alpha");
      expect(created.headers.get("location")).toBe(`/v1/reports/${id}`);
      const etag = created.headers.get("etag") ?? "";
      expect(etag).toMatch(/^"[^"]+"$/);

      const path = `/v1/reports/${id}`;
      const cached = await ask(`GET ${path}`, { as, headers: { "If-None-Match": etag } });
      expect([cached.status, cached.bytes.length]).toEqual([304, 0]);

      const body = { ...DEFINITION, title: "EC2" };
      const blind = await ask(`PUT ${path}`, { as, body });
      expect([blind.status, problemOf(blind).code]).toEqual([428, "report.precondition-required"]);
      const changed = await ask(`PUT ${path}`, { as, body, headers: { "If-Match": etag } });
      expect(changed.status).toBe(200);
      expect(changed.headers.get("etag")).not.toBe(etag);
      const late = await ask(`PUT ${path}`, { as, body: DEFINITION, headers: { "If-Match": etag } });
      expect([late.status, problemOf(late).code]).toEqual([412, "report.changed"]);
      expect((await ask(`GET ${path}`, { as })).json).toMatchObject({ definition: { title: "EC2" } });

      const stale = await ask(`DELETE ${path}`, { as, headers: { "If-Match": etag } });
      expect(stale.status).toBe(412);
      expect((await ask(`DELETE ${path}`, { as })).status).toBe(204);
      expect((await ask(`GET ${path}`, { as })).status).toBe(404);
    });

    it("of others are an admin's to delete", async () => {
      const { json } = await ask("POST /v1/reports", { as, body: DEFINITION });
      const line = `DELETE /v1/reports/${(json as { id: string }).id}`;
      const other = { ...analyst("alpha"), sub: "somebody else" };
      expect((await ask(line, { as: other })).status).toBe(403);
      expect((await ask(line, { as: admin("alpha") })).status).toBe(204);
    });

    it("made with a token that names nobody are nobody's, and such a token deletes nobody's", async () => {
      const nobody = { role: "analyst", customerId: "beta" };
      const body = { query: costQuery, format: "csv", delivery: "job" };
      const idOf = (reply: Reply): string => (reply.json as { id: string }).id;
      for (const owner of [nobody, analyst("beta")]) {
        const report = idOf(await ask("POST /v1/reports", { as: owner, body: DEFINITION }));
        const exported = idOf(await ask("POST /v1/analytics/export", { as: owner, body }));
        for (const line of [`DELETE /v1/reports/${report}`, `DELETE /v1/exports/${exported}`]) {
          for (const caller of [nobody, { ...nobody, sub: "token" }, { ...nobody, role: "admin" }]) {
            const reply = await ask(line, { as: caller });
            expect([line, reply.status]).toEqual([line, 403]);
          }
        }
        expect((await ask(`DELETE /v1/reports/${report}`, { as: admin("beta") })).status).toBe(204);
      }
    });

    it("are listed by pages that hold each once", async () => {
      for (let i = 0; i < 5; i++)
        await ask("POST /v1/reports", { as: analyst("beta"), body: { ...DEFINITION, title: `r${i}` } });
      const titles: string[] = [];
      let after: string | null = null;
      do {
        const query: Record<string, string> = { limit: "2", ...(after !== null && { after }) };
        const { json } = await ask("GET /v1/reports", { as: viewer("beta"), query });
        const list = json as { items: { definition: { title: string } }[]; next: string | null };
        titles.push(...list.items.map((item) => item.definition.title));
        after = list.next;
      } while (after !== null);
      expect(titles).toEqual(["r4", "r3", "r2", "r1", "r0"]);
    });

    it("that could not run are not saved; the field at fault is named", async () => {
      const sections = DEFINITION.sections.map((section) =>
        section.kind === "table" ? { ...section, query: { dataset: "cost", groupBy: ["servce"] } } : section,
      );
      const reply = await ask("POST /v1/reports", { as, body: { ...DEFINITION, sections } });
      expect(reply.status).toBe(400);
      expect(problemOf(reply)).toMatchObject({ code: "query.unknown-dimension" });
      expect(problemOf(reply).field).toMatch(/^sections\[2\]\.query\.groupBy\[0\]$/);
      const bad = { ...DEFINITION, sections: [{ kind: "tabel" }] };
      expect(problemOf(await ask("POST /v1/reports", { as, body: bad })).field).toBe("sections[0].kind");
    });

    it("are previewed and run with their answers, and say what they do not show", async () => {
      const preview = await ask("POST /v1/reports/preview", {
        as: viewer("alpha"),
        query: { rows: "2" },
        body: { definition: DEFINITION },
      });
      expect(preview.status).toBe(200);
      const { sections } = preview.json as {
        sections: { kind: string; items?: { value: string }[]; data?: Result }[];
      };
      expect(sections[1]?.items?.[0]?.value).toBe(ALPHA_TOTAL);
      expect(sections[2]?.data?.rows).toHaveLength(2);
      expect(sections[2]?.data?.completeness).toMatchObject({ rows: 2, rowsTotal: 5, complete: false });
      expect(sections[2]?.data?.completeness.notes.join()).toContain("The first 2 of 5 rows are shown");

      const { json } = await ask("POST /v1/reports", { as, body: DEFINITION });
      const { id } = json as { id: string };
      const run = await ask(`POST /v1/reports/${id}/run`, {
        as: viewer("alpha"),
        body: { range: { from: "2024-09-03", to: "2024-09-04" } },
      });
      expect((run.json as { range: unknown }).range).toMatchObject({ from: "2024-09-03", to: "2024-09-04" });
      expect((run.json as { sections: typeof sections }).sections[1]?.items?.[0]?.value).toBe("6.25");
    });

    it("are made from templates", async () => {
      const { json } = await ask("GET /v1/reports/templates", { as: viewer("alpha") });
      expect((json as { items: { id: string }[] }).items.map((item) => item.id)).toContain("cost-analysis");
      const copy = await ask("POST /v1/reports/templates/cost-analysis", { as, body: { title: "Ours" } });
      expect([copy.status, (copy.json as { definition: { title: string } }).definition.title]).toEqual([
        201,
        "Ours",
      ]);
      const wrong = await ask("POST /v1/reports/templates/cost-analisys", { as });
      expect([wrong.status, problemOf(wrong).code]).toEqual([404, "report.unknown-template"]);
      expect(problemOf(wrong).fix).toContain("cost-analysis");
    });
  });
}

function describeExports(ask: Ask): void {
  describe("exports", () => {
    const as = analyst("alpha");
    const body = { query: { ...costQuery, groupBy: ["day", "service", "account"] }, title: "Daily cost" };

    it("carry the same rows, totals and hash in every format, told in headers", async () => {
      const hashes = new Set<string | null>();
      for (const [format, magic] of [
        ["csv", "Day,"],
        ["json", "{"],
        ["xlsx", "PK"],
        ["pdf", "%PDF-"],
      ] as const) {
        const { status, headers, bytes } = await ask("POST /v1/analytics/export", {
          as,
          body: { ...body, format },
        });
        expect(status, format).toBe(200);
        expect(bytes.subarray(0, magic.length).toString("latin1")).toBe(magic);
        expect(headers.get("content-disposition")).toBe(
          `attachment; filename="daily-cost_alpha_2024-09-01_2024-10-01.${format}"`,
        );
        expect(headers.get("x-rows-written")).toBe("5");
        expect(headers.get("x-rows-total")).toBe("5");
        expect(headers.get("x-complete")).toBe("true");
        expect(headers.get("x-range")).toBe("2024-09-01/2024-10-01 UTC");
        expect(headers.get("x-demo")).toBe("false");
        expect(JSON.parse(headers.get("x-totals") ?? "")).toEqual([
          { unit: "USD", values: { billed_cost: ALPHA_TOTAL } },
        ]);
        hashes.add(headers.get("x-dataset-hash"));
      }
      expect([...hashes]).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
    });

    it("neutralise formulas in text and leave negative numbers alone", async () => {
      const { bytes } = await ask("POST /v1/analytics/export", { as, body: { ...body, format: "csv" } });
      const line = bytes
        .toString("utf8")
        .split(/\r?\n/)
        .find((each) => each.includes("SUM(A1)"));
      expect(line).toContain("'=SUM(A1)");
      expect(line).toMatch(/,-0\.25$/);
    });

    it("of a template and of a saved report are whole reports", async () => {
      const template = await ask("POST /v1/analytics/export", {
        as,
        body: { format: "json", report: "cost-analysis", range: SEPTEMBER },
      });
      expect(template.status).toBe(200);
      expect(template.headers.get("x-totals")).toContain(ALPHA_TOTAL);
      const { json } = await ask("POST /v1/reports", { as, body: DEFINITION });
      const { id } = json as { id: string };
      const saved = await ask("POST /v1/analytics/export", { as, body: { format: "csv", report: id } });
      expect(saved.headers.get("x-rows-written")).toBe("5");
    });

    it("as a job are listed, watched and downloaded", async () => {
      const started = await ask("POST /v1/analytics/export", {
        as,
        body: { ...body, format: "csv", delivery: "job" },
      });
      expect(started.status).toBe(202);
      const location = started.headers.get("location") ?? "";
      expect(location).toMatch(/^\/v1\/exports\/[\w-]+$/);
      let job: { status: string; bytes: number | null; manifest: { datasetHash: string } | null };
      do job = (await ask(`GET ${location}`, { as })).json as typeof job;
      while (job.status === "running" || job.status === "pending");
      expect(job.status).toBe("done");
      const file = await ask(`GET ${location}/download`, { as: viewer("alpha") });
      expect(file.headers.get("ratelimit")).toMatch(/^"queries";r=\d+/);
      expect([file.status, file.bytes.length]).toEqual([200, job.bytes]);
      expect(file.headers.get("x-dataset-hash")).toBe(job.manifest?.datasetHash);
      const { json } = await ask("GET /v1/exports", { as, query: { limit: "1" } });
      expect((json as { items: { id: string }[] }).items[0]?.id).toBe(location.split("/").at(-1));
    });

    it("that have ended are deleted with their file, by whoever may", async () => {
      const body = { format: "csv", query: costQuery, delivery: "job" };
      const started = await ask("POST /v1/analytics/export", { as, body });
      const location = started.headers.get("location") ?? "";
      await expect
        .poll(async () => (await ask(`GET ${location}`, { as })).json, { timeout: 20_000 })
        .toMatchObject({ status: "done" });
      expect((await ask(`DELETE ${location}`, { as: viewer("alpha") })).status).toBe(403);
      expect((await ask(`DELETE ${location}`, { as: admin("beta") })).status).toBe(404);
      expect((await ask(`DELETE ${location}`, { as })).status).toBe(204);
      expect((await ask(`GET ${location}`, { as })).status).toBe(404);
      expect((await ask(`GET ${location}/download`, { as })).status).toBe(404);
      expect((await ask(`DELETE ${location}`, { as })).status).toBe(404);
    });

    it("say which of their fields is wrong", async () => {
      const format = await ask("POST /v1/analytics/export", { as, body: { ...body, format: "docx" } });
      expect(problemOf(format)).toMatchObject({
        code: "export.unknown-format",
        allowed: ["csv", "json", "xlsx", "pdf"],
      });
      const both = await ask("POST /v1/analytics/export", {
        as,
        body: { ...body, format: "csv", report: "cost-analysis" },
      });
      expect(problemOf(both).code).toBe("request.ambiguous");
      const none = await ask("POST /v1/analytics/export", { as, body: { format: "csv" } });
      expect(problemOf(none).code).toBe("request.ambiguous");
      const delimiter = { ...body, format: "csv", options: { delimiter: '"' } };
      expect(problemOf(await ask("POST /v1/analytics/export", { as, body: delimiter })).code).toBe(
        "export.invalid-delimiter",
      );
      expect((await ask("GET /v1/exports/nothing", { as })).status).toBe(404);
    });
  });
}

interface Report {
  rowsRead: number;
  rowsAccepted: number;
  files: string[];
  totals: { currency: string; source: Record<string, string>; loaded: Record<string, string> }[];
  partitions: { tenant: string; replacedRows: number }[];
  dryRun: boolean;
}

interface JobBody {
  id: string;
  kind: string;
  title: string;
  status: string;
  result: unknown;
}

function describeJobs(ask: Ask): void {
  describe("jobs", () => {
    const jobsOf = async (as: AskOptions["as"]): Promise<JobBody[]> =>
      ((await ask("GET /v1/jobs", { as, query: { limit: "200" } })).json as { items: JobBody[] }).items;
    const ended = async (line: string, as: AskOptions["as"]): Promise<JobBody> => {
      const job = async (): Promise<JobBody> => (await ask(line, { as })).json as JobBody;
      await expect
        .poll(async () => (await job()).status, { timeout: 30_000 })
        .toMatch(/^(done|failed|cancelled)$/);
      return job();
    };

    it("are what imports and exports are, seen by their owner alone", async () => {
      await ask("POST /v1/imports", {
        as: OPERATOR,
        query: { name: "as-a-job.csv" },
        raw: focusCsv(CHARGES),
      });
      const [imported] = await jobsOf(OPERATOR);
      expect(imported).toMatchObject({
        kind: "import",
        title: "Import as-a-job.csv",
        status: "done",
        result: null,
      });
      const line = `GET /v1/jobs/${imported?.id ?? ""}`;
      expect((await ask(line, { as: OPERATOR })).json).toMatchObject({ result: { rowsAccepted: 6 } });
      expect((await ask(line, { as: admin("alpha") })).status).toBe(404);

      const body = { query: costQuery, format: "csv", delivery: "job" };
      const started = await ask("POST /v1/analytics/export", { as: analyst("alpha"), body });
      const { id } = started.json as { id: string };
      expect(await ended(`GET /v1/jobs/${id}`, viewer("alpha"))).toMatchObject({
        kind: "export",
        status: "done",
        result: { export: id },
      });
      expect((await jobsOf(viewer("alpha"))).map((job) => job.id)).toContain(id);
      expect((await jobsOf(viewer("beta"))).map((job) => job.id)).not.toContain(id);
    });

    it("that have ended stay as they are when they are cancelled, by who may start them", async () => {
      const body = { query: costQuery, format: "csv", delivery: "job" };
      const started = await ask("POST /v1/analytics/export", { as: analyst("alpha"), body });
      const path = `/v1/jobs/${(started.json as { id: string }).id}`;
      await ended(`GET ${path}`, viewer("alpha"));
      expect((await ask(`DELETE ${path}`, { as: viewer("alpha") })).status).toBe(403);
      expect((await ask(`DELETE ${path}`, { as: analyst("alpha") })).json).toMatchObject({ status: "done" });
    });

    it("load what was uploaded before, once it is all there", async () => {
      const parts = [CHARGES.slice(0, 3), CHARGES.slice(3)].map((charges) => focusCsv(charges));
      const files = parts.map((part, i) => ({ name: `part-${i}.csv`, size: Buffer.byteLength(part) }));
      const opened = await ask("POST /v1/uploads", { as: OPERATOR, body: { files } });
      const upload = opened.json as {
        id: string;
        files: { url: string; headers: Record<string, string>; authorize: boolean }[];
      };
      const query = { upload: upload.id };
      const early = await ask("POST /v1/imports", { as: OPERATOR, query });
      expect([early.status, problemOf(early).code]).toEqual([422, "upload.incomplete"]);
      expect((await ask("POST /v1/imports", { as: admin("alpha"), query })).status).toBe(404);
      for (const [i, { url, headers, authorize }] of upload.files.entries()) {
        if (authorize) {
          const sent = await ask(`PUT ${url}`, { as: OPERATOR, raw: parts[i]!, headers });
          expect(sent.status).toBe(204);
        } else {
          const sent = await fetch(url, { method: "PUT", body: parts[i]!, headers });
          expect(sent.status).toBe(200);
        }
      }
      const { status, json } = await ask("POST /v1/imports", { as: OPERATOR, query });
      expect([status, (json as Report).files]).toEqual([200, ["part-0.csv", "part-1.csv"]]);
      expect((json as Report).rowsAccepted).toBe(6);
      expect((await ask("POST /v1/imports", { as: OPERATOR, query })).status).toBe(404);
    });
  });
}

function describeImports(ask: Ask, capabilities: HttpCapabilities): void {
  describe("imports", () => {
    const total = async (tenant: string): Promise<unknown> =>
      resultOf(await ask("POST /v1/analytics/query", { as: viewer(tenant), body: costQuery })).totals[0]
        ?.cells[0];

    it("twice change nothing: a load replaces, it does not add", async () => {
      const { status, json } = await ask("POST /v1/imports", {
        as: OPERATOR,
        query: { name: "again.csv" },
        raw: focusCsv(CHARGES),
      });
      expect(status).toBe(200);
      const report = json as Report;
      expect(report).toMatchObject({ rowsRead: 6, rowsAccepted: 6, files: ["again.csv"] });
      expect(report.totals[0]?.source["billed"]).toBe("510.000000000000000003");
      expect(report.totals[0]?.loaded["billed"]).toBe("510.000000000000000003");
      expect(await total("alpha")).toBe(ALPHA_TOTAL);
    });

    it("tried out change nothing either", async () => {
      const raw = focusCsv([{ ...CHARGES[0]!, billed: "999" }]);
      const { json } = await ask("POST /v1/imports", { as: OPERATOR, query: { dryRun: "true" }, raw });
      expect((json as Report).dryRun).toBe(true);
      expect(await total("alpha")).toBe(ALPHA_TOTAL);
    });

    it("take several files of a form as one load", async () => {
      const form = new FormData();
      form.append("file", new Blob([focusCsv(CHARGES.slice(0, 3))]), "part-1.csv");
      form.append("file", new Blob([focusCsv(CHARGES.slice(3))]), "part-2.csv");
      const { status, json } = await ask("POST /v1/imports", { as: OPERATOR, raw: form });
      expect([status, (json as Report).files]).toEqual([200, ["part-1.csv", "part-2.csv"]]);
      expect(await total("alpha")).toBe(ALPHA_TOTAL);
    });

    it("of a form that ends too early are refused, and the service goes on", async () => {
      const raw = '--b\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\na,b\r\n1';
      const headers = { "content-type": "multipart/form-data; boundary=b" };
      const reply = await ask("POST /v1/imports", { as: OPERATOR, raw, headers });
      expect([reply.status, problemOf(reply).code]).toEqual([400, "request.malformed-multipart"]);
      expect(await total("alpha")).toBe(ALPHA_TOTAL);
    });

    it("of an admin go to the own tenant, whatever the file's accounts, and to no other", async () => {
      const raw = focusCsv(ADMIN_IMPORT);
      const refused = await ask("POST /v1/imports", { as: admin("gamma"), query: { tenant: "beta" }, raw });
      expect([refused.status, problemOf(refused).code]).toEqual([403, "access.forbidden"]);
      const { json } = await ask("POST /v1/imports", { as: admin("gamma"), raw });
      expect((json as Report).partitions.map((partition) => partition.tenant)).toEqual(["gamma"]);
      expect(await total("beta")).toBe("500");
      const { json: own } = await ask("GET /v1/imports", { as: admin("gamma") });
      expect(new Set((own as { items: { tenant: string }[] }).items.map((item) => item.tenant))).toEqual(
        new Set(["gamma"]),
      );
      const { json: all } = await ask("GET /v1/imports", { as: OPERATOR });
      expect((all as { items: { tenant: string }[] }).items.map((item) => item.tenant)).toContain("alpha");
    });

    it("can be removed again: what is asked then is exact, at once, and other loads stay", async () => {
      const june = [{ ...CHARGES[0]!, billed: "3.000000000000000001", month: "2024-06" }];
      await ask("POST /v1/imports", { as: admin("gamma"), raw: focusCsv([...june, ...ADMIN_IMPORT]) });
      const billed = async (): Promise<unknown> => {
        const body = { dataset: "cost", range: { from: "2024-06-01", to: "2024-10-01" } };
        return resultOf(await ask("POST /v1/analytics/query", { as: viewer("gamma"), body })).totals[0]
          ?.cells[0];
      };
      expect(await billed()).toBe("18.000000000000000001");
      const source = "focus:AWS:999999999999";
      const query = { dataset: "cost", source, period: "2024-06" };
      const totals = [
        { currency: "USD", amounts: { billed: "3.000000000000000001", effective: "3.000000000000000001" } },
      ];
      const tried = await ask("DELETE /v1/imports", {
        as: admin("gamma"),
        query: { ...query, dryRun: "true" },
      });
      expect([tried.status, tried.json]).toEqual([
        200,
        {
          ...{ tenant: "gamma", dryRun: true, rows: 1, totals },
          loads: [{ dataset: "cost", source, period: "2024-06", rows: 1, totals }],
        },
      ]);
      expect(await billed()).toBe("18.000000000000000001");
      const list = await ask("GET /v1/imports", { as: OPERATOR, query: { tenant: "gamma", totals: "true" } });
      const { items, more } = list.json as { items: { period: string; totals: unknown }[]; more: boolean };
      expect([items.map(({ period }) => period).sort(), more]).toEqual([["2024-06", "2024-09"], false]);
      expect(items.find(({ period }) => period === "2024-06")?.totals).toEqual(totals);
      const one = await ask("GET /v1/imports", { as: OPERATOR, query: { tenant: "gamma", limit: "1" } });
      expect(one.json).toMatchObject({ more: true });
      const { next } = one.json as { next: string };
      const behind = { tenant: "gamma", limit: "1", after: next };
      const rest = await ask("GET /v1/imports", { as: OPERATOR, query: behind });
      expect(rest.json).toMatchObject({ more: false, next: null, items: [{}] });
      const odd = await ask("GET /v1/imports", { as: OPERATOR, query: { after: "W10" } });
      expect([odd.status, problemOf(odd).field]).toEqual([400, "after"]);
      const gone = await ask("DELETE /v1/imports", { as: OPERATOR, query: { ...query, tenant: "gamma" } });
      expect([gone.status, gone.json]).toEqual([200, { ...(tried.json as object), dryRun: false }]);
      expect(await billed()).toBe("15");
      expect(await total("alpha")).toBe(ALPHA_TOTAL);
    });

    it("that are not there are not removed; the problem lists those that are", async () => {
      const query = { dataset: "cost", source: "focus:AWS:999999999999", period: "2024-09" };
      const removal = (as: object, change: Record<string, string>): Promise<Reply> =>
        ask("DELETE /v1/imports", { as, query: { ...query, ...change } });
      const none = async (change: Record<string, string>): Promise<ProblemBody> => {
        const reply = await removal(admin("gamma"), change);
        expect([reply.status, problemOf(reply).code]).toEqual([404, "import.nothing-to-remove"]);
        return problemOf(reply);
      };
      expect(await none({ dataset: "findings" })).toMatchObject({ field: "dataset", allowed: ["cost"] });
      expect(await none({ source: "focus:AWS:99999999999" })).toMatchObject({
        ...{ field: "source", allowed: [query.source] },
        fix: `There is: ${query.source}.`,
      });
      expect(await none({ period: "2024-13" })).toMatchObject({ field: "period", allowed: ["2024-09"] });
      const codeOf = (reply: Reply): unknown[] => [
        reply.status,
        problemOf(reply).code,
        problemOf(reply).field,
      ];
      expect(codeOf(await removal(OPERATOR, {}))).toEqual([400, "request.missing-field", "tenant"]);
      expect(codeOf(await removal(OPERATOR, { tenant: "nobody" }))).toEqual([
        404,
        "tenant.not-found",
        "tenant",
      ]);
      expect(codeOf(await removal(admin("gamma"), { tenant: "beta" }))).toEqual([
        403,
        "access.forbidden",
        "tenant",
      ]);
      expect(codeOf(await removal(OPERATOR, { tenant: "beta", dataset: "csot" }))[0]).toBe(400);
      const listed = await ask("GET /v1/imports", { as: admin("gamma"), query: { tenant: "beta" } });
      expect(codeOf(listed)).toEqual([403, "access.forbidden", "tenant"]);
      expect(await total("beta")).toBe("500");
    });

    it("of something else say what they saw, and leave the store as it was", async () => {
      const reply = await ask("POST /v1/imports", {
        as: OPERATOR,
        query: { name: "x.csv" },
        raw: "a,b\n1,2\n",
      });
      expect(reply.status).toBe(422);
      expect(problemOf(reply).code).toMatch(/^import\./);
      expect((await ask("POST /v1/imports", { as: OPERATOR })).status).toBe(422);
      expect(await total("alpha")).toBe(ALPHA_TOTAL);
    });

    it.runIf(capabilities.largeUploads)("of many megabytes are streamed", async () => {
      const rows = Array.from({ length: 40_000 }, (_, i) => ({
        ...CHARGES[5]!,
        day: 1 + (i % 28),
        billed: "0.01",
        month: "2024-07",
      }));
      const text = focusCsv(rows);
      const { status, json } = await ask("POST /v1/imports", { as: OPERATOR, raw: text });
      expect([status, (json as Report).rowsAccepted]).toEqual([200, 40_000]);
    });
  });
}

function describeTenants(ask: Ask): void {
  describe("the registry", () => {
    it("is the operator's: add, list, change", async () => {
      const added = await ask("POST /v1/tenants", {
        as: OPERATOR,
        body: { id: "delta", name: "Delta", accounts: ["4"], zone: "Europe/Berlin" },
      });
      expect([added.status, added.headers.get("location")]).toEqual([201, "/v1/tenants/delta"]);
      const again = await ask("POST /v1/tenants", { as: OPERATOR, body: { id: "delta", name: "Delta" } });
      expect([again.status, problemOf(again).code]).toEqual([409, "tenant.exists"]);
      const taken = await ask("POST /v1/tenants", {
        as: OPERATOR,
        body: { id: "eps", name: "E", accounts: ["4"] },
      });
      expect([taken.status, problemOf(taken).code]).toEqual([409, "tenant.account-taken"]);
      const changed = await ask("PUT /v1/tenants/delta", { as: OPERATOR, body: { name: "Delta AG" } });
      expect(changed.json).toMatchObject({ name: "Delta AG", accounts: ["4"], zone: "Europe/Berlin" });
      const { json } = await ask("GET /v1/tenants", { as: OPERATOR });
      expect((json as { items: { id: string }[] }).items.map((item) => item.id)).toEqual(
        expect.arrayContaining(["alpha", "beta", "delta", "gamma"]),
      );
    });

    it("has versions: a change of a version that is gone is refused, and fields that are not given stay", async () => {
      const body = { id: "tiered", name: "Tiered", tier: "Gold", contacts: ["it@tiered.example"] };
      const added = await ask("POST /v1/tenants", { as: OPERATOR, body });
      expect(added.json).toMatchObject({ ...body, factsMoved: 0, factsKept: 0 });
      const etag = added.headers.get("etag") ?? "";
      expect(etag).toBe(`"${(added.json as { etag: string }).etag}"`);
      const cached = await ask("GET /v1/tenants/tiered", {
        as: OPERATOR,
        headers: { "If-None-Match": etag },
      });
      expect([cached.status, cached.headers.get("etag")]).toEqual([304, etag]);
      const put = (change: object, match?: string) =>
        ask("PUT /v1/tenants/tiered", {
          as: OPERATOR,
          body: change,
          ...(match !== undefined && { headers: { "If-Match": match } }),
        });
      const changed = await put({ accounts: ["777777777777"] }, etag);
      expect(changed.json).toMatchObject({ ...body, accounts: ["777777777777"] });
      const late = await put({ accounts: [] }, etag);
      expect([late.status, problemOf(late).code]).toEqual([412, "tenant.changed"]);
      expect((await put({ name: "Renamed", tier: null })).json).toMatchObject({
        ...{ name: "Renamed", tier: null, contacts: body.contacts, accounts: ["777777777777"] },
      });
      expect(problemOf(await put({ contacts: ["nobody"] }))).toMatchObject({
        ...{ code: "tenant.invalid-contact", field: "contacts" },
      });
      expect(problemOf(await put({ tier: " " })).code).toBe("tenant.invalid-tier");
      const own = { as: admin("tiered"), body: { tier: "Platinum" } };
      const refused = await ask("PUT /v1/tenants/tiered", own);
      expect([refused.status, problemOf(refused).field]).toEqual([403, "tier"]);
    });

    it("shows an admin the own tenant and no other, and lets it change all but the accounts and the tier", async () => {
      const as = admin("beta");
      expect((await ask("GET /v1/tenants", { as })).json).toMatchObject({ items: [{ id: "beta" }] });
      const other = await ask("GET /v1/tenants/alpha", { as });
      expect(other.status).toBe(404);
      expect(other.bytes.toString()).not.toContain("Alpha Health");
      expect((await ask("PUT /v1/tenants/alpha", { as, body: { name: "Mine" } })).status).toBe(404);
      const accounts = await ask("PUT /v1/tenants/beta", { as, body: { accounts: ["000000000001"] } });
      expect([accounts.status, problemOf(accounts).field]).toEqual([403, "accounts"]);
      const own = await ask("PUT /v1/tenants/beta", { as, body: { branding: { color: "#112233" } } });
      expect(own.json).toMatchObject({ branding: { color: "#112233" }, accounts: ["000000000003"] });
    });

    it("says what is wrong with an id, a zone, a colour", async () => {
      const add = async (change: object): Promise<string> =>
        problemOf(await ask("POST /v1/tenants", { as: OPERATOR, body: { id: "zeta", name: "Z", ...change } }))
          .code;
      expect(await add({ id: "Zeta!" })).toBe("tenant.invalid-id");
      expect(await add({ id: "unassigned" })).toBe("tenant.reserved");
      expect(await add({ accounts: ["1".repeat(2000)] })).toBe("tenant.invalid-account");
      expect(await add({ zone: "Europe/Berln" })).toBe("zone.invalid");
      expect(await add({ branding: { color: "red" } })).toBe("tenant.invalid-color");
      expect((await ask("GET /v1/tenants/nothing", { as: OPERATOR })).status).toBe(404);
    });
  });
}

interface Entry {
  seq: number;
  action: string;
  outcome: string;
  actor: { subject: string; role: string | null };
  from: { ip: string | null; agent: string | null };
  operation: string | null;
  object: { kind: string; id: string } | null;
  asked: { params?: unknown; query?: unknown; body?: unknown } | null;
  changes: { kind: string; id: string; before: unknown; after: unknown }[];
  problem: string | null;
}

function describeAudit(ask: Ask): void {
  describe("the audit log", () => {
    const TENANT = "audited";
    beforeAll(async () => {
      await ask("POST /v1/tenants", { as: OPERATOR, body: { id: TENANT, name: "Audited" } });
    });

    const as = { ...analyst(TENANT), sub: "audited" };
    const entries = async (query: Record<string, string>, by: AskOptions["as"] = admin(TENANT)) => {
      const reply = await ask("GET /v1/audit", { as: by, query });
      expect(reply.status).toBe(200);
      return (reply.json as { items: Entry[] }).items;
    };

    it("tells who changed what, from where, and how it was before and after", async () => {
      const made = await ask("POST /v1/reports", {
        as,
        body: DEFINITION,
        headers: { "User-Agent": "probe/1" },
      });
      const { id } = made.json as { id: string };
      const headers = { "If-Match": made.headers.get("etag") ?? "" };
      await ask(`PUT /v1/reports/${id}`, { as, headers, body: { ...DEFINITION, title: "Renamed" } });
      await ask(`DELETE /v1/reports/${id}`, { as });
      const found = await entries({ object: id });
      expect(found.map(({ action }) => action)).toEqual(["report.delete", "report.change", "report.create"]);
      const [removed, changed, created] = found;
      const report = (title: string) =>
        expect.objectContaining({ definition: expect.objectContaining({ title }) as unknown }) as unknown;
      const change = { kind: "report", id };
      const actor = { subject: "audited", role: "analyst" };
      expect(created).toMatchObject({
        ...{ actor, outcome: "done", operation: "createReport", object: change, from: { agent: "probe/1" } },
        changes: [{ ...change, before: null, after: report(DEFINITION.title) }],
      });
      expect(changed?.changes).toEqual([
        { ...change, before: report(DEFINITION.title), after: report("Renamed") },
      ]);
      expect(removed?.changes).toEqual([{ ...change, before: report("Renamed"), after: null }]);
    });

    it("tells what was refused, and nothing of what was only looked at or was wrong", async () => {
      const sub = "a curious viewer";
      const curious = { ...viewer(TENANT), sub };
      expect((await ask("POST /v1/reports", { as: curious, body: DEFINITION })).status).toBe(403);
      expect((await ask("GET /v1/audit", { as: curious })).status).toBe(403);
      expect((await ask("GET /v1/reports", { as: curious })).status).toBe(200);
      expect((await ask("GET /v1/reports/none", { as: curious })).status).toBe(404);
      const found = await entries({ actor: sub });
      expect(
        found.map(({ action, outcome, operation, problem }) => [action, outcome, operation, problem]),
      ).toEqual([
        ["access.refused", "refused", "listAudit", "access.forbidden"],
        ["access.refused", "refused", "createReport", "access.forbidden"],
      ]);
    });

    it("tells exports, downloads and feedback, and how their jobs ended, by who asked for them", async () => {
      const sub = "an exporter";
      const exporter = { ...analyst(TENANT), sub };
      const body = { query: costQuery, format: "csv", delivery: "job" };
      const { json } = await ask("POST /v1/analytics/export", { as: exporter, body });
      const { id } = json as { id: string };
      await expect
        .poll(
          async () =>
            ((await ask(`GET /v1/exports/${id}`, { as: exporter })).json as { status: string }).status,
          {
            timeout: 20_000,
          },
        )
        .toBe("done");
      const opinion = { score: 4, text: "Good" };
      const given = await ask(`POST /v1/exports/${id}/feedback`, { as: exporter, body: { score: 2 } });
      expect([given.status, given.json]).toMatchObject([
        201,
        { export: id, score: 2, text: "", givenBy: sub },
      ]);
      const again = await ask(`POST /v1/exports/${id}/feedback`, { as: exporter, body: opinion });
      expect(again.json).toMatchObject({ ...opinion, givenBy: sub });
      for (const score of [0, 6, 1.5, "5"])
        expect((await ask(`POST /v1/exports/${id}/feedback`, { as: exporter, body: { score } })).status).toBe(
          400,
        );
      const none = await ask("POST /v1/exports/none/feedback", { as: exporter, body: opinion });
      expect([none.status, problemOf(none).code]).toEqual([404, "export.not-found"]);
      await ask(`GET /v1/exports/${id}/download`, { as: exporter });
      await ask(`DELETE /v1/exports/${id}`, { as: exporter });
      await expect
        .poll(async () => (await entries({ actor: sub })).map(({ action }) => action).sort(), {
          timeout: 20_000,
        })
        .toEqual(
          [
            "export.start",
            "export.end",
            "export.feedback",
            "export.feedback",
            "export.download",
            "export.delete",
          ].sort(),
        );
      const found = await entries({ actor: sub });
      expect(found.every(({ object }) => object?.id === id)).toBe(true);
      const feedback = found.find(({ action }) => action === "export.feedback");
      expect(feedback?.changes).toMatchObject([{ kind: "feedback", before: { score: 2 }, after: opinion }]);
    });

    it("tells an operator's acts to the operators and to the tenant they are about, and to no other", async () => {
      const sub = "an operator";
      const as = { ...OPERATOR, sub };
      await ask("PUT /v1/tenants/audited", { as, body: { frameworks: ["HIPAA"] } });
      await ask("PUT /v1/tenants/audited", { as, body: { frameworks: [] } });
      for (const by of [OPERATOR, admin(TENANT)]) {
        const [last] = await entries({ actor: sub }, by);
        expect(last).toMatchObject({
          ...{ action: "tenant.change", object: { kind: "tenant", id: TENANT }, actor: { role: "operator" } },
          changes: [{ before: { frameworks: ["HIPAA"] }, after: { frameworks: [] } }],
        });
      }
      expect(await entries({ actor: sub }, admin("alpha"))).toEqual([]);
    });

    it("is verified, and knows a head that it once had", async () => {
      const check = await ask("GET /v1/audit/verify", { as: admin(TENANT) });
      const { intact, head } = check.json as { intact: boolean; head: { seq: number; hash: string } };
      expect(intact).toBe(true);
      await ask("POST /v1/reports", { as: viewer(TENANT), body: DEFINITION });
      const query = { head: `${head.seq}:${head.hash}` };
      expect((await ask("GET /v1/audit/verify", { as: admin(TENANT), query })).json).toMatchObject({
        intact: true,
      });
      const other = { head: `${head.seq}:${"0".repeat(64)}` };
      expect((await ask("GET /v1/audit/verify", { as: admin(TENANT), query: other })).json).toMatchObject({
        intact: false,
        broken: { seq: head.seq },
      });
      expect((await ask("GET /v1/audit/verify", { as: OPERATOR })).json).toMatchObject({ intact: true });
      const odd = await ask("GET /v1/audit", { as: admin(TENANT), query: { from: "yesterday" } });
      expect([odd.status, problemOf(odd).field]).toEqual([400, "from"]);
    });
  });
}

function describeExamples(ask: Ask): void {
  // Ids in examples are made up, and an upload needs a file.
  const cases = routeList()
    .filter((route) => !route.path.includes("{id}") || route.id === "instantiateTemplate")
    .filter((route) => route.body?.kind !== "upload")
    .flatMap((route) => route.examples.map((example) => ({ route, example })));

  describe("the examples of the reference do what they say", () => {
    it.each(cases)("$route.id: $example.name", async ({ route, example }) => {
      const as = ["registry", "connections"].includes(route.access) ? OPERATOR : admin("beta");
      const path = route.path.replace("{id}", example.params?.["id"] ?? "");
      const { query, body } = example;
      const reply = await ask(`${route.method} ${path}`, {
        as,
        ...(query !== undefined && { query: { ...query } }),
        ...(body !== undefined && { body }),
      });
      const { status } = reply;
      expect([route.ok, ...(route.also ?? [])].map((answer) => answer.status)).toContain(status);
    });
  });
}

function describeLimits(ask: Ask): void {
  describe("the limits", () => {
    it("are a tenant's own: one that has used its budget up is told when to come back", async () => {
      const spend = (tenant: string): Promise<Reply> =>
        ask("DELETE /v1/reports/nothing", { as: analyst(tenant) });
      // Twice the budget, since the minute that earlier requests began can be over in the middle.
      let reply = await spend("gamma");
      for (let i = 0; i < 2 * DEFAULT_LIMITS.rates["report-changes"].burst && reply.status !== 429; i++)
        reply = await spend("gamma");
      expect([reply.status, problemOf(reply).code]).toEqual([429, "request.too-many"]);
      expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(Number(reply.headers.get("retry-after"))).toBeLessThanOrEqual(60);
      expect(reply.headers.get("ratelimit")).toMatch(/r=0/);
      expect((await spend("beta")).status).toBe(404);
      expect((await ask("GET /v1/reports", { as: analyst("gamma") })).status).toBe(200);
    });
  });
}
