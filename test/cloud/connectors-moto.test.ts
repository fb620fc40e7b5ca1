import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  BatchImportFindingsCommand,
  EnableSecurityHubCommand,
  SecurityHubClient,
} from "@aws-sdk/client-securityhub";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runSync } from "../../src/app/sync/start.ts";
import { type Connected, connect } from "./connected.ts";
import { TEST_CREDENTIALS } from "./dynamo-emulator.ts";
import { type Moto, motoMissing, startMoto } from "./moto.ts";
import { updateTenant } from "../../src/app/tenants/tenants.ts";

const missing = motoMissing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** What moto can emulate: S3, Security Hub, CloudWatch, STS. It checks no permissions. */
describe.skipIf(missing !== undefined)("connections on moto", () => {
  const region = "eu-west-1";
  let moto: Moto;
  let on: Connected;
  let shared: { region: string; endpoint: string; credentials: typeof TEST_CREDENTIALS };
  beforeAll(async () => {
    moto = await startMoto();
    shared = { region, endpoint: moto.endpoint, credentials: TEST_CREDENTIALS };
  }, 90_000);
  afterAll(() => moto.close());
  beforeEach(async () => {
    on = await connect(moto.endpoint);
  });
  afterEach(() => on.close());

  it("pulls a cost export by an assumed role, and again only what changed", async () => {
    const s3 = new S3Client({ ...shared, forcePathStyle: true });
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: "bills", Key, Body }));
    const deliver = async (cost: string) => {
      const header =
        "BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,BillingAccountId,SubAccountId,ProviderName";
      const row = `${cost},USD,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,9,111122223333,AWS`;
      await put("e/data/BILLING_PERIOD=2025-02/e-1.csv", `${header}\n${row}\n`);
      const manifest = { executionId: cost, dataFiles: ["s3://bills/e/data/BILLING_PERIOD=2025-02/e-1.csv"] };
      await put("e/metadata/BILLING_PERIOD=2025-02/e-Manifest.json", JSON.stringify(manifest));
    };
    await s3.send(
      new CreateBucketCommand({ Bucket: "bills", CreateBucketConfiguration: { LocationConstraint: region } }),
    );
    const id = await on.add({
      ...{ kind: "s3-cost-export", region, externalId: "x-1" },
      roleArn: "arn:aws:iam::123456789012:role/securebase-read",
      settings: { bucket: "bills", prefix: "e" },
    });
    await deliver("1.5");
    expect((await runSync(on.services, id)).calls).toEqual({
      "s3:GetObject": 2,
      "s3:ListBucket": 1,
      "sts:AssumeRole": 1,
    });
    expect((await runSync(on.services, id)).deliveries[0]?.status).toBe("unchanged");
    await deliver("2.75");
    await runSync(on.services, id);
    expect(await on.ask("acme", "cost", [], "billed_cost")).toEqual([["2.75"]]);
    const elsewhere = await on.add({
      kind: "s3-cost-export",
      id: "none",
      region,
      settings: { bucket: "no-such-bucket" },
    });
    await expect(runSync(on.services, elsewhere)).rejects.toMatchObject({ code: "sync.not-found" });
    s3.destroy();
  });

  it("pulls findings that were imported into Security Hub, over several pages", async () => {
    const hub = new SecurityHubClient(shared);
    await hub.send(new EnableSecurityHubCommand({}));
    const findings = Array.from({ length: 230 }, (_, i) => ({
      ...{
        SchemaVersion: "2018-10-08",
        Id: `f-${i}`,
        GeneratorId: "g",
        AwsAccountId: "111122223333",
        Title: "t",
      },
      ProductArn: `arn:aws:securityhub:${region}:111122223333:product/111122223333/default`,
      ...{ CreatedAt: "2025-01-01T00:00:00Z", UpdatedAt: "2025-02-01T00:00:00Z", Description: "d" },
      ...{ Types: ["x"], Severity: { Label: i % 2 === 0 ? ("HIGH" as const) : ("LOW" as const) } },
      Resources: [{ Type: "AwsS3Bucket", Id: `arn:aws:s3:::b-${i}` }],
      RecordState: "ACTIVE" as const,
    }));
    for (let at = 0; at < findings.length; at += 100)
      await hub.send(new BatchImportFindingsCommand({ Findings: findings.slice(at, at + 100) }));
    const report = await runSync(on.services, await on.add({ kind: "security-hub", region }));
    expect(report.calls["securityhub:GetFindings"]).toBeGreaterThan(1);
    expect(await on.ask("acme", "findings", ["severity"], "findings")).toEqual([
      ["high", "115"],
      ["low", "115"],
    ]);
    hub.destroy();
  });

  it("pulls counts and levels that were put into CloudWatch", async () => {
    const cloudwatch = new CloudWatchClient(shared);
    const dimensions = (named: Record<string, string>) =>
      Object.entries(named).map(([Name, Value]) => ({ Name, Value }));
    const put = (
      Namespace: string,
      MetricName: string,
      named: Record<string, string>,
      at: string,
      Value: number,
    ) =>
      cloudwatch.send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: [{ MetricName, Dimensions: dimensions(named), Timestamp: new Date(at), Value }],
        }),
      );
    // moto keeps what is not older than two weeks of its own clock.
    const today = new Date().toISOString().slice(0, 10);
    const day = new Date(Date.parse(today) - 2 * 86_400_000).toISOString().slice(0, 10);
    on.setNow(`${today}T09:00:00.000Z`);
    const usage = { Class: "None", Resource: "DescribeInstances", Service: "EC2", Type: "API" };
    await put("AWS/Usage", "CallCount", usage, `${day}T10:10:00Z`, 40);
    await put("AWS/Usage", "CallCount", usage, `${day}T12:10:00Z`, 2);
    await put("AWS/EC2", "CPUUtilization", { InstanceId: "i-1" }, `${day}T10:05:00Z`, 12.5);
    const bucket = { BucketName: "b", StorageType: "StandardStorage" };
    await put("AWS/S3", "BucketSizeBytes", bucket, `${day}T00:00:00Z`, 3_500_000_000);
    await updateTenant(on.services, "acme", { accounts: ["123456789012"] });
    await runSync(on.services, await on.add({ kind: "cloudwatch-usage", region, settings: { days: "5" } }));
    const rows = (await on.services.metrics.forTenant("acme").snapshot("usage")).extent;
    expect(rows).toEqual({ first: day, last: day });
    const loads = await on.services.metrics.loads({ tenant: "acme" });
    expect(
      loads
        .filter(({ rows }) => rows > 0)
        .map(({ source, period, rows }) => [source, period, rows])
        .sort(),
    ).toEqual([
      ["cloudwatch-levels:123456789012:eu-west-1", day, 1],
      ["cloudwatch:123456789012:eu-west-1", day, 2],
    ]);
    cloudwatch.destroy();
  });
});
