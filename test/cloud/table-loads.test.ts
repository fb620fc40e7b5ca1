import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import { planImport } from "../../src/importers/registry/registry.ts";
import { localFile } from "../../src/importers/shared/files.ts";
import type { InputFile, LoadReport } from "../../src/ports/load.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { freshStore } from "../conformance/lib/embedded.ts";
import { ask } from "../conformance/lib/facts.ts";
import type { Fresh } from "../conformance/lib/fresh.ts";
import { tableLoadCases } from "../conformance/table-loads.case.ts";
import { twiceCountedCases } from "../conformance/twice-counted.case.ts";
import { cur2, KINDS, legacyCur, snakeCur } from "../import/cur-files.ts";
import { loadTables } from "../support/loading.ts";
import { memoryFile } from "../support/memory-file.ts";
import { PARQUET_FIXTURES, type ParquetFixture, parquetFixtures } from "../support/parquet-files.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

async function fresh(): Promise<Fresh<MetricStore>> {
  const cloud = await startLocalCloud();
  const store = cloud.open();
  return {
    store: store.metrics,
    async close() {
      await store.close();
      await cloud.close();
    },
  };
}

tableLoadCases("DynamoDB", fresh);
twiceCountedCases("DynamoDB", fresh);

const CLAIMS = [
  { account: "111", tenant: "one" },
  { account: "222", tenant: "two" },
];

describe("tables on DynamoDB and in the engine", () => {
  let folder: string;
  let cloud: LocalCloud;
  let aws: AwsStore;
  let embedded: Fresh<MetricStore>;
  let fixtures: ParquetFixture[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "securebase-tables-"));
    fixtures = await parquetFixtures(folder);
    cloud = await startLocalCloud();
    aws = cloud.open();
    embedded = await freshStore((store) => store.metrics);
  });
  afterAll(async () => {
    await aws.close();
    await cloud.close();
    await embedded.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Loads a file into both. @returns the report, which is the same for both */
  async function loadBoth(file: InputFile): Promise<LoadReport> {
    const { mapping, files } = await planImport([file]);
    if (mapping === undefined) throw new Error("no mapping");
    const input = {
      ...{ mapping, files, dryRun: false, owners: { kind: "accounts" as const, claims: CLAIMS, seen: 0 } },
      zones: { two: "Asia/Tokyo", one: "America/New_York" },
      loadedAt: "2024-10-01T06:00:00.000Z",
    };
    const report = await loadTables(aws.metrics, input);
    expect(report).toEqual(await loadTables(embedded.store, input));
    return report;
  }

  /** Every fact of every tenant, by all that can be asked for. */
  async function expectSameFacts(): Promise<void> {
    const groupings = [
      ["day", "service", "account", "currency", "tag:env", "tag:a", "tag:n", "unit"],
      ["charge_category", "charge_class", "charge_frequency", "pricing_category", "commitment", "region"],
      ["commitment_status", "account", "provider", "billing_account", "tag:Env", "tag:env", "resource"],
    ];
    const measures = ["billed_cost", "effective_cost", "list_cost", "contracted_cost", "consumed_quantity"];
    for (const tenant of ["one", "two", "unassigned"])
      for (const groupBy of groupings) {
        const asked = { range: { from: "2023-08-01", to: "2024-11-01" }, measures, groupBy };
        expect(await ask(aws.metrics, asked, tenant)).toEqual(await ask(embedded.store, asked, tenant));
      }
  }

  const header =
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ServiceName,SubAccountId,SubAccountName,EffectiveCost,ConsumedQuantity,Tags,Odd";
  const rows = [
    `1.25,9,USD,2024-09-01T00:00:00Z,2024-09-01T00:00:00Z,2024-09-02T00:00:00Z,EC2,111,one,1,2,"{""env"":""prod""}",x`,
    `1e-3,9,USD,2024-09-01,2024-09-01T23:00:00Z,2024-09-02T00:00:00Z,"Quoted, ""service""",111,one,NULL,,,x`,
    `-.5,9,USD,2024-09-01T00:00:00Z,2024-09-30T22:30:00Z,2024-09-30T23:30:00Z,"Line\nbreak",222,,0.000000000000000001,null,"[{""Key"":""a"",""Value"":""b""}]",x`,
    ` 7 ,9,EUR,2024-09-01 00:00:00,2024-09-10,2024-09-11,S3,333,three,7,1,not json,x`,
    `0.1234567890123456789,9,USD,2024-09-01,2024-09-10,2024-09-11,S3,111,,1,1,,x`,
    `12,9,,2024-09-01,2024-09-10,2024-09-11,S3,111,,1,1,,x`,
    `5,9,USD,2024-09-01,2024-02-30,2024-09-11,S3,111,,1,1,,x`,
    `5,9,USD,,2024-09-10,2024-09-11,S3,111,,1,1,,x`,
    `5,9,USD,2024-08-01,2024-08-10T10:00:00+02:00,2024-08-11,S3,,,1,1,"{""n"":1,""z"":null}",x`,
    `five,9,USD,2024-09-01,2024-09-10,2024-09-11,S3,111,,nine,1,,x`,
    `only,three,fields`,
    `8,9,USD,2024-09-01,2024-09-10,2024-09-11,"S"3,111,,1,1,,x`,
    ``,
    `9,9,USD,2024-09-01,2024-09-12,,S3,444,,9,1e3,{},x`,
    `1,9,USD,2024-09-01,9999-12-31,9999-12-31T01:00:00Z,S3,111,,1,1,,x`,
    `2,9,USD,0001-01-01,2024-09-12,2024-09-13,S3,111,,1,1,,x`,
    `3,9,USD,2024-09-01,2024-09-05,2024-09-01T00:00:00Z,S3,111,,1,1,,x`,
    `4,9,USD,2024-09-01,2024-09-01,2044-09-01,S3,111,,1,1,,x`,
    `5,9,USD,2024-09-01,2019-01-01,2019-02-01,S3,111,,1,1,,x`,
    `5,9,USD,2021-09-01,2024-09-05,,S3,111,,1,1,,x`,
    `6,9,USD,2024-09-01,2024-09-01,2027-09-01,Upfront,111,,1,1,,x`,
    `7,9,USD,2024-09-01,2023-09-01,2023-09-01,Corrected,111,,1,1,,x`,
  ];
  const curRows = [
    ...KINDS.map(({ row }) => row),
    { "lineItem/LineItemType": "DiscountedUsage", "reservation/EffectiveCost": "n/a" },
    { "lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "" },
    { "lineItem/LineItemType": "SomethingNew", "lineItem/UsageAccountId": "111", "product/region": "" },
    { "lineItem/LineItemType": "RIFee", "reservation/UnusedRecurringFee": "-1e-18" },
    {
      "lineItem/LineItemType": "SavingsPlanRecurringFee",
      "savingsPlan/TotalCommitmentToDate": "99999999999999999999",
      "savingsPlan/UsedCommitment": "-99999999999999999999",
    },
    { "lineItem/LineItemType": "", "lineItem/CurrencyCode": "", "lineItem/UnblendedCost": "1" },
    { "lineItem/UnblendedCost": "x", "bill/BillingPeriodStartDate": "never" },
    { "lineItem/UsageStartDate": "2062-09-01T00:00:00Z", "lineItem/UsageEndDate": "2062-09-02T00:00:00Z" },
    { "lineItem/UsageEndDate": "2024-08-01T00:00:00Z" },
    { "bill/BillingPeriodStartDate": "2024-10-01T00:00:00.000Z", "resourceTags/user:env": "dev" },
    { "bill/PayerAccountId": "", "lineItem/UsageAccountId": "222", "resourceTags/user:Env": "é" },
  ];
  it.each([
    ["FOCUS", `${header}\n${rows.join("\n")}\n`, 13],
    ["a legacy CUR", legacyCur(curRows), 5],
    ["a CUR with underscores", snakeCur(curRows.filter((row) => !("resourceTags/user:Env" in row))), 5],
    ["CUR 2.0", cur2(curRows).replaceAll('{""env"":""dev""}', "{"), 5],
  ])("mean the same for %s: report, rejections, warnings and every fact", async (_, text, rejected) => {
    const file = memoryFile("nasty.csv", text);
    const first = await loadBoth(file);
    expect(first.rowsRejected).toBeGreaterThanOrEqual(rejected);
    await expectSameFacts();
    const again = await loadBoth(file);
    expect(again.partitions.every(({ rows: held, replacedRows }) => held === replacedRows)).toBe(true);
    await expectSameFacts();
  });

  it.each(PARQUET_FIXTURES)("mean the same for Parquet with $what", async ({ what, rows: count }) => {
    const { path } = fixtures.find((fixture) => fixture.what === what) ?? { path: "" };
    const report = await loadBoth(localFile(path, statSync(path).size));
    expect(report.rowsRead).toBe(count);
    await expectSameFacts();
  });
});
