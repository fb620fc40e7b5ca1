import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeHttp } from "../runtimes/http.case.ts";
import type { HttpTarget } from "../runtimes/target.ts";
import { type EventVersion, functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";

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
        body: { code: "action.unknown", allowed: ["health_check", "housekeeping", "export"] },
      });
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

  it("fails at once, and says why, when its environment is incomplete", async () => {
    const running = await runFunction(packages, { env: { SECUREBASE_ENV: "" } });
    const { functionError, payload } = await running.lambda.invoke({ action: "health_check" });
    expect(functionError).toBe("Unhandled");
    expect(JSON.stringify(payload)).toContain("SECUREBASE_ENV is not set");
    await running.close();
  });
});
