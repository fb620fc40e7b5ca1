import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CONNECTION_KINDS } from "../../src/core/connections/kinds.ts";
import { admin, OPERATOR } from "../runtimes/seed.ts";
import { ask, type HttpTarget } from "../runtimes/target.ts";
import { readZip } from "../support/zip.ts";
import { type StandIn, startStandIn } from "./aws-stand-in.ts";
import { deliver, downloads } from "./cost-export.ts";
import { randomFaults } from "./faults.ts";
import { functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";

/**
 * Scheduled pulls through the packaged function: its store is the local cloud, what it pulls from is a server in this
 * process (aws-stand-in.ts).
 */
let packages: Awaited<ReturnType<typeof buildPackages>>;
beforeAll(async () => {
  packages = await buildPackages();
}, 120_000);
afterAll(() => packages.remove());

let aws: StandIn;
let running: RunningFunction;
let http: HttpTarget;
beforeEach(async () => {
  aws = await startStandIn();
});
afterEach(async () => {
  await http.close();
  await aws.close();
});

const ACME = "111122223333";
const BETA = "222233334444";

/** @param ownS3 whether the function reaches its own bucket instead of the buckets it pulls from */
async function start(timeoutMs = 60_000, ownS3 = false): Promise<void> {
  running = await runFunction(packages, {
    concurrency: 3,
    worker: { concurrency: 3, timeoutMs },
    env: { AWS_ENDPOINT_URL: aws.endpoint },
    ...(!ownS3 && { envFrom: () => ({ AWS_ENDPOINT_URL_S3: aws.endpoint }) }),
  });
  const secret = new TextEncoder().encode(FUNCTION_SECRET);
  http = functionTarget(running.lambda, "2.0", secret, () => running.close());
  for (const [id, account] of [
    ["acme", ACME],
    ["beta", BETA],
  ])
    await ask(http, "POST /v1/tenants", { as: OPERATOR, body: { id, name: id, accounts: [account] } });
}

async function connect(id: string, more: Record<string, unknown> = {}): Promise<void> {
  const settings = { bucket: "bills", prefix: `exp/${id}` };
  const body = { kind: "s3-cost-export", id, region: "eu-west-1", settings, ...more };
  const { status, bytes } = await ask(http, "POST /v1/connections", { as: OPERATOR, body });
  expect([status, bytes.toString()]).toEqual([201, expect.anything()]);
}

interface Run {
  id: string;
  status: string;
  report: { deliveries: { id: string; status: string }[]; calls: Record<string, number> } | null;
  error: { code: string; message: string; fix: string } | null;
}

async function lastRun(id: string): Promise<Run> {
  const { json } = await ask(http, `GET /v1/connections/${id}`, { as: OPERATOR });
  return (json as { lastRun: Run }).lastRun;
}

async function billed(tenant: string): Promise<string | null> {
  const range = { from: "2025-01-01", to: "2025-07-01" };
  const body = { dataset: "cost", range, measures: ["billed_cost"] };
  const { json } = await ask(http, "POST /v1/analytics/query", { as: admin(tenant), body });
  return (json as { rows: (string | null)[][] }).rows[0]?.[0] ?? null;
}

async function invoke(event: unknown): Promise<{ statusCode: number; body: Record<string, unknown> }> {
  const { payload, functionError } = await running.lambda.invoke(event);
  expect(functionError).toBeUndefined();
  return payload as { statusCode: number; body: Record<string, unknown> };
}

const SCHEDULE = { action: "sync" };
const logged = (message: string): Record<string, unknown>[] =>
  [...running.lambda.logs, ...running.worker.logs]
    .filter((line) => line.startsWith("{") && line.includes(`"message":"${message}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("a schedule", () => {
  it("has every connection pulled in an invocation of its own, with its role or the function's", async () => {
    await start();
    deliver(aws, "one", "2025-01", [
      [ACME, "1.000000000000000001"],
      [BETA, "0.25"],
    ]);
    deliver(aws, "two", "2025-02", [[ACME, "2"]]);
    await connect("one");
    const roleArn = "arn:aws:iam::444455556666:role/read";
    await connect("two", { roleArn, externalId: "x-1" });
    expect(await invoke(SCHEDULE)).toMatchObject({
      statusCode: 202,
      body: { started: [{ connection: "one" }, { connection: "two" }], skipped: [], failed: [] },
    });
    await running.lambda.idle();
    expect(await billed("acme")).toBe("3.000000000000000001");
    expect(await billed("beta")).toBe("0.25");
    expect(await lastRun("two")).toMatchObject({
      status: "done",
      report: { calls: { "s3:GetObject": 2, "s3:ListBucket": 1, "sts:AssumeRole": 1 } },
    });
    const role = aws.inputs.find(({ operation }) => operation === "sts:AssumeRole");
    expect(role?.input).toMatchObject({ RoleArn: roleArn, ExternalId: "x-1" });
    expect(logged("job ended").filter(({ kind }) => kind === "sync")).toMatchObject([
      { level: "info", kind: "sync", status: "done", awsRequestId: expect.any(String) as string },
      { level: "info", kind: "sync", status: "done" },
    ]);
    const metrics = running.worker.logs.filter((line) => line.includes('"PulledRows"'));
    expect(metrics.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ route: "job sync", Errors: 0, PulledDeliveries: 1 }),
      expect.objectContaining({ route: "job sync", Errors: 0, PulledDeliveries: 1 }),
    ]);
  });

  it("whose event comes twice, at once or later, pulls once and never doubles a sum", async () => {
    await start();
    deliver(aws, "one", "2025-01", [[ACME, "1.5"]]);
    await connect("one");
    const twice = await Promise.all([invoke(SCHEDULE), invoke(SCHEDULE)]);
    await running.lambda.idle();
    expect(twice.map(({ body }) => (body["started"] as unknown[]).length).sort()).toEqual([0, 1]);
    expect(await invoke(SCHEDULE)).toMatchObject({ body: { started: [], skipped: ["one"] } });
    expect(downloads(aws)).toHaveLength(1);
    await ask(http, "POST /v1/connections/one/run", { as: OPERATOR, body: { again: true } });
    await running.lambda.idle();
    expect(downloads(aws)).toHaveLength(2);
    expect(await billed("acme")).toBe("1.5");
  });

  it("goes on with the others when one cannot be pulled, and tells it once", async () => {
    await start();
    deliver(aws, "one", "2025-01", [[ACME, "1.5"]]);
    await connect("nothing");
    await connect("one");
    await connect("profiled", { profile: "sso" });
    await invoke(SCHEDULE);
    await running.lambda.idle();
    expect(await billed("acme")).toBe("1.5");
    expect(await lastRun("nothing")).toMatchObject({ status: "failed", error: { code: "sync.not-found" } });
    expect(await lastRun("profiled")).toMatchObject({
      error: { code: "sync.credentials", message: expect.stringContaining("sso") as string },
    });
    expect(
      logged("job failed")
        .map((line) => line["title"])
        .sort(),
    ).toEqual(["Pull nothing", "Pull profiled"]);
    // What failed is tried again at the next event, what was just pulled is not.
    const { body } = await invoke(SCHEDULE);
    expect(body).toMatchObject({
      started: [{ connection: "nothing" }, { connection: "profiled" }],
      skipped: ["one"],
    });
  });

  it("ends with exact sums where one in five calls goes wrong", async () => {
    await start();
    const months = ["2025-01", "2025-02", "2025-03", "2025-04"];
    for (const name of ["one", "two"]) {
      for (const month of months) deliver(aws, name, month, [[ACME, "1.000000000000000001"]]);
      await connect(name, { tenant: name === "one" ? "beta" : "acme" });
    }
    const faults = randomFaults(0.2, 20_250_101);
    running.cloud.setFaults(faults);
    aws.script["s3:GetObject"] = (_, count) => (count % 5 === 2 ? "reset" : undefined);
    await invoke(SCHEDULE);
    await running.lambda.idle();
    running.cloud.setFaults(undefined);
    expect([...faults.counts.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(10);
    for (const name of ["one", "two"]) expect(await lastRun(name)).toMatchObject({ status: "done" });
    expect(await billed("beta")).toBe("4.000000000000000004");
    expect(await billed("acme")).toBe("4.000000000000000004");
  }, 60_000);

  it("of EventBridge's own means housekeeping, unless its detail says sync", async () => {
    await start(60_000, true);
    await connect("one");
    for (const source of ["aws.events", "aws.scheduler"]) {
      const bare = { source, "detail-type": "Scheduled Event", detail: source === "aws.events" ? {} : "{}" };
      expect(await invoke(bare)).toMatchObject({ statusCode: 200, body: { loadsAbandoned: 0 } });
    }
    const asked = { source: "aws.events", "detail-type": "Scheduled Event", detail: { action: "sync" } };
    expect(await invoke(asked)).toMatchObject({
      statusCode: 202,
      body: { started: [{ connection: "one" }] },
    });
  });
});

describe("the package", () => {
  it("has every kind of connector in it, each with its client", async () => {
    await start();
    aws.script = {
      "securityhub:GetFindings": () => ({ json: { Findings: [] } }),
      "config:DescribeConformancePacks": () => ({ json: { ConformancePackDetails: [] } }),
      "config:DescribeConfigRules": () => ({ json: { ConfigRules: [] } }),
      "config:DescribeComplianceByConfigRule": () => ({ json: { ComplianceByConfigRules: [] } }),
      "ce:GetCostAndUsage": () => ({ json: { ResultsByTime: [] } }),
      "ce:GetDimensionValues": () => ({ json: { DimensionValues: [] } }),
      "cloudwatch:ListMetrics": () => ({ json: { Metrics: [] } }),
    };
    deliver(aws, "s3-cost-export", "2025-01", [[ACME, "1"]]);
    for (const kind of CONNECTION_KINDS) {
      const own = kind === "s3-cost-export" ? {} : { kind, settings: {} };
      await connect(kind, kind === "cost-explorer" ? { ...own, region: "us-east-1" } : own);
      expect(await invoke({ action: "sync", connection: kind })).toMatchObject({ statusCode: 202 });
    }
    await running.lambda.idle();
    for (const kind of CONNECTION_KINDS)
      expect([kind, await lastRun(kind)]).toMatchObject([kind, { status: "done", error: null }]);
  });

  it("reads none of it before the first pull", async () => {
    await start();
    const files = readZip(readFileSync(packages.function.path));
    const text = (name: string): string => files.get(name)?.toString() ?? "";
    const eager = new Set<string>();
    const open = ["index.mjs"];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (eager.has(name)) continue;
      eager.add(name);
      for (const [, part = ""] of text(name).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) open.push(part);
    }
    expect(eager.size).toBeGreaterThan(5);
    const marks =
      /AWSInsightsIndexService|StarlingDoveService|GraniteServiceVersion|AssumeRoleRequest|BatchImportFindings/;
    const having = [...files.keys()].filter((name) => marks.test(text(name)));
    expect(having.length).toBeGreaterThan(2);
    expect(having.filter((name) => eager.has(name))).toEqual([]);
  });
});

describe("one connection", () => {
  it("is pulled when it is named", async () => {
    await start();
    deliver(aws, "one", "2025-01", [[ACME, "1.5"]]);
    await connect("one");
    expect(await invoke({ action: "sync", connection: "one" })).toMatchObject({
      statusCode: 202,
      body: { connection: "one", run: expect.any(String) as string },
    });
    await running.lambda.idle();
    expect(await lastRun("one")).toMatchObject({
      status: "done",
      report: { deliveries: [{ id: "2025-01", status: "loaded" }] },
    });
    expect(await invoke({ action: "sync", connection: "two" })).toMatchObject({
      statusCode: 404,
      body: { code: "connection.not-found" },
    });
    expect(await invoke({ action: "sync", connection: 7 })).toMatchObject({ statusCode: 400 });
  });
});

describe("a pull that runs out of time", () => {
  const TIMEOUT = 12_000;
  const hang = (key: string, times: number): void => {
    aws.script["s3:GetObject"] = ({ path }) => {
      if (path !== `bills/${key}` || times <= 0) return undefined;
      times -= 1;
      return "hang";
    };
  };
  /** What a rule asks for every minute. */
  const lookAfterJobs = async (): Promise<void> => {
    await invoke({ action: "jobs" });
    await running.lambda.idle();
  };

  it("keeps what it loaded and goes on in another invocation, as one run", async () => {
    await start(TIMEOUT);
    const keys = ["2025-01", "2025-02", "2025-03"].map((month) =>
      deliver(aws, "one", month, [[ACME, "1.5"]]),
    );
    await connect("one");
    hang(keys[1]!, 1);
    const begun = await ask(http, "POST /v1/connections/one/run", { as: OPERATOR });
    expect(begun).toMatchObject({ status: 202, json: { status: "running" } });
    await running.lambda.idle();
    expect(await lastRun("one")).toMatchObject({ id: (begun.json as Run).id, status: "running" });
    await lookAfterJobs();
    const run = await lastRun("one");
    expect(run).toMatchObject({ id: (begun.json as Run).id, status: "done", error: null });
    expect(run.report?.deliveries.map(({ id, status }) => [id, status])).toEqual([
      ["2025-03", "loaded"],
      ["2025-02", "loaded"],
      ["2025-01", "loaded"],
    ]);
    // Newest first; only what was not loaded is downloaded again.
    expect(downloads(aws)).toEqual([keys[2], keys[1], keys[1], keys[0]]);
    expect(run.report?.calls["s3:ListBucket"]).toBeGreaterThan(3);
    expect(await billed("acme")).toBe("4.5");
    expect(logged("job goes on in another invocation")).toHaveLength(1);
  }, 90_000);

  it("stops where it makes no progress, says so, and gives the connection back", async () => {
    await start(TIMEOUT);
    const keys = ["2025-01", "2025-02"].map((month) => deliver(aws, "one", month, [[ACME, "1.5"]]));
    await connect("one");
    hang(keys[0]!, 99);
    await invoke(SCHEDULE);
    await running.lambda.idle();
    await lookAfterJobs();
    expect(await lastRun("one")).toMatchObject({
      status: "failed",
      error: {
        code: "sync.out-of-time",
        message: expect.stringMatching(
          /too short for billing period 2025-01.*1 delivery loaded before stays/,
        ) as string,
        fix: expect.stringMatching(/time limit.*securebase sync run one --data aws:test/) as string,
      },
    });
    expect(downloads(aws)).toEqual([keys[1], keys[0], keys[0]]);
    expect(await billed("acme")).toBe("1.5");
    expect(logged("job failed")).toMatchObject([{ error: { code: "sync.out-of-time" } }]);
    expect(running.worker.logs.some((line) => line.includes("Task timed out"))).toBe(false);
    // The next event goes on from there.
    delete aws.script["s3:GetObject"];
    await invoke(SCHEDULE);
    await running.lambda.idle();
    expect(await lastRun("one")).toMatchObject({
      report: { deliveries: [{ status: "unchanged" }, { status: "loaded" }] },
    });
    expect(await billed("acme")).toBe("3");
  }, 90_000);

  it("is not begun again by an event that comes twice", async () => {
    await start();
    deliver(aws, "one", "2025-01", [[ACME, "1.5"]]);
    await connect("one");
    const { body } = await invoke({ action: "sync", connection: "one" });
    await running.lambda.idle();
    const { payload } = await running.worker.invoke({ action: "job", key: `/${String(body["run"])}` });
    expect(payload).toMatchObject({ statusCode: 200, body: { done: false } });
    expect(downloads(aws)).toHaveLength(1);
    expect(logged("job not needed")).toHaveLength(1);
  });
});
