import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, analyst, focusCsv, OPERATOR, SEPTEMBER, viewer } from "../runtimes/seed.ts";
import { ask, type AskOptions, type HttpTarget, type Reply, tokenFor } from "../runtimes/target.ts";
import { functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";
import { refusalOf } from "./presigned.ts";

const DAYS = 30;
const SERVICES = 2_000;

/** What a tenant of the packaged functions may try against another one, and against itself. */
describe("a tenant that means harm, on the packaged functions", () => {
  let packages: Awaited<ReturnType<typeof buildPackages>>;
  let running: RunningFunction;
  let http: HttpTarget;

  beforeAll(async () => {
    packages = await buildPackages();
    running = await runFunction(packages, { concurrency: 4 });
    const secret = new TextEncoder().encode(FUNCTION_SECRET);
    http = functionTarget(running.lambda, "2.0", secret, () => running.close());
    for (const [id, account] of [
      ["alpha", "111111111111"],
      ["beta", "222222222222"],
    ]) {
      const body = { id, name: id, accounts: [account] };
      expect((await send("POST /v1/tenants", { as: OPERATOR, body })).status).toBe(201);
    }
    const charges = Array.from({ length: DAYS * SERVICES }, (_, i) => ({
      account: "222222222222",
      service: `A service with a name that takes some room in a file, which ${Math.floor(i / DAYS)} has`,
      day: (i % DAYS) + 1,
      billed: "0.5",
    }));
    const own = { account: "111111111111", service: "Compute", day: 1, billed: "1" };
    const loaded = await upload(OPERATOR, focusCsv([own, ...charges]));
    expect(loaded.status).toBeLessThan(300);
    await running.lambda.idle();
  }, 180_000);
  afterAll(async () => {
    await http.close();
    await packages.remove();
  });

  const send = (line: string, options: AskOptions): Promise<Reply> => ask(http, line, options);

  async function openUpload(as: AskOptions["as"], size: number): Promise<{ id: string; url: string }> {
    const body = { files: [{ name: "bill.csv", size }] };
    const { json } = await send("POST /v1/uploads", { as, body });
    const { id, files } = json as { id: string; files: { url: string }[] };
    return { id, url: files[0]?.url ?? "" };
  }

  async function upload(as: AskOptions["as"], content: string): Promise<Reply> {
    const { id, url } = await openUpload(as, Buffer.byteLength(content));
    const sent = await fetch(url, { method: "PUT", body: content });
    expect(sent.status).toBe(200);
    return send("POST /v1/imports", { as, query: { upload: id } });
  }

  /** The link to a file of beta's that is too large for an answer. */
  async function linkOfBeta(): Promise<URL> {
    const query = { dataset: "cost", range: SEPTEMBER, groupBy: ["day", "service"] };
    const body = { query, format: "csv", delivery: "job" };
    const { json } = await send("POST /v1/analytics/export", { as: analyst("beta"), body });
    await running.lambda.idle();
    const path = `/v1/exports/${(json as { id: string }).id}/download`;
    const headers = { authorization: `Bearer ${await tokenFor(http, viewer("beta"))}` };
    const event = {
      version: "2.0",
      rawPath: path,
      rawQueryString: "",
      headers,
      requestContext: { stage: "$default", http: { method: "GET", path } },
    };
    const { payload } = await running.lambda.invoke(event);
    const { statusCode, headers: answered } = payload as {
      statusCode: number;
      headers: { location: string };
    };
    expect(statusCode).toBe(303);
    return new URL(answered.location);
  }

  it("gets no file by a link that it changed, and nobody by one that is too old", async () => {
    const link = await linkOfBeta();
    expect((await fetch(link)).status).toBe(200);
    const changed = (change: (link: URL) => void): URL => {
      const other = new URL(link);
      change(other);
      return other;
    };
    const tampered = [
      changed((other) => (other.pathname = other.pathname.replace(/[^/]+$/, "another"))),
      changed((other) => other.searchParams.set("X-Amz-Expires", "604800")),
      changed((other) => other.searchParams.set("response-content-type", "text/html")),
      changed((other) => other.searchParams.set("X-Amz-Signature", "0".repeat(64))),
    ];
    for (const other of tampered) expect((await fetch(other)).status, other.href).toBe(403);
    expect((await fetch(link, { method: "PUT", body: "x" })).status).toBe(403);
    const at = (seconds: number): string | undefined => {
      const { pathname, searchParams, host } = link;
      return refusalOf("GET", pathname, searchParams, { host }, Date.now() + seconds * 1_000);
    };
    expect([at(0), at(301)]).toEqual([undefined, "AccessDenied"]);
  });

  it("finds nothing of another tenant's under its ids", async () => {
    const { json } = await send("GET /v1/exports", { as: viewer("beta") });
    const [exported] = (json as { items: { id: string }[] }).items;
    const job = exported?.id ?? "";
    const { id } = await openUpload(admin("beta"), 10);
    const asked: [string, AskOptions][] = [
      [`GET /v1/exports/${job}`, {}],
      [`GET /v1/exports/${job}/download`, {}],
      [`DELETE /v1/exports/${job}`, {}],
      [`GET /v1/jobs/${job}`, {}],
      [`DELETE /v1/jobs/${job}`, {}],
      ["POST /v1/imports", { query: { upload: id } }],
    ];
    for (const [line, options] of asked)
      expect((await send(line, { as: admin("alpha"), ...options })).status, line).toBe(404);
    expect((await send(`GET /v1/exports/${job}`, { as: viewer("beta") })).status).toBe(200);
  });

  it("sends no more to an address than it said, and nothing to another file's", async () => {
    const { id, url } = await openUpload(admin("alpha"), 10);
    expect((await fetch(url, { method: "PUT", body: "x".repeat(11) })).status).toBe(403);
    const other = new URL(url);
    other.pathname = other.pathname.replace("/alpha/", "/beta/");
    expect((await fetch(other, { method: "PUT", body: "x".repeat(10) })).status).toBe(403);
    const started = await send("POST /v1/imports", { as: admin("alpha"), query: { upload: id } });
    expect([started.status, started.json]).toMatchObject([422, { code: "upload.incomplete" }]);
  });

  it("has a job carried out once, though two workers are sent to it", async () => {
    const query = { dataset: "cost", range: SEPTEMBER };
    const body = { query, format: "csv", delivery: "job" };
    const { json } = await send("POST /v1/analytics/export", { as: analyst("alpha"), body });
    const { id } = json as { id: string };
    const event = { action: "job", key: `alpha/${id}` };
    const twice = await Promise.all([running.worker.invoke(event), running.worker.invoke(event)]);
    await running.lambda.idle();
    const done = twice.filter(({ payload }) => (payload as { body: { job?: string } }).body.job === id);
    expect(done.length).toBeLessThanOrEqual(1);
    const { json: job } = await send(`GET /v1/jobs/${id}`, { as: viewer("alpha") });
    expect(job).toMatchObject({ status: "done" });
  });

  it("is refused a preview of hundreds of questions, at once and while others are answered", async () => {
    const card = (number: number): object => ({
      id: `card-${number}`,
      label: `Card ${number}`,
      measure: "billed_cost",
      query: {
        dataset: "cost",
        measures: ["billed_cost"],
        filters: [{ field: "service", op: "equals", value: [`S${number}`] }],
      },
      upIs: "bad",
    });
    const kpis = Array.from({ length: 39 }, (_, row) => ({
      kind: "kpis",
      items: Array.from({ length: 12 }, (_card, i) => card(row * 12 + i)),
    }));
    const detail = { kind: "table", id: "all", title: "All", detail: true, query: { dataset: "cost" } };
    const definition = { title: "Many", description: "", range: SEPTEMBER, sections: [...kpis, detail] };
    const body = { definition };
    const previews = Array.from({ length: 5 }, () =>
      send("POST /v1/reports/preview", { as: viewer("alpha"), body }),
    );
    const other = { dataset: "cost", range: SEPTEMBER, groupBy: ["day"] };
    const answered = send("POST /v1/analytics/query", { as: viewer("beta"), body: other });
    expect((await answered).status).toBe(200);
    for (const { status, json } of await Promise.all(previews))
      expect([status, json]).toMatchObject([400, { code: "report.too-many-questions" }]);
  });

  it("takes no account of another tenant, and an operator moves hundreds at once", async () => {
    const taken = await send("PUT /v1/tenants/alpha", {
      as: admin("alpha"),
      body: { accounts: ["222222222222"] },
    });
    expect([taken.status, taken.json]).toMatchObject([403, { code: "access.forbidden" }]);
    const claimed = await send("PUT /v1/tenants/alpha", {
      as: OPERATOR,
      body: { accounts: ["111111111111", "222222222222"] },
    });
    expect([claimed.status, claimed.json]).toMatchObject([409, { code: "tenant.account-taken" }]);
    const many = Array.from({ length: 150 }, (_, i) => String(300_000_000_000 + i));
    const added = await send("POST /v1/tenants", {
      as: OPERATOR,
      body: { id: "gamma", name: "Gamma", accounts: many },
    });
    expect([201, 202]).toContain(added.status);
    await running.lambda.idle();
    const { json } = await send("GET /v1/tenants/gamma", { as: OPERATOR });
    expect((json as { accounts: string[] }).accounts).toHaveLength(150);
  });

  it("is shown all of a long list, page by page", async () => {
    const body = (title: string): object => ({
      title,
      description: "",
      range: SEPTEMBER,
      sections: [{ kind: "table", id: "all", title, detail: true, query: { dataset: "cost" } }],
    });
    const titles = Array.from({ length: 45 }, (_, i) => `Report ${i}`);
    for (const title of titles) {
      const { status } = await send("POST /v1/reports", { as: analyst("alpha"), body: body(title) });
      expect(status).toBe(201);
    }
    const found: string[] = [];
    let after: string | null = null;
    do {
      const query: Record<string, string> = { limit: "15", ...(after !== null && { after }) };
      const { json } = await send("GET /v1/reports", { as: viewer("alpha"), query });
      const page = json as { items: { definition: { title: string } }[]; next: string | null };
      found.push(...page.items.map(({ definition }) => definition.title));
      after = page.next;
    } while (after !== null);
    expect(found.sort()).toEqual(titles.sort());
  });
});
