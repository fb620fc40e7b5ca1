import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../../src/http/logger.ts";
import { serve } from "../../src/runtimes/node.ts";
import { admin, OPERATOR } from "../runtimes/seed.ts";
import { ask as askTarget, type AskOptions, type HttpTarget, type Reply } from "../runtimes/target.ts";
import { type StandIn, startStandIn } from "./aws-stand-in.ts";
import { deliver, downloads } from "./cost-export.ts";
import { type EventVersion, functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, runFunction } from "./packaged.ts";

interface Run {
  id: string;
  status: string;
  dryRun: boolean;
  finishedAt: string | null;
  report: { deliveries: { status: string }[] } | null;
  error: { code: string; fix: string | null } | null;
}

interface Shown {
  id: string;
  lastRun: Run | null;
}

/** Connections as their operator meets them over HTTP: the same on every runtime. @param start on a cloud to pull from */
function describeConnections(name: string, start: (aws: StandIn) => Promise<HttpTarget>): void {
  describe(`connections on ${name}`, () => {
    let aws: StandIn;
    let target: HttpTarget;
    const ask = (line: string, options: AskOptions = {}): Promise<Reply> =>
      askTarget(target, line, { as: OPERATOR, ...options });
    const codeOf = (reply: Reply): unknown => [reply.status, (reply.json as { code: string }).code];
    const body = {
      ...{ kind: "s3-cost-export", id: "bills", region: "eu-west-1" },
      settings: { bucket: "bills", prefix: "exp/one" },
    };
    beforeAll(async () => {
      aws = await startStandIn();
      target = await start(aws);
      const tenant = { id: "alpha", name: "Alpha", accounts: ["111122223333"] };
      expect((await ask("POST /v1/tenants", { body: tenant })).status).toBe(201);
      deliver(aws, "one", "2025-01", [["111122223333", "1.000000000000000001"]]);
    });
    afterAll(async () => {
      await target.close();
      await aws.close();
    });

    /** Asks until the run has ended, as the command line does. */
    async function ended(id: string): Promise<Run> {
      return vi.waitFor(
        async () => {
          const { lastRun } = (await ask("GET /v1/connections/bills")).json as Shown;
          expect(lastRun).toMatchObject({ id, finishedAt: expect.any(String) as string });
          return lastRun as Run;
        },
        { timeout: 15_000, interval: 100 },
      );
    }

    async function run(options?: object): Promise<Run> {
      const reply = await ask(
        "POST /v1/connections/bills/run",
        options === undefined ? {} : { body: options },
      );
      expect(reply).toMatchObject({ status: 202, json: { status: "running", report: null, error: null } });
      return ended((reply.json as Run).id);
    }

    async function billed(): Promise<unknown> {
      const query = {
        dataset: "cost",
        range: { from: "2025-01-01", to: "2025-02-01" },
        measures: ["billed_cost"],
      };
      const { json } = await ask("POST /v1/analytics/query", { as: admin("alpha"), body: query });
      return (json as { rows: unknown[][] }).rows[0]?.[0];
    }

    it("are the operator's alone", async () => {
      for (const line of ["GET /v1/connections", "POST /v1/connections/bills/run"])
        expect(codeOf(await ask(line, { as: admin("alpha") }))).toEqual([403, "access.forbidden"]);
    });

    it("are added, found and listed", async () => {
      expect(await ask("GET /v1/connections")).toMatchObject({ status: 200, json: { items: [] } });
      const added = await ask("POST /v1/connections", { body });
      expect(added).toMatchObject({ status: 201, json: { ...body, lastRun: null } });
      expect(added.headers.get("location")).toBe("/v1/connections/bills");
      expect(await ask("GET /v1/connections/bills")).toMatchObject({ json: added.json });
      expect(await ask("GET /v1/connections")).toMatchObject({ json: { items: [added.json] } });
    });

    it("are refused when they are there, wrong, or hold a key", async () => {
      expect(codeOf(await ask("POST /v1/connections", { body }))).toEqual([409, "connection.exists"]);
      const add = (more: object): Promise<Reply> =>
        ask("POST /v1/connections", { body: { ...body, id: "other", ...more } });
      expect(codeOf(await add({ kind: "s4" }))).toEqual([400, "connection.unknown-kind"]);
      expect(codeOf(await add({ tenant: "nobody" }))).toEqual([404, "tenant.not-found"]);
      expect(codeOf(await add({ profile: "AKIAABCDEFGHIJKLMNOP" }))).toEqual([400, "connection.secret"]);
      expect(codeOf(await ask("GET /v1/connections/other"))).toEqual([404, "connection.not-found"]);
      expect(codeOf(await ask("POST /v1/connections/other/run"))).toEqual([404, "connection.not-found"]);
    });

    it("are tried without changing anything, then pulled", async () => {
      expect(await run({ dryRun: true })).toMatchObject({
        ...{ status: "done", dryRun: true },
        report: { deliveries: [{ id: "2025-01", status: "checked" }] },
      });
      expect(await billed()).toBeUndefined();
      expect(await run()).toMatchObject({
        ...{ status: "done", dryRun: false },
        report: { deliveries: [{ id: "2025-01", status: "loaded" }] },
      });
      expect(await billed()).toBe("1.000000000000000001");
      expect(await run()).toMatchObject({ report: { deliveries: [{ status: "unchanged" }] } });
      expect(downloads(aws)).toHaveLength(2);
    });

    it("are pulled by one at a time", async () => {
      aws.script["s3:ListObjectsV2"] = () => "hang";
      const first = await ask("POST /v1/connections/bills/run");
      expect(first.status).toBe(202);
      expect(codeOf(await ask("POST /v1/connections/bills/run"))).toEqual([409, "sync.running"]);
      expect(await ask("GET /v1/connections/bills")).toMatchObject({
        json: { lastRun: { id: (first.json as Run).id, status: "running", finishedAt: null } },
      });
      delete aws.script["s3:ListObjectsV2"];
      // Removed while it is pulled: the pull ends by itself.
      expect((await ask("DELETE /v1/connections/bills")).status).toBe(204);
      expect(codeOf(await ask("DELETE /v1/connections/bills"))).toEqual([404, "connection.not-found"]);
      expect(await billed()).toBe("1.000000000000000001");
    });

    it("tell why a pull failed, and what to do", async () => {
      await ask("POST /v1/connections", { body });
      aws.script["s3:ListObjectsV2"] = () => ({ error: "AccessDenied", status: 403 });
      expect(await run()).toMatchObject({
        ...{ status: "failed", report: null },
        error: {
          code: "sync.access-denied",
          fix: expect.stringContaining("securebase sync policy") as string,
        },
      });
      delete aws.script["s3:ListObjectsV2"];
    });
  });
}

describeConnections("the Node server", async (aws) => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  const directory = await mkdtemp(join(tmpdir(), "securebase-connections-"));
  const server = await serve({
    ...{ directory, port: 0, host: "127.0.0.1", demo: false, logger: silentLogger },
    env: { SECUREBASE_JWT_SECRET: FUNCTION_SECRET, AWS_ENDPOINT_URL: aws.endpoint },
    onProgress: () => undefined,
  });
  return {
    fetch: (request) => fetch(request),
    baseUrl: server.url,
    secret: new TextEncoder().encode(FUNCTION_SECRET),
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
      vi.unstubAllEnvs();
    },
  };
});

describe("the packaged function", () => {
  let packages: Awaited<ReturnType<typeof buildPackages>>;
  beforeAll(async () => {
    packages = await buildPackages();
  }, 120_000);
  afterAll(() => packages.remove());

  const target =
    (version: EventVersion) =>
    async (aws: StandIn): Promise<HttpTarget> => {
      const running = await runFunction(packages, {
        concurrency: 3,
        // A pull that hangs is not to hold up the test for as long as it would a user.
        timeoutMs: 8_000,
        env: { AWS_ENDPOINT_URL: aws.endpoint },
        envFrom: () => ({ AWS_ENDPOINT_URL_S3: aws.endpoint }),
      });
      const secret = new TextEncoder().encode(FUNCTION_SECRET);
      return functionTarget(running.lambda, version, secret, () => running.close());
    };
  describeConnections("the function, HTTP API events (2.0)", target("2.0"));
  describeConnections("the function, REST API events (1.0)", target("1.0"));
});
