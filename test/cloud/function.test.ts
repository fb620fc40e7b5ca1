import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cost, inBatches, load } from "../conformance/lib/facts.ts";
import { describeHttp } from "../runtimes/http.case.ts";
import { SEPTEMBER } from "../runtimes/seed.ts";
import { ask, type HttpTarget } from "../runtimes/target.ts";
import { foreignToken } from "../support/foreign-token.ts";
import { type EventVersion, functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";
import { tenantsIn } from "../support/stored.ts";

type Packages = Awaited<ReturnType<typeof buildPackages>>;
const secret = new TextEncoder().encode(FUNCTION_SECRET);

describe("the packaged function", () => {
  let packages: Packages;
  beforeAll(async () => {
    packages = await buildPackages();
  }, 120_000);
  afterAll(() => packages.remove());

  const target = (version: EventVersion) => async (): Promise<HttpTarget> => {
    const running = await runFunction(packages, { concurrency: 4 });
    return functionTarget(running.lambda, version, secret, () => running.close());
  };
  describeHttp("the function, HTTP API events (2.0)", target("2.0"), { largeUploads: false });
  describeHttp("the function, REST API events (1.0)", target("1.0"), { largeUploads: false });

  describe("asked directly", () => {
    let running: RunningFunction;
    beforeAll(async () => {
      running = await runFunction(packages);
    });
    afterAll(() => running.close());

    it("tells its health: all four tables and the bucket, and the version it is", async () => {
      const { payload } = await running.lambda.invoke({ action: "health_check" });
      expect(payload).toMatchObject({
        statusCode: 200,
        body: { status: "ok", version: "0.0.0-test", environment: "test" },
      });
      const { dependencies } = (payload as { body: { dependencies: { name: string }[] } }).body;
      expect(dependencies.map(({ name }) => name)).toEqual([
        "securebase-test-reports",
        "securebase-test-report-schedules",
        "securebase-test-report-cache",
        "securebase-test-metrics",
        "securebase-test-reports-000000000000",
      ]);
    });

    it("says which dependency fails", async () => {
      running.cloud.s3.setFaults(() => "reset");
      const { payload } = await running.lambda.invoke({ action: "health_check" });
      running.cloud.s3.setFaults(undefined);
      const { body, statusCode } = payload as {
        statusCode: number;
        body: { dependencies: { name: string; status: string }[] };
      };
      expect(statusCode).toBe(503);
      expect(body.dependencies.filter(({ status }) => status === "failed").map(({ name }) => name)).toEqual([
        "securebase-test-reports-000000000000",
      ]);
    });

    it("does its housekeeping when EventBridge calls", async () => {
      const event = { source: "aws.events", "detail-type": "Scheduled Event", detail: {} };
      const { payload } = await running.lambda.invoke(event);
      expect(payload).toMatchObject({ statusCode: 200, body: { loadsAbandoned: 0, segmentsCleared: 0 } });
    });

    it("names the actions there are when asked for another", async () => {
      const { payload } = await running.lambda.invoke({ action: "destroy" });
      expect(payload).toMatchObject({
        statusCode: 400,
        body: { code: "action.unknown", allowed: ["health_check", "housekeeping", "jobs", "sync"] },
      });
    });

    it("has a worker beside it, which has the engine that reads files", async () => {
      const { payload } = await running.worker.invoke({ action: "engine_check" });
      expect(payload).toMatchObject({ statusCode: 200, body: { answer: 42 } });
    });

    it("writes its metrics in the embedded format", async () => {
      await running.lambda.invoke({ action: "health_check" });
      const line = running.lambda.logs.findLast((text) => text.includes('"_aws"'));
      expect(JSON.parse(line ?? "")).toMatchObject({
        _aws: { CloudWatchMetrics: [{ Namespace: "SecureBase/Analytics" }] },
        environment: "test",
        route: "action health_check",
        Count: 1,
        Errors: 0,
        ColdStart: 0,
        ReadCapacity: 2,
      });
    });
  });

  describe("with a rejection that nobody handled", () => {
    const losing = pathToFileURL(join(import.meta.dirname, "../support/losing-fetch.mjs")).href;
    let running: RunningFunction;
    let http: HttpTarget;
    afterEach(() => http.close());

    const start = async (how: string): Promise<void> => {
      const env = { NODE_OPTIONS: `--import ${losing}`, SECUREBASE_JWKS_URL: `https://keys.test/${how}` };
      running = await runFunction(packages, { concurrency: 1, env });
      http = functionTarget(running.lambda, "2.0", secret, () => running.close());
    };
    const logged = (text: string): unknown =>
      JSON.parse(running.lambda.logs.find((line) => line.includes(text)) ?? "null");

    it("fails its own request, is logged with its id, and the instance lives on", async () => {
      await start("rejected");
      const reply = await ask(http, "GET /v1/me", { as: `Bearer ${foreignToken()}` });
      expect(reply.status).toBe(500);
      expect(reply.json).toMatchObject({ code: "service.internal" });
      expect(logged("nobody awaits this")).toMatchObject({ requestId: reply.headers.get("x-request-id") });
      const { coldStart } = await running.lambda.invoke({ action: "health_check" });
      expect(coldStart).toBe(false);
    });

    it("spares the invocation that is under way when it comes late", async () => {
      await start("late");
      const reply = await ask(http, "GET /v1/me", { as: `Bearer ${foreignToken()}` });
      expect(reply.json).toMatchObject({ status: 503, code: "auth.keys-unusable" });
      // Whatever the instance is doing when it comes: the first answer may still have been under way.
      do expect((await ask(http, "GET /v1/health")).status).toBe(200);
      while (logged("nobody awaits this any more") === null);
      expect(logged("nobody awaits this any more")).toMatchObject({
        requestId: reply.headers.get("x-request-id"),
      });
      const { coldStart } = await running.lambda.invoke({ action: "health_check" });
      expect(coldStart).toBe(false);
    });
  });

  describe("with more than fits an answer", () => {
    let running: RunningFunction;
    let http: HttpTarget;
    const analyst = { role: "analyst", customerId: "big", sub: "somebody" };
    const query = {
      ...{ dataset: "cost", range: SEPTEMBER, measures: ["billed_cost"] },
      groupBy: ["day", "service", "resource"],
    };
    beforeAll(async () => {
      running = await runFunction(packages, { concurrency: 2 });
      http = functionTarget(running.lambda, "2.0", secret, () => running.close());
      const store = running.cloud.open();
      await tenantsIn(store).create({
        ...{
          id: "big",
          name: "Big",
          accounts: [],
          tier: null,
          contacts: [],
          frameworks: [],
          zone: "UTC",
          branding: {},
          demo: false,
        },
        createdAt: "2024-09-01T00:00:00Z",
      });
      const resource = (i: number): string =>
        createHash("sha512").update(String(i)).digest("base64url").repeat(6);
      const facts = Array.from({ length: 12_000 }, (_, i) =>
        cost(
          `2024-09-${String((i % 30) + 1).padStart(2, "0")}`,
          { billed_cost: `${i}.25`, service_name: "EC2", resource_id: resource(i) },
          { tenant: "big" },
        ),
      );
      await load(store.metrics, [], { records: inBatches(facts, 2000) });
      await store.close();
    }, 120_000);
    afterAll(() => http.close());

    it("answers with a link that holds the whole file", async () => {
      const body = { format: "csv", query: { ...query, limit: 9_000 } };
      const whole = await ask(http, "POST /v1/analytics/export", { as: analyst, body });
      expect(whole.status).toBe(200);
      expect(whole.bytes.length).toBeGreaterThan(4_500_000);
      expect(whole.headers.get("location")).toMatch(/^http.*X-Amz-Expires=300/);
      expect(whole.bytes.toString().trimEnd().split("\n").length).toBeGreaterThan(9_000);
    });

    it("writes a large export in an invocation of its own, and hands it out by a link", async () => {
      const before = running.worker.logs.length;
      const started = await ask(http, "POST /v1/analytics/export", {
        as: analyst,
        body: { format: "csv", query },
      });
      expect(started.status).toBe(202);
      await running.lambda.idle();
      const { id } = started.json as { id: string };
      const job = (await ask(http, `GET /v1/exports/${id}`, { as: analyst })).json as Record<string, unknown>;
      expect(job).toMatchObject({ status: "done", rowsWritten: 12_000, rowsTotal: 12_000 });
      const file = await ask(http, `GET /v1/exports/${id}/download`, { as: analyst });
      expect(file.bytes.length).toBe(job.bytes);
      const sum = file.bytes.toString().match(/,\d+\.25\b/g)?.length;
      expect(sum).toBeGreaterThanOrEqual(12_000);
      expect(running.worker.logs.slice(before).some((line) => line.includes('"route":"job export"'))).toBe(
        true,
      );
    });

    it("writes a PDF with the fonts of the layer", async () => {
      const body = { format: "pdf", query: { ...query, limit: 20 } };
      const { status, bytes } = await ask(http, "POST /v1/analytics/export", { as: analyst, body });
      expect(status).toBe(200);
      expect(bytes.subarray(0, 8).toString()).toBe("%PDF-1.7");
    });

    it("never logs a token", () => {
      const lines = running.lambda.logs.filter((line) => line.startsWith("{"));
      expect(lines.length).toBeGreaterThan(5);
      expect(lines.filter((line) => /eyJ|Bearer\s+[^[]/.test(line))).toEqual([]);
      const request = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find((l) => l.message === "request");
      expect(Object.keys(request ?? {})).toEqual(
        expect.arrayContaining(["awsRequestId", "requestId", "tenant", "durationMs", "status"]),
      );
    });
  });

  it("fails at once, and says why, when its environment is incomplete", async () => {
    const running = await runFunction(packages, { env: { SECUREBASE_ENV: "" } });
    const { functionError, payload } = await running.lambda.invoke({ action: "health_check" });
    expect(functionError).toBe("Unhandled");
    expect(JSON.stringify(payload)).toContain("SECUREBASE_ENV is not set");
    await running.close();
  });
});
