import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MemoryRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import type { Services } from "../../src/app/services.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import { createApp, type HttpOptions } from "../../src/http/app.ts";
import { type Logger, silentLogger } from "../../src/http/logger.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { analyst, OPERATOR, seed, SEPTEMBER, viewer } from "./seed.ts";
import { ask, type HttpTarget, tokenFor } from "./target.ts";
import { exportsIn } from "../support/stored.ts";

/** What the app does when what it stands on fails, and what it writes to its log. */
describe("the app", () => {
  const secret = new TextEncoder().encode("a secret for the tests, over 32 bytes");
  let directory: string;
  let runtime: EmbeddedRuntime;
  let lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const at =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void =>
      void lines.push({ level, fields, message });
  const logger: Logger = { info: at("info"), warn: at("warn"), error: at("error") };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "securebase-app-"));
    const env = { SECUREBASE_JWT_SECRET: new TextDecoder().decode(secret) };
    runtime = await openEmbedded({ directory, env, logger: silentLogger });
    await seed(targetOf({}));
  });
  afterAll(async () => {
    await runtime.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(() => (lines = []));

  /** The app on the same store with some of its services or options replaced. */
  function targetOf(services: Partial<Services>, options: Partial<HttpOptions> = {}): HttpTarget {
    const app = createApp({
      services: { ...runtime.services, ...services },
      auth: { secret },
      logger,
      ...options,
    });
    return {
      fetch: async (request) => app.fetch(request),
      baseUrl: "http://app.test",
      secret,
      close: () => Promise.resolve(),
    };
  }

  const metricsThat = (fail: () => never): MetricStore => ({
    ...runtime.services.metrics,
    forTenant: fail,
  });
  const body = { dataset: "cost", range: SEPTEMBER };

  it("logs a line a request with id, route, status, tenant and time, and never the token", async () => {
    const target = targetOf({});
    const token = await tokenFor(target, viewer("alpha"));
    await ask(target, "GET /v1/analytics", {
      as: `Bearer ${token}`,
      query: { ...SEPTEMBER, where: "region=secret" },
    });
    await ask(target, "GET /v1/analytics", { as: `Bearer ${token}x` });
    const text = JSON.stringify(lines);
    expect(text).not.toContain(token);
    expect(text).not.toContain("secret");
    expect(lines[0]).toMatchObject({
      level: "info",
      message: "request",
      fields: { method: "GET", path: "/v1/analytics", status: 200, role: "viewer", tenant: "alpha" },
    });
    expect(lines[0]?.fields["durationMs"]).toBeTypeOf("number");
    expect(lines[1]?.fields).toMatchObject({ status: 401 });
  });

  it("answers the unexpected with 500 that tells nothing, and logs it with its cause", async () => {
    const target = targetOf({
      metrics: metricsThat(() => {
        throw new TypeError("password=hunter2 in /etc/secrets", { cause: new Error("the root") });
      }),
    });
    const reply = await ask(target, "POST /v1/analytics/query", { as: viewer("alpha"), body });
    expect(reply.status).toBe(500);
    expect(reply.json).toMatchObject({ code: "service.internal" });
    expect(reply.bytes.toString()).not.toMatch(/hunter2|secrets|TypeError|root/);
    const logged = lines.find((line) => line.level === "error");
    expect(JSON.stringify(logged)).toMatch(/hunter2.*the root/s);
    expect(logged?.fields["requestId"]).toBe(reply.headers.get("x-request-id"));
  });

  it("answers 503 with Retry-After while the store is unavailable", async () => {
    const target = targetOf({
      metrics: metricsThat(() => {
        throw new DomainError("store.unavailable", "unavailable", "The store does not answer", {
          retryAfter: 3,
        });
      }),
    });
    const reply = await ask(target, "POST /v1/analytics/query", { as: viewer("alpha"), body });
    expect([reply.status, reply.headers.get("retry-after")]).toEqual([503, "3"]);
    expect(reply.json).toMatchObject({ code: "store.unavailable" });
  });

  it("reports a failed dependency with 503 and its name, without saying more to strangers", async () => {
    const checks = [
      { name: "store", check: () => Promise.resolve() },
      { name: "bucket", check: () => Promise.reject(new Error("arn:aws:s3:::private")) },
    ];
    const reply = await ask(targetOf({ checks }), "GET /v1/health");
    expect(reply.status).toBe(503);
    expect(reply.json).toMatchObject({
      status: "failed",
      dependencies: [
        { name: "store", status: "ok" },
        { name: "bucket", status: "failed", error: "check.failed" },
      ],
    });
    expect(reply.bytes.toString()).not.toContain("arn:aws");
    expect(JSON.stringify(lines)).toContain("arn:aws:s3:::private");
  });

  it("lets browsers of configured origins in and no others", async () => {
    const target = targetOf({}, { cors: { origins: ["https://portal.test"] } });
    const preflight = (origin: string) =>
      ask(target, "OPTIONS /v1/analytics", {
        headers: { Origin: origin, "Access-Control-Request-Method": "GET" },
      });
    expect((await preflight("https://portal.test")).headers.get("access-control-allow-origin")).toBe(
      "https://portal.test",
    );
    expect((await preflight("https://evil.test")).headers.get("access-control-allow-origin")).toBeNull();
    const answer = await ask(target, "GET /v1/health", { headers: { Origin: "https://portal.test" } });
    expect(answer.headers.get("access-control-expose-headers")).toContain("X-Dataset-Hash");
    expect(
      (await ask(targetOf({}), "GET /v1/health", { headers: { Origin: "https://portal.test" } })).headers.get(
        "access-control-allow-origin",
      ),
    ).toBeNull();
  });

  it("refuses a body over the limit, also when its length is not told", async () => {
    const target = targetOf({}, { maxJsonBytes: 100, maxUploadBytes: 100 });
    const chunks = (): ReadableStream =>
      ReadableStream.from([new Uint8Array(80).fill(32), new Uint8Array(80).fill(32)]);
    const query = await ask(target, "POST /v1/analytics/query", { as: viewer("alpha"), raw: chunks() });
    expect([query.status, (query.json as { code: string }).code]).toEqual([413, "request.too-large"]);
    const upload = await ask(target, "POST /v1/imports", { as: OPERATOR, raw: chunks() });
    expect([upload.status, (upload.json as { code: string }).code]).toEqual([413, "request.too-large"]);
  });

  it("gives a budget back steadily, whatever the machine's clock says", async () => {
    let passed = 0;
    let now = Date.now();
    const limiter = new MemoryRateLimiter(() => passed);
    const target = targetOf({ limiter, clock: { now: () => new Date(now) } });
    const spend = () => ask(target, "DELETE /v1/reports/nothing", { as: analyst("alpha") });
    for (let i = 0; i < 50; i++) expect((await spend()).status).toBe(404);
    const refused = await spend();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
    now -= 7_776_000_000;
    passed += 2_000;
    expect((await spend()).status).toBe(404);
  });

  it("ends an export's source when the client stops reading, and breaks off when the source fails", async () => {
    let ended = false;
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await exportsIn(runtime.services, "alpha").create({
      ...{
        id: "j",
        title: "t",
        format: "csv",
        fileName: "t.csv",
        status: "done",
        rowsWritten: 1,
        rowsTotal: 1,
      },
      ...{ bytes: null, manifest: null, error: null, requestedBy: "x", finishedAt: null },
      ...{ createdAt: "2024-10-01T00:00:00Z", expiresAt: inAnHour },
    });
    const source = (fail: boolean): Services["exportFiles"] => ({
      ...runtime.services.exportFiles,
      forTenant: (tenant) => ({
        ...runtime.services.exportFiles.forTenant(tenant),
        async read() {
          await Promise.resolve();
          return (async function* (): AsyncGenerator<Uint8Array> {
            try {
              for (let i = 0; ; i++) {
                if (fail && i === 3) throw new Error("disk gone");
                yield await Promise.resolve(new Uint8Array(1000));
              }
            } finally {
              ended = true;
            }
          })();
        },
      }),
    });
    const download = async (exportFiles: Services["exportFiles"]): Promise<Response> => {
      const target = targetOf({ exportFiles });
      const headers = { authorization: `Bearer ${await tokenFor(target, viewer("alpha"))}` };
      return target.fetch(new Request("http://app.test/v1/exports/j/download", { headers }));
    };

    const reader = (await download(source(false))).body?.getReader();
    await reader?.read();
    expect(ended).toBe(false);
    await reader?.cancel();
    expect(ended).toBe(true);

    const broken = await download(source(true));
    await expect(broken.arrayBuffer()).rejects.toThrow("disk gone");
    expect(JSON.stringify(lines)).toContain("the response broke off");
  });
});
