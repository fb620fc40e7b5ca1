import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runSync } from "../../src/app/sync/start.ts";
import { actionsOf, FREE_ACTIONS, policyFor } from "../../src/core/connections/policy.ts";
import { CONNECTION_KINDS, type ConnectionKind } from "../../src/core/connections/kinds.ts";
import { load } from "../conformance/lib/facts.ts";
import { STAND_IN_ACCOUNT, type StandIn, startStandIn } from "./aws-stand-in.ts";
import { type Connected, connect } from "./connected.ts";

/**
 * Security Hub, Config, Cost Explorer and CloudWatch, against a server in this process. Its answers have the shapes of
 * the AWS API references (Config and Cost Explorer are in no emulator here); none was recorded from AWS.
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

const add = (
  kind: ConnectionKind,
  settings: Record<string, string> = {},
  more: { region?: string; id?: string } = {},
) => on.add({ kind, settings, ...(kind !== "cost-explorer" && { region: "eu-west-1" }), ...more });

describe("security-hub", () => {
  const finding = (id: string, account: string, more: Record<string, unknown> = {}) => ({
    SchemaVersion: "2018-10-08",
    Id: id,
    ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    GeneratorId: "security-control/S3.1",
    AwsAccountId: account,
    Region: "eu-west-1",
    Types: ["Software and Configuration Checks"],
    CreatedAt: "2025-01-01T00:00:00Z",
    UpdatedAt: "2025-02-01T00:00:00Z",
    Severity: { Label: "HIGH", Normalized: 70 },
    Title: "S3 buckets should block public access",
    Description: "…",
    Resources: [{ Type: "AwsS3Bucket", Id: "arn:aws:s3:::b" }],
    Compliance: {
      Status: "FAILED",
      SecurityControlId: "S3.1",
      RelatedRequirements: ["PCI DSS v3.2.1/1.2.1"],
    },
    WorkflowState: "NEW",
    Workflow: { Status: "NEW" },
    RecordState: "ACTIVE",
    ...more,
  });
  const serve = (...pages: unknown[][]) => {
    aws.script["securityhub:GetFindings"] = ({ NextToken }) => {
      const at = Number(NextToken ?? 0);
      const more = at + 1 < pages.length;
      return { json: { Findings: pages[at], ...(more && { NextToken: String(at + 1) }) } };
    };
  };

  it("reads all pages of active findings as a snapshot of today, controls included", async () => {
    serve(
      [finding("a", "111122223333"), finding("b", "222233334444")],
      [finding("c", "111122223333", { Workflow: { Status: "SUPPRESSED" }, Severity: { Label: "LOW" } })],
    );
    const report = await runSync(on.services, await add("security-hub"));
    expect(report.calls).toEqual({ "securityhub:GetFindings": 2 });
    expect(aws.inputs[0]!.input).toEqual({
      Filters: { RecordState: [{ Value: "ACTIVE", Comparison: "EQUALS" }] },
      MaxResults: 100,
    });
    expect(await on.ask("acme", "findings", ["day", "status", "severity"], "findings")).toEqual([
      ["2025-03-10", "open", "high", "1"],
      ["2025-03-10", "suppressed", "low", "1"],
    ]);
    expect(await on.ask("acme", "controls", ["framework", "control", "status"], "results")).toEqual([
      ["PCI DSS 3.2.1", "1.2.1", "failed", "1"],
      ["PCI DSS 3.2.1", "1.2.1", "not_available", "1"],
    ]);
    expect(await on.ask("beta", "findings", ["finding"], "findings")).toEqual([["b", "1"]]);
  });

  it("counts the snapshot to the day of the pull in each tenant's zone", async () => {
    on.setNow("2025-03-10T23:30:00.000Z");
    serve([finding("a", "111122223333"), finding("b", "222233334444")]);
    await runSync(on.services, await add("security-hub"));
    expect(await on.ask("acme", "findings", ["day"], "findings")).toEqual([["2025-03-11", "1"]]);
    expect(await on.ask("beta", "findings", ["day"], "findings")).toEqual([["2025-03-10", "1"]]);
  });

  it("says that nothing is left when the last finding of an account is gone", async () => {
    const id = await add("security-hub");
    serve([finding("a", "111122223333"), finding("b", "222233334444")]);
    await runSync(on.services, id);
    on.setNow("2025-03-11T09:00:00.000Z");
    serve([finding("b", "222233334444")]);
    await runSync(on.services, id);
    expect(await on.ask("acme", "findings", [], "findings")).toEqual([]);
    expect(await on.ask("beta", "findings", [], "findings")).toEqual([["1"]]);
    on.setNow("2025-03-12T09:00:00.000Z");
    serve([]);
    await runSync(on.services, id);
    expect(await on.ask("beta", "findings", [], "findings")).toEqual([]);
  });

  it("keeps regions apart, and warns of findings that came in files as well", async () => {
    serve([finding("a", "111122223333")]);
    await runSync(on.services, await add("security-hub"));
    await runSync(on.services, await add("security-hub", {}, { region: "us-east-1", id: "us" }));
    expect(await on.ask("acme", "findings", [], "findings")).toEqual([["2"]]);
    const source = "asff:aws/securityhub:111122223333";
    const fact = { tenant: "acme", source, period: "2025-03-01", day: "2025-03-01", values: {} };
    await load(on.services.metrics, [fact], { dataset: "findings" });
    const report = await runSync(on.services, "us");
    expect(report.warnings.join()).toMatch(
      /asff:aws\/securityhub:111122223333 are also there from imported files/,
    );
  });

  it("counts what it cannot use, and tells when Security Hub is off", async () => {
    serve([finding("a", "111122223333"), finding("", "111122223333")]);
    const id = await add("security-hub");
    expect((await runSync(on.services, id)).warnings).toEqual([
      "1 records were refused; the first one has no Id.",
    ]);
    aws.script["securityhub:GetFindings"] = () => ({
      error: "InvalidAccessException",
      status: 401,
      message: "Account 111122223333 is not subscribed to AWS Security Hub",
    });
    await expect(runSync(on.services, id)).rejects.toMatchObject({
      code: "sync.not-enabled",
      message: expect.stringContaining("not subscribed") as string,
    });
  });

  it("does not follow a page token round in circles", async () => {
    aws.script["securityhub:GetFindings"] = () => ({ json: { Findings: [], NextToken: "same" } });
    await expect(runSync(on.services, await add("security-hub"))).rejects.toMatchObject({
      code: "sync.unexpected-answer",
    });
  });
});

describe("config-compliance", () => {
  const rule = (name: string) => ({
    ConfigRuleName: name,
    ConfigRuleArn: `arn:aws:config:eu-west-1:${STAND_IN_ACCOUNT}:config-rule/${name}`,
    Description: `About ${name}`,
    Source: {
      Owner: "AWS",
      SourceIdentifier: name.split("-conformance")[0]!.toUpperCase().replaceAll("-", "_"),
    },
  });
  const evaluation = (name: string, id: string, compliance: string, type = "AWS::S3::Bucket") => ({
    EvaluationResultIdentifier: {
      EvaluationResultQualifier: { ConfigRuleName: name, ResourceType: type, ResourceId: id },
      OrderingTimestamp: 1741500000,
    },
    ComplianceType: compliance,
    ResultRecordedTime: 1741564800.5,
    ConfigRuleInvokedTime: 1741564800,
  });
  const PACK = "Operational-Best-Practices-for-HIPAA-Security";
  const INNER = "s3-bucket-versioning-enabled-conformance-pack-abc123";

  beforeEach(() => {
    aws.script = {
      "config:DescribeConfigRules": ({ NextToken }) => ({
        json:
          NextToken === undefined
            ? { ConfigRules: [rule("root-mfa"), rule("never-ran")], NextToken: "2" }
            : { ConfigRules: [rule(INNER)] },
      }),
      "config:DescribeConformancePacks": () => ({
        json: {
          ConformancePackDetails: [
            { ConformancePackName: PACK, ConformancePackArn: "a", ConformancePackId: "i" },
          ],
        },
      }),
      "config:DescribeConformancePackCompliance": () => ({
        json: {
          ConformancePackName: PACK,
          ConformancePackRuleComplianceList: [
            { ConfigRuleName: INNER, ComplianceType: "NON_COMPLIANT", Controls: [] },
          ],
        },
      }),
      "config:GetConformancePackComplianceDetails": ({ NextToken }) => ({
        json: {
          ConformancePackName: PACK,
          ConformancePackRuleEvaluationResults:
            NextToken === undefined
              ? [evaluation(INNER, "bucket-a", "COMPLIANT")]
              : [evaluation(INNER, "bucket-b", "NON_COMPLIANT")],
          ...(NextToken === undefined && { NextToken: "2" }),
        },
      }),
      "config:DescribeComplianceByConfigRule": () => ({
        json: {
          ComplianceByConfigRules: [
            { ConfigRuleName: "root-mfa", Compliance: { ComplianceType: "NON_COMPLIANT" } },
            { ConfigRuleName: "never-ran", Compliance: { ComplianceType: "INSUFFICIENT_DATA" } },
            { ConfigRuleName: INNER, Compliance: { ComplianceType: "NON_COMPLIANT" } },
          ],
        },
      }),
      "config:GetComplianceDetailsByConfigRule": () => ({
        json: {
          EvaluationResults: [evaluation("root-mfa", STAND_IN_ACCOUNT, "NON_COMPLIANT", "AWS::::Account")],
        },
      }),
    };
  });

  it("reads every resource's result: of packs under their framework, of other rules under their own", async () => {
    await runSync(on.services, await add("config-compliance"));
    const rows = await on.ask(
      "acme",
      "controls",
      ["framework", "control", "status", "resource", "service"],
      "results",
    );
    expect(rows).toEqual([
      ["AWS Config", "never-ran", "not_available", null, null, "1"],
      ["AWS Config", "root-mfa", "failed", STAND_IN_ACCOUNT, "Account", "1"],
      ["HIPAA", "s3-bucket-versioning-enabled", "failed", "bucket-b", "S3", "1"],
      ["HIPAA", "s3-bucket-versioning-enabled", "passed", "bucket-a", "S3", "1"],
    ]);
    expect(await on.ask("acme", "controls", ["check", "region", "day"], "results")).toContainEqual([
      "S3_BUCKET_VERSIONING_ENABLED",
      "eu-west-1",
      "2025-03-10",
      "2",
    ]);
    expect(aws.operations.filter((op) => op === "config:GetComplianceDetailsByConfigRule")).toHaveLength(1);
  });

  it("counts loose rules for the framework that is given", async () => {
    await runSync(on.services, await add("config-compliance", { framework: "SOC 2" }));
    expect(await on.ask("acme", "controls", ["framework"], "results")).toEqual([
      ["HIPAA", "2"],
      ["SOC 2", "2"],
    ]);
  });

  it("leaves a rule out that is deleted while it is read, and says so", async () => {
    aws.script["config:GetComplianceDetailsByConfigRule"] = () => ({ error: "NoSuchConfigRuleException" });
    const report = await runSync(on.services, await add("config-compliance"));
    expect(report.warnings).toEqual(["The rule root-mfa was deleted while it was read and is left out."]);
    expect(await on.ask("acme", "controls", ["control"], "results")).toHaveLength(2);
  });

  it("replaces the day's snapshot, also with nothing", async () => {
    const id = await add("config-compliance");
    await runSync(on.services, id);
    await runSync(on.services, id);
    expect(await on.ask("acme", "controls", [], "results")).toEqual([["4"]]);
    aws.script = Object.fromEntries(Object.keys(aws.script).map((key) => [key, () => ({ json: {} })]));
    await runSync(on.services, id);
    expect(await on.ask("acme", "controls", [], "results")).toEqual([]);
  });
});

describe("cost-explorer", () => {
  interface Line {
    day: string;
    account: string;
    service: string;
    region: string;
    unblended: string;
    amortized?: string;
  }
  const amount = (value: string) => ({ Amount: value, Unit: "USD" });
  /** As Cost Explorer groups: sums of what is asked for, by day or month. */
  const serve = (lines: Line[], options: { estimated?: string[]; whole?: Line[] } = {}) => {
    aws.script["ce:GetCostAndUsage"] = (input) => {
      const { TimePeriod, GroupBy, Filter, Granularity, NextPageToken } = input as {
        TimePeriod: { Start: string; End: string };
        GroupBy: { Key: string }[];
        Filter?: { Dimensions: { Values: string[] } };
        Granularity: string;
        NextPageToken?: string;
      };
      const within = (line: Line) => line.day >= TimePeriod.Start && line.day < TimePeriod.End;
      if (Granularity === "MONTHLY") {
        const regions = [...new Set(lines.filter(within).map((line) => line.region))];
        const groups = regions.map((region) => ({ Keys: [region], Metrics: { UnblendedCost: amount("1") } }));
        expect(GroupBy).toEqual([{ Type: "DIMENSION", Key: "REGION" }]);
        return { json: { ResultsByTime: [{ TimePeriod, Total: {}, Groups: groups, Estimated: true }] } };
      }
      expect(GroupBy.map(({ Key }) => Key)).toEqual(["LINKED_ACCOUNT", "SERVICE"]);
      const region = Filter?.Dimensions.Values[0];
      const wanted = (region === undefined ? (options.whole ?? lines) : lines).filter(
        (line) => within(line) && (region === undefined || line.region === region),
      );
      const days = [...new Set(wanted.map((line) => line.day))].sort();
      // A page a day.
      const at = Number(NextPageToken ?? 0);
      const day = days[at];
      return {
        json: {
          DimensionValueAttributes: [
            { Value: "111122223333", Attributes: { description: "Acme production" } },
          ],
          ...(at + 1 < days.length && { NextPageToken: String(at + 1) }),
          ResultsByTime:
            day === undefined
              ? []
              : [
                  {
                    TimePeriod: { Start: day, End: day },
                    Total: {},
                    Estimated: options.estimated?.includes(day) ?? false,
                    Groups: wanted
                      .filter((line) => line.day === day)
                      .map((line) => ({
                        Keys: [line.account, line.service],
                        Metrics: {
                          UnblendedCost: amount(line.unblended),
                          AmortizedCost: amount(line.amortized ?? line.unblended),
                        },
                      })),
                  },
                ],
        },
      };
    };
  };
  const EC2 = "Amazon Elastic Compute Cloud - Compute";
  const line = (day: string, region: string, unblended: string, more: Partial<Line> = {}): Line => ({
    ...{ day, region, unblended, account: "111122223333", service: EC2 },
    ...more,
  });
  const billed = (by: string[], tenant = "acme") => on.ask(tenant, "cost", by, "billed_cost");

  it("keeps exact amounts by day, account, service and region; unblended is billed, amortized effective", async () => {
    serve([
      line("2025-02-03", "eu-west-1", "0.1000000001", { amortized: "0.2000000002" }),
      line("2025-02-04", "eu-west-1", "12.3456789012"),
      line("2025-03-01", "eu-west-1", "7", { account: "222233334444", service: "AWS Lambda" }),
    ]);
    const report = await runSync(on.services, await add("cost-explorer"));
    expect(await on.ask("acme", "cost", ["day", "service", "account_name", "region"], "billed_cost")).toEqual(
      [
        ["2025-02-03", EC2, "Acme production", "eu-west-1", "0.1000000001"],
        ["2025-02-04", EC2, "Acme production", "eu-west-1", "12.3456789012"],
      ],
    );
    expect(await on.ask("acme", "cost", ["day", "source"], "effective_cost")).toEqual([
      ["2025-02-03", `cost-explorer:AWS:${STAND_IN_ACCOUNT}`, "0.2000000002"],
      ["2025-02-04", `cost-explorer:AWS:${STAND_IN_ACCOUNT}`, "12.3456789012"],
    ]);
    expect(await billed(["service"], "beta")).toEqual([["AWS Lambda", "7"]]);
    const last = aws.inputs
      .filter(({ input }) => input["Granularity"] === "DAILY")
      .map(({ input }) => input["TimePeriod"]);
    // Today is left out: it has hardly begun.
    expect(last[0]).toEqual({ Start: "2025-03-01", End: "2025-03-10" });
    expect(report.warnings.at(-1)).toMatch(/AWS bills \d+ requests to Cost Explorer, USD 0\.0\d/);
  });

  it("keeps what no region has without one, and gives what is only rounding to the largest", async () => {
    const regional = [
      line("2025-02-03", "eu-west-1", "10"),
      line("2025-02-03", "us-east-1", "2.0000000001"),
      line("2025-02-04", "eu-west-1", "1"),
    ];
    const whole = [
      line("2025-02-03", "", "12"),
      line("2025-02-04", "", "1.75"),
      line("2025-02-05", "NoRegion", "-3"),
    ];
    serve(regional, { whole });
    const report = await runSync(on.services, await add("cost-explorer"));
    expect(await billed(["day", "region"])).toEqual([
      ["2025-02-03", "eu-west-1", "9.9999999999"],
      ["2025-02-03", "us-east-1", "2.0000000001"],
      ["2025-02-04", "eu-west-1", "1"],
      ["2025-02-04", null, "0.75"],
      ["2025-02-05", null, "-3"],
    ]);
    expect(report.deliveries[1]!.loads[0]!.totals).toEqual([
      { currency: "USD", billed: "10.75", effective: "10.75" },
    ]);
  });

  it("notes estimates, asks for them again, and never again for a month that is final", async () => {
    serve([line("2025-02-03", "eu-west-1", "1"), line("2025-03-02", "eu-west-1", "2")], {
      estimated: ["2025-03-02"],
    });
    const id = await add("cost-explorer");
    const first = await runSync(on.services, id);
    expect(first.warnings[0]).toBe("1 days of 2025-03 are AWS estimates and will change; pull again later.");
    serve([line("2025-02-03", "eu-west-1", "100"), line("2025-03-02", "eu-west-1", "2.5")]);
    on.setNow("2025-03-11T09:00:00.000Z");
    const second = await runSync(on.services, id);
    expect(second.deliveries.map(({ id: month, status }) => [month, status])).toEqual([
      ["2025-03", "loaded"],
      ["2025-02", "unchanged"],
    ]);
    expect(await billed(["month"])).toEqual([
      ["2025-02-01", "1"],
      ["2025-03-01", "2.5"],
    ]);
  });

  it("empties the share of a tenant that has no costs any more", async () => {
    serve([
      line("2025-03-02", "eu-west-1", "2"),
      line("2025-03-02", "eu-west-1", "5", { account: "222233334444" }),
    ]);
    const id = await add("cost-explorer", { months: "1" });
    await runSync(on.services, id);
    serve([line("2025-03-02", "eu-west-1", "3")]);
    await runSync(on.services, id);
    expect(await billed([])).toEqual([["3"]]);
    expect(await billed([], "beta")).toEqual([]);
  });

  it("refuses a bill that an export has loaded, and an export whose bill it has loaded, unless forced", async () => {
    const source = `focus:AWS:${STAND_IN_ACCOUNT}`;
    const values = { billed_cost: "4", billing_currency: "USD", sub_account_id: "111122223333" };
    await load(on.services.metrics, [
      { tenant: "acme", source, period: "2025-03", day: "2025-03-02", values },
    ]);
    serve([line("2025-03-02", "eu-west-1", "4"), line("2025-02-02", "eu-west-1", "9")]);
    const id = await add("cost-explorer");
    await expect(runSync(on.services, id)).rejects.toMatchObject({
      code: "sync.counted-twice",
      kind: "conflict",
      message: expect.stringContaining(source) as string,
    });
    // It costs nothing to find out.
    expect(aws.operations).not.toContain("ce:GetCostAndUsage");
    const forced = await runSync(on.services, id, { force: true });
    expect(forced.warnings.join()).toContain(`also loaded from ${source} and now count twice`);
    expect(await billed(["month"])).toEqual([
      ["2025-02-01", "9"],
      ["2025-03-01", "8"],
    ]);
    const header =
      "BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,BillingAccountId,SubAccountId,ProviderName";
    const row = `9,USD,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,${STAND_IN_ACCOUNT},111122223333,AWS`;
    aws.put("bills/r/20250201-20250301/r-1.csv", Buffer.from(`${header}\n${row}\n`));
    const manifest = {
      assemblyId: "x",
      account: STAND_IN_ACCOUNT,
      reportKeys: ["r/20250201-20250301/r-1.csv"],
    };
    aws.put("bills/r/20250201-20250301/r-Manifest.json", Buffer.from(JSON.stringify(manifest)));
    const exported = await add("s3-cost-export", { bucket: "bills" });
    await expect(runSync(on.services, exported)).rejects.toMatchObject({ code: "sync.counted-twice" });
    await runSync(on.services, exported, { replaceEstimates: true });
    expect(await billed(["month", "source"])).toContainEqual(["2025-02-01", source, "9"]);
    expect((await billed(["month"]))[0]).toEqual(["2025-02-01", "9"]);
  });

  it.each([
    ["an amount that is no number", "about 3"],
    ["an amount with more digits than can be kept exactly", "0.1234567890123456789"],
  ])("refuses %s", async (_, unblended) => {
    serve([line("2025-03-02", "eu-west-1", unblended)]);
    await expect(runSync(on.services, await add("cost-explorer"))).rejects.toMatchObject({
      code: "sync.unexpected-answer",
      message: expect.stringContaining(unblended) as string,
    });
    expect(await billed([])).toEqual([]);
  });

  it("refuses costs of a day that it did not ask for", async () => {
    serve([line("2025-03-02", "eu-west-1", "4")]);
    const answer = aws.script["ce:GetCostAndUsage"]!;
    aws.script["ce:GetCostAndUsage"] = (input, count) => {
      const text = JSON.stringify(answer(input, count));
      return JSON.parse(text.replaceAll('"Start":"2025-03-02"', '"Start":"9999-12-31"')) as ReturnType<
        typeof answer
      >;
    };
    await expect(runSync(on.services, await add("cost-explorer"))).rejects.toMatchObject({
      code: "sync.unexpected-answer",
      message: expect.stringContaining("9999-12-31") as string,
    });
    expect(await billed([])).toEqual([]);
  });
});

describe("cloudwatch-usage", () => {
  interface Metric {
    Namespace: string;
    MetricName: string;
    Dimensions: { Name: string; Value: string }[];
  }
  const metric = (Namespace: string, MetricName: string, dimensions: Record<string, string>): Metric => ({
    ...{ Namespace, MetricName },
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  });
  const call = (Service: string, Resource: string, Type = "API") =>
    metric("AWS/Usage", "CallCount", { Class: "None", Resource, Service, Type });
  type Points = Record<string, number>;
  const serve = (series: [Metric, Points][]) => {
    const find = (wanted: Metric) =>
      series.find(([have]) => JSON.stringify(have) === JSON.stringify(wanted))?.[1] ?? {};
    aws.script["cloudwatch:ListMetrics"] = ({ Namespace, MetricName, NextToken }) => {
      const all = series
        .map(([have]) => have)
        .filter((have) => have.Namespace === Namespace && have.MetricName === MetricName);
      const at = Number(NextToken ?? 0);
      return {
        json: { Metrics: all.slice(at, at + 1), ...(at + 1 < all.length && { NextToken: String(at + 1) }) },
      };
    };
    aws.script["cloudwatch:GetMetricData"] = (input) => {
      const queries = input["MetricDataQueries"] as { Id: string; MetricStat: { Metric: Metric } }[];
      const from = Number(input["StartTime"]);
      const to = Number(input["EndTime"]);
      return {
        json: {
          MetricDataResults: queries.map(({ Id, MetricStat }) => {
            const points = Object.entries(find(MetricStat.Metric))
              .map(([at, value]) => [Date.parse(at) / 1000, value] as const)
              .filter(([at]) => at >= from && at < to);
            return {
              ...{ Id, Label: Id, StatusCode: "Complete" },
              Timestamps: points.map(([at]) => at),
              Values: points.map(([, value]) => value),
            };
          }),
        },
      };
    };
  };
  const usage = (measure = "quantity") =>
    on.ask("acme", "usage", ["metric", "day", "service", "resource"], measure);

  it("sums counters by day in the tenant's zone, of whole days only", async () => {
    serve([
      [
        call("EC2", "DescribeInstances"),
        { "2025-03-08T22:00:00Z": 5, "2025-03-08T23:00:00Z": 7, "2025-03-10T08:00:00Z": 99 },
      ],
      [call("EC2", "RunInstances"), { "2025-03-09T12:00:00Z": 1 }],
      [call("EC2", "vCPU", "Resource"), { "2025-03-09T12:00:00Z": 1000 }],
    ]);
    await runSync(on.services, await add("cloudwatch-usage"));
    // Berlin is an hour ahead: 23:00 UTC belongs to the next day.
    expect(await usage()).toEqual([
      ["api_calls", "2025-03-08", "EC2", null, "5"],
      ["api_calls", "2025-03-09", "EC2", null, "8"],
    ]);
  });

  it("reads compute hours, transfer and storage from what machines, functions and buckets report", async () => {
    serve([
      [
        metric("AWS/EC2", "CPUUtilization", { InstanceId: "i-1" }),
        { "2025-03-09T10:00:00Z": 12, "2025-03-09T11:00:00Z": 60 },
      ],
      [metric("AWS/EC2", "CPUUtilization", { AutoScalingGroupName: "g" }), { "2025-03-09T10:00:00Z": 12 }],
      [metric("AWS/Lambda", "Duration", { FunctionName: "f" }), { "2025-03-09T10:00:00Z": 5400000.5 }],
      [metric("AWS/EC2", "NetworkOut", { InstanceId: "i-1" }), { "2025-03-09T10:00:00Z": 1234567891 }],
      [
        metric("AWS/S3", "BucketSizeBytes", { BucketName: "b", StorageType: "StandardStorage" }),
        { "2025-03-08T00:00:00Z": 5e9, "2025-03-09T00:00:00Z": 2500000001 },
      ],
      [
        metric("AWS/CloudFront", "BytesDownloaded", { DistributionId: "d", Region: "Global" }),
        { "2025-03-09T10:00:00Z": 1e9 },
      ],
    ]);
    await runSync(on.services, await add("cloudwatch-usage"));
    expect(await usage()).toEqual([
      ["compute_hours", "2025-03-09", "EC2", "i-1", "2"],
      ["compute_hours", "2025-03-09", "Lambda", "f", "1.500000138888888889"],
      ["data_transfer_gb", "2025-03-09", "EC2", "i-1", "1.234567891"],
      ["storage_gb", "2025-03-08", "S3", "b", "5"],
      ["storage_gb", "2025-03-09", "S3", "b", "2.500000001"],
    ]);
    expect(await on.ask("acme", "usage", ["metric"], "level")).toContainEqual(["storage_gb", "2.500000001"]);
    await runSync(on.services, await add("cloudwatch-usage", {}, { region: "us-east-1", id: "us" }));
    expect(await on.ask("acme", "usage", ["service", "region"], "quantity")).toContainEqual([
      "CloudFront",
      "us-east-1",
      "1",
    ]);
  });

  it("goes on where it was, and reads the last days again for what came late", async () => {
    const calls: Points = { "2025-03-08T10:00:00Z": 1, "2025-03-09T10:00:00Z": 2 };
    serve([[call("S3", "GetObject"), calls]]);
    const id = await add("cloudwatch-usage", { days: "3" });
    await runSync(on.services, id);
    Object.assign(calls, {
      "2025-03-08T11:00:00Z": 10,
      "2025-03-09T11:00:00Z": 20,
      "2025-03-10T10:00:00Z": 3,
    });
    on.setNow("2025-03-11T09:00:00.000Z");
    await runSync(on.services, id);
    expect(await usage()).toEqual([
      ["api_calls", "2025-03-08", "S3", null, "11"],
      ["api_calls", "2025-03-09", "S3", null, "22"],
      ["api_calls", "2025-03-10", "S3", null, "3"],
    ]);
    const asked = aws.inputs
      .filter(({ operation }) => operation === "cloudwatch:GetMetricData")
      .at(-1)?.input;
    expect(new Date(Number(asked?.["StartTime"]) * 1000).toISOString()).toBe("2025-03-07T23:00:00.000Z");
  });

  it("asks for at most 500 metrics at once", async () => {
    serve(Array.from({ length: 501 }, (_, i) => [call(`S${i}`, "Get"), { "2025-03-09T10:00:00Z": 1 }]));
    aws.script["cloudwatch:ListMetrics"] = ({ MetricName }) => ({
      json: {
        Metrics:
          MetricName === "CallCount" ? Array.from({ length: 501 }, (_, i) => call(`S${i}`, "Get")) : [],
      },
    });
    await runSync(on.services, await add("cloudwatch-usage"));
    const sizes = aws.inputs
      .filter(({ operation }) => operation === "cloudwatch:GetMetricData")
      .map(({ input }) => (input["MetricDataQueries"] as unknown[]).length);
    expect(sizes).toEqual([500, 1]);
    expect(await on.ask("acme", "usage", [], "quantity")).toEqual([["501"]]);
  });

  it("fails rather than take a metric that could not be read for nothing", async () => {
    serve([[call("S3", "GetObject"), {}]]);
    aws.script["cloudwatch:GetMetricData"] = () => ({
      json: { MetricDataResults: [{ Id: "m0", StatusCode: "InternalError", Timestamps: [], Values: [] }] },
    });
    await expect(runSync(on.services, await add("cloudwatch-usage"))).rejects.toMatchObject({
      code: "sync.unexpected-answer",
      message: expect.stringContaining("InternalError for AWS/Usage CallCount") as string,
    });
  });
});

/** The action a call needs, where it is not called the same. */
const ACTION_OF: Record<string, string> = { "s3:ListObjectsV2": "s3:ListBucket" };

describe("the least-privilege policy", () => {
  it.each(CONNECTION_KINDS)("of %s lists exactly the actions that go over the wire", async (kind) => {
    const pack = { ConformancePackName: "p" };
    const none = (...names: string[]) =>
      Object.fromEntries(names.map((name) => [name, () => ({ json: {} })]));
    aws.script = {
      ...none(
        "securityhub:GetFindings",
        "config:DescribeConfigRules",
        "config:GetConformancePackComplianceDetails",
      ),
      ...none(
        "config:DescribeConformancePackCompliance",
        "config:GetComplianceDetailsByConfigRule",
        "ce:GetCostAndUsage",
      ),
      "config:DescribeConformancePacks": () => ({ json: { ConformancePackDetails: [pack] } }),
      "config:DescribeComplianceByConfigRule": () => ({
        json: {
          ComplianceByConfigRules: [{ ConfigRuleName: "r", Compliance: { ComplianceType: "COMPLIANT" } }],
        },
      }),
      "cloudwatch:ListMetrics": () => ({
        json: {
          Metrics: [
            {
              Namespace: "AWS/EC2",
              MetricName: "NetworkOut",
              Dimensions: [{ Name: "InstanceId", Value: "i" }],
            },
          ],
        },
      }),
      "cloudwatch:GetMetricData": () => ({ json: { MetricDataResults: [] } }),
    };
    aws.put("bills/e/data/BILLING_PERIOD=2025-01/e.csv", Buffer.from(""));
    const manifest = JSON.stringify({ dataFiles: ["e/data/BILLING_PERIOD=2025-01/e.csv"] });
    aws.put("bills/e/metadata/BILLING_PERIOD=2025-01/e-Manifest.json", Buffer.from(manifest));
    const settings = kind === "s3-cost-export" ? { bucket: "bills" } : {};
    const report = await runSync(on.services, await add(kind, settings));
    const sent = [...new Set(aws.operations.map((operation) => ACTION_OF[operation] ?? operation))];
    const needed = sent.filter((action) => !FREE_ACTIONS.includes(action)).sort();
    expect(needed).toEqual(actionsOf(policyFor(kind, settings)));
    expect(Object.keys(report.calls).filter((action) => !FREE_ACTIONS.includes(action))).toEqual(needed);
  });
});
