import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runSync } from "../../src/app/sync/start.ts";
import {
  connectionRecords,
  getConnection,
  removeConnection,
  runNow,
} from "../../src/app/sync/connections.ts";
import type { SyncReport, SyncRun } from "../../src/core/connections/sync-run.ts";
import { type StandIn, startStandIn } from "./aws-stand-in.ts";
import { type Connected, connect } from "./connected.ts";

/**
 * Cost exports in a bucket, and what goes wrong with any connection, against a server in this process that answers
 * with the shapes of the AWS API references. The same export is pulled from moto in connectors-moto.test.ts.
 */
let aws: StandIn;
let on: Connected;
beforeEach(async () => {
  aws = await startStandIn();
  on = await connect(aws.endpoint);
});
afterEach(async () => {
  await on.close();
  await aws.close();
});

const statuses = (report: SyncReport) => report.deliveries.map(({ id, status }) => [id, status]);
const PAYER = "999988887777";
const HEADER =
  "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd," +
  "BillingAccountId,SubAccountId,SubAccountName,ProviderName,ServiceName,ServiceCategory,RegionId,ChargeCategory";
type Cost = [account: string, cost: string];
const bill = (month: string, ...costs: Cost[]): Buffer =>
  gzipSync(
    [
      HEADER,
      ...costs.map(
        ([account, cost]) =>
          `${cost},${cost},${cost},${cost},USD,${month}-01T00:00:00Z,${month}-28T00:00:00Z,${month}-02T00:00:00Z,${month}-03T00:00:00Z,${PAYER},${account},x,AWS,EC2,Compute,eu-west-1,Usage`,
      ),
    ].join("\n"),
  );
const put = (key: string, body: Buffer | object): void =>
  aws.put(`bills/${key}`, Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));

/** A delivery of Data Exports in a folder of its own. */
function deliver(month: string, execution: string, ...files: Buffer[]): string[] {
  const keys = files.map(
    (_, i) => `exp/focus/data/BILLING_PERIOD=${month}/${execution}/focus-0000${i + 1}.csv.gz`,
  );
  files.forEach((file, i) => put(keys[i]!, file));
  put(`exp/focus/metadata/BILLING_PERIOD=${month}/${execution}/focus-Manifest.json`, {
    exportArn: `arn:aws:bcm-data-exports:us-east-1:${PAYER}:export/focus-1`,
    executionId: execution,
    dataFiles: keys.map((key) => `s3://bills/${key}`),
  });
  return keys;
}

const add = (settings: Record<string, string> = { bucket: "bills", prefix: "exp/focus" }) =>
  on.add({ kind: "s3-cost-export", region: "eu-west-1", settings });
const billed = (tenant: string) => on.ask(tenant, "cost", ["month"], "billed_cost");

describe("s3-cost-export", () => {
  it("loads each billing period as one load of all its files, and gives every fact to its tenant", async () => {
    deliver(
      "2025-01",
      "e1",
      bill("2025-01", ["111122223333", "1.5"]),
      bill("2025-01", ["222233334444", "0.25"]),
    );
    deliver("2025-02", "e2", bill("2025-02", ["111122223333", "0.1"], ["111122223333", "0.2"]));
    const report = await runSync(on.services, await add());
    expect(statuses(report)).toEqual([
      ["2025-02", "loaded"],
      ["2025-01", "loaded"],
    ]);
    expect(report.deliveries[1]!.loads[0]).toMatchObject({
      dataset: "cost",
      rowsRead: 2,
      totals: [{ currency: "USD", billed: "1.75", effective: "1.75" }],
    });
    expect(await billed("acme")).toEqual([
      ["2025-01-01", "1.5"],
      ["2025-02-01", "0.3"],
    ]);
    expect(await billed("beta")).toEqual([["2025-01-01", "0.25"]]);
  });

  it("downloads only what changed, and a new delivery replaces its period", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    deliver("2025-02", "e2", bill("2025-02", ["111122223333", "2"]));
    const id = await add();
    await runSync(on.services, id);
    aws.operations.length = 0;
    expect(statuses(await runSync(on.services, id))).toEqual([
      ["2025-02", "unchanged"],
      ["2025-01", "unchanged"],
    ]);
    expect(new Set(aws.operations)).toEqual(new Set(["s3:ListObjectsV2"]));
    // Both deliveries of the month lie there now; only the newer one counts.
    deliver("2025-02", "e3", bill("2025-02", ["111122223333", "5"]));
    aws.operations.length = 0;
    expect(statuses(await runSync(on.services, id))).toEqual([
      ["2025-02", "loaded"],
      ["2025-01", "unchanged"],
    ]);
    expect(aws.operations.filter((operation) => operation === "s3:GetObject")).toHaveLength(2);
    expect(await billed("acme")).toEqual([
      ["2025-01-01", "1"],
      ["2025-02-01", "5"],
    ]);
    expect(statuses(await runSync(on.services, id, { again: true }))).toEqual([
      ["2025-02", "loaded"],
      ["2025-01", "loaded"],
    ]);
  });

  it("does not download the same files again for a manifest that was written anew", async () => {
    const [key] = deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    const id = await add();
    await runSync(on.services, id);
    put("exp/focus/metadata/BILLING_PERIOD=2025-01/e1/focus-Manifest.json", {
      executionId: "e1",
      dataFiles: [key],
      written: "again",
    });
    expect(statuses(await runSync(on.services, id))).toEqual([["2025-01", "unchanged"]]);
  });

  it("reads exports that overwrite, in the spelling of FOCUS, with as many months as wanted", async () => {
    for (const month of ["2025-01", "2025-02", "2025-03"]) {
      put(`b/data/billing_period=${month}/b-00001.csv.gz`, bill(month, ["111122223333", "1"]));
      put(`b/metadata/billing_period=${month}/b-Manifest.json`, {
        dataFiles: [`s3://bills/b/data/billing_period=${month}/b-00001.csv.gz`],
      });
    }
    const report = await runSync(on.services, await add({ bucket: "bills", prefix: "b", months: "2" }));
    expect(statuses(report)).toEqual([
      ["2025-03", "loaded"],
      ["2025-02", "loaded"],
    ]);
  });

  it("takes the newest assembly of a legacy report, which its outer manifest names", async () => {
    const at = "cur/daily/20250201-20250301";
    for (const [assembly, cost] of [
      ["a1", "1"],
      ["a2", "2"],
    ] as const) {
      const manifest = {
        assemblyId: assembly,
        account: PAYER,
        reportKeys: [`${at}/${assembly}/daily-1.csv.gz`],
      };
      put(`${at}/${assembly}/daily-1.csv.gz`, bill("2025-02", ["111122223333", cost]));
      put(`${at}/daily-Manifest.json`, manifest);
      put(`${at}/${assembly}/daily-Manifest.json`, manifest);
    }
    const report = await runSync(on.services, await add({ bucket: "bills", prefix: "cur/daily/" }));
    expect(report.deliveries[0]!.title).toContain("delivery a2");
    expect(await billed("acme")).toEqual([["2025-02-01", "2"]]);
  });

  it("changes and remembers nothing in a dry run", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "7"]));
    const id = await add();
    const report = await runSync(on.services, id, { dryRun: true });
    expect(report).toMatchObject({ dryRun: true, deliveries: [{ status: "checked" }] });
    expect(report.deliveries[0]!.loads[0]!.totals[0]!.billed).toBe("7");
    expect(await billed("acme")).toEqual([]);
    expect(statuses(await runSync(on.services, id))).toEqual([["2025-01", "loaded"]]);
  });

  it("goes on with a download where its connection breaks", async () => {
    const body = bill("2025-01", ...Array.from({ length: 500 }, (): Cost => ["111122223333", "0.01"]));
    const [key] = deliver("2025-01", "e1", body);
    aws.breakAt.set(`bills/${key!}`, body.length >> 1);
    await runSync(on.services, await add());
    expect(await billed("acme")).toEqual([["2025-01-01", "5"]]);
    expect(aws.inputs.filter(({ input }) => input["path"] === `bills/${key!}`)).toHaveLength(2);
  });

  it("keeps what it loaded when a later period fails, and goes on from there", async () => {
    deliver("2025-02", "e2", bill("2025-02", ["111122223333", "2"]));
    const [key] = deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    aws.objects.delete(`bills/${key!}`);
    const id = await add();
    await expect(runSync(on.services, id)).rejects.toMatchObject({
      code: "sync.incomplete-delivery",
      message: expect.stringContaining("focus-00001.csv.gz") as string,
    });
    expect(await billed("acme")).toEqual([["2025-02-01", "2"]]);
    const { lastRun } = await getConnection(on.services, id);
    expect(lastRun).toMatchObject({ status: "failed", error: { code: "sync.incomplete-delivery" } });
    put(key!, bill("2025-01", ["111122223333", "1"]));
    expect(statuses(await runSync(on.services, id))).toEqual([
      ["2025-02", "unchanged"],
      ["2025-01", "loaded"],
    ]);
  });

  it("does not choose between several exports, and does not take an empty folder for one", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    put("exp/cur/metadata/BILLING_PERIOD=2025-01/cur-Manifest.json", { dataFiles: [] });
    const both = await on.add({
      kind: "s3-cost-export",
      region: "eu-west-1",
      id: "both",
      settings: { bucket: "bills" },
    });
    await expect(runSync(on.services, both)).rejects.toMatchObject({
      code: "sync.several-exports",
      message: expect.stringContaining("exp/cur, exp/focus") as string,
    });
    const none = await add({ bucket: "bills", prefix: "elsewhere" });
    await expect(runSync(on.services, none)).rejects.toMatchObject({
      code: "sync.not-found",
      field: "prefix",
    });
  });

  it.each([
    ["no JSON", Buffer.from("<html>"), "not JSON"],
    ["no manifest", { hello: "world" }, "neither dataFiles nor reportKeys"],
    ["of another bucket", { dataFiles: ["s3://other/key"] }, "another bucket"],
  ])("refuses a manifest that is %s", async (_, body, message) => {
    put("exp/focus/metadata/BILLING_PERIOD=2025-01/focus-Manifest.json", body);
    await expect(runSync(on.services, await add())).rejects.toMatchObject({
      code: "sync.unexpected-answer",
      message: expect.stringContaining(message) as string,
    });
  });
});

describe("what goes wrong with a connection", () => {
  const failing = (
    error: string,
    more: { status?: number; message?: string; headers?: Record<string, string> } = {},
  ) => {
    aws.script["s3:ListObjectsV2"] = () => ({ error, ...more });
  };

  it.each([
    [
      "a missing permission, with the action and the policy to attach",
      "AccessDenied",
      { status: 403 },
      "sync.access-denied",
      /s3:ListBucket/,
      /securebase sync policy s3-cost-export --bucket bills --prefix exp\/focus/,
    ],
    ["expired credentials", "ExpiredToken", {}, "sync.credentials", /expired/, /AWS_PROFILE/],
    [
      "unknown credentials",
      "InvalidAccessKeyId",
      { status: 403 },
      "sync.credentials",
      /not accepted/,
      /valid credentials/,
    ],
    [
      "a bucket that is elsewhere, with its region",
      "PermanentRedirect",
      { status: 301, headers: { "x-amz-bucket-region": "eu-north-1" } },
      "sync.wrong-region",
      /it is in eu-north-1/,
      /--region eu-north-1/,
    ],
    [
      "a bucket that is not there",
      "NoSuchBucket",
      { status: 404 },
      "sync.not-found",
      /no bucket bills/,
      /Check the name/,
    ],
  ])("tells %s", async (_, error, more, code, message, fix) => {
    failing(error, more);
    await expect(runSync(on.services, await add())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      fix: expect.stringMatching(fix) as string,
    });
  });

  it("tries again when it is throttled or the connection breaks, a bounded number of times", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    aws.script["s3:ListObjectsV2"] = (_, count) =>
      count === 0 ? { error: "SlowDown", status: 503 } : count === 1 ? "reset" : undefined;
    const id = await add();
    expect(statuses(await runSync(on.services, id))).toEqual([["2025-01", "loaded"]]);
    aws.operations.length = 0;
    failing("SlowDown", { status: 503 });
    await expect(runSync(on.services, id)).rejects.toMatchObject({
      code: "sync.unavailable",
      retryAfter: 60,
    });
    expect(aws.operations).toHaveLength(3);
  });

  it("gives up on an answer that does not come", async () => {
    const slow = await connect(aws.endpoint, { attempts: 1, timeout: 60 });
    try {
      aws.script["s3:ListObjectsV2"] = () => "hang";
      const id = await slow.add({
        kind: "s3-cost-export",
        region: "eu-west-1",
        settings: { bucket: "bills" },
      });
      await expect(runSync(slow.services, id)).rejects.toMatchObject({ code: "sync.unavailable" });
    } finally {
      await slow.close();
    }
  });

  it("assumes the role with its external id, and explains when it may not", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    const role = await on.add({
      kind: "s3-cost-export",
      region: "eu-west-1",
      roleArn: "arn:aws:iam::111122223333:role/securebase-read",
      externalId: "acme-42",
      settings: { bucket: "bills", prefix: "exp/focus" },
    });
    aws.script["sts:AssumeRole"] = () => ({ error: "AccessDenied", status: 403 });
    await expect(runSync(on.services, role)).rejects.toMatchObject({
      code: "sync.role",
      fix: expect.stringMatching(/trust policy.*external id/) as string,
    });
    delete aws.script["sts:AssumeRole"];
    await runSync(on.services, role);
    const asked = aws.inputs.filter(({ operation }) => operation === "sts:AssumeRole").at(-1);
    expect(asked?.input).toMatchObject({
      ExternalId: "acme-42",
      RoleSessionName: "securebase-s3-cost-export",
    });
    expect(await billed("acme")).toEqual([["2025-01-01", "1"]]);
  });

  it("lets one pull run at a time", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    const id = await add();
    const second: Promise<unknown>[] = [];
    await runSync(on.services, id, {
      onProgress: () => {
        if (second.length === 0) second.push(runSync(on.services, id).catch((error: unknown) => error));
      },
    });
    expect(await second[0]).toMatchObject({ code: "sync.running" });
    expect((await getConnection(on.services, id)).lastRun).toMatchObject({ status: "done" });
  });

  it("takes the place of one whose process died", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    const id = await add();
    const run: SyncRun = {
      id: "dead",
      status: "running",
      dryRun: false,
      startedAt: "2025-03-10T09:29:00.000Z",
      finishedAt: null,
      progress: null,
      report: null,
      error: null,
    };
    await connectionRecords(on.services).change(id, (stored) => ({ ...stored, lastRun: run }));
    const { lastRun } = await getConnection(on.services, id);
    expect(await runNow(on.services, lastRun ?? run)).toMatchObject({
      status: "failed",
      error: { code: "job.interrupted" },
    });
    await runSync(on.services, id);
    expect((await getConnection(on.services, id)).lastRun).toMatchObject({ status: "done" });
  });

  it("stops when it is told to, or when its connection is removed", async () => {
    deliver("2025-01", "e1", bill("2025-01", ["111122223333", "1"]));
    const id = await add();
    const stop = new AbortController();
    const stopped = runSync(on.services, id, {
      signal: stop.signal,
      onProgress: () => stop.abort(new DOMException("stopped", "AbortError")),
    });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    expect((await getConnection(on.services, id)).lastRun?.error?.code).toBe("job.cancelled");
    expect(await billed("acme")).toEqual([]);
    aws.script["s3:GetObject"] = () => {
      delete aws.script["s3:GetObject"];
      void removeConnection(on.services, id);
      return undefined;
    };
    await expect(runSync(on.services, id)).rejects.toMatchObject({
      code: expect.stringMatching(/^(sync\.lost|job\.cancelled)$/) as string,
    });
  });
});
