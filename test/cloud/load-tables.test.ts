import { createReadStream } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import { planImport } from "../../src/importers/registry/registry.ts";
import type { InputFile, LoadReport, Ownership } from "../../src/ports/load.ts";
import { freshStore } from "../conformance/lib/embedded.ts";
import { ask } from "../conformance/lib/facts.ts";
import { ADDED_1_1, FOCUS_1_0 } from "../../src/importers/focus/columns.ts";
import { focusCsv as conformingCsv } from "../import/lib.ts";
import { cur2, KINDS, legacyCur, snakeCur } from "../import/cur-files.ts";
import { focusCsv } from "../runtimes/seed.ts";
import { samplePath } from "../samples.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";
import { loadTables } from "../support/loading.ts";

function fileOf(name: string, content: string | Uint8Array): InputFile {
  const bytes = Buffer.from(content);
  return {
    name,
    size: bytes.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable over what is here already
    async *open() {
      // Small pieces, so that records and gzip blocks straddle them.
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    },
  };
}

describe("CSV on DynamoDB", () => {
  let cloud: LocalCloud;
  let store: AwsStore;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    store = cloud.open();
  });
  afterAll(async () => {
    await store.close();
    await cloud.close();
  });

  async function importFile(file: InputFile, owners: Ownership, dryRun = false): Promise<LoadReport> {
    const plan = await planImport([file], "auto");
    if (plan.mapping === undefined) throw new Error("no mapping");
    return store.metrics.loadTables({
      ...{ mapping: plan.mapping, files: plan.files, owners, zones: {}, dryRun },
      loadedAt: "2024-10-01T06:00:00.000Z",
    });
  }

  it("tells the same of rows that break FOCUS as the engine does", async () => {
    const usage = { ChargeFrequency: "Usage-Based", PricingCategory: "Standard", ServiceCategory: "Storage" };
    const rows = [
      ...[
        usage,
        { ...usage, PricingCategory: "" },
        { ...usage, PricingCategory: "", ChargeClass: "Correction" },
      ],
      ...[
        { ...usage, ConsumedQuantity: "", ConsumedUnit: "" },
        { ...usage, ChargeCategory: "Purchase" },
      ],
      ...[
        { ...usage, CommitmentDiscountId: "sp" },
        { ...usage, ChargeCategory: "", ConsumedQuantity: "" },
      ],
      {
        ...usage,
        CommitmentDiscountId: "sp",
        CommitmentDiscountStatus: "Unused",
        PricingCategory: "Committed",
      },
      { ...usage, ListCost: "a lot" },
    ];
    const engine = await freshStore((embedded) => embedded.metrics);
    for (const columns of [FOCUS_1_0, [...FOCUS_1_0, ...ADDED_1_1]]) {
      const file = fileOf("broken.csv", conformingCsv(rows, { columns }));
      const plan = await planImport([file], "auto");
      const here = await importFile(file, { kind: "accounts", claims: [] }, true);
      const there = await loadTables(engine.store, {
        ...{ mapping: plan.mapping!, files: plan.files, zones: {}, dryRun: true },
        ...{ owners: { kind: "accounts", claims: [] }, loadedAt: "2024-10-01T06:00:00.000Z" },
      });
      const told = (report: LoadReport): string[] =>
        report.warnings.filter((text) => text.startsWith("FOCUS"));
      expect(told(here)).toEqual(told(there));
      expect(told(here), told(here).join("\n")).toHaveLength(7);
    }
    await engine.close();
  });

  const sample = samplePath("focus/focus_sample.csv");
  it.skipIf(sample === undefined)(
    "loads the published FOCUS sample to the last digit, twice the same",
    async () => {
      const file: InputFile = { name: "focus_sample.csv", open: () => createReadStream(sample ?? "") };
      for (const round of [1, 2]) {
        const report = await importFile(file, { kind: "accounts", claims: [] });
        expect([report.rowsRead, report.rowsAccepted, report.rowsRejected]).toEqual([1000, 1000, 0]);
        expect(report.totals).toMatchObject([
          {
            currency: "USD",
            source: { billed_cost: "20.52022672899", effective_cost: "14.97651418586" },
            loaded: { billed_cost: "20.52022672899", effective_cost: "14.97651418586" },
          },
        ]);
        expect(report.unassigned).toHaveLength(73);
        const replaced = report.partitions.reduce((sum, p) => sum + p.replacedRows, 0);
        expect(replaced).toBe(round === 1 ? 0 : 1000);
      }
      const range = { from: "2024-08-01", to: "2024-11-01" };
      const answer = await ask(
        store.metrics,
        { range, measures: ["billed_cost", "effective_cost"] },
        "unassigned",
      );
      expect(answer.rows).toEqual([["20.52022672899", "14.97651418586"]]);
    },
  );

  it("gives rows to the tenants that claim their accounts, and counts rejected ones with line and reason", async () => {
    const good = focusCsv([
      { account: "111", service: "EC2", day: 1, billed: "1.5" },
      { account: "222", service: "S3", day: 2, billed: "2.25" },
      { account: "333", service: "S3", day: 3, billed: "4" },
    ]);
    const lines = good.trimEnd().split("\n");
    lines.splice(2, 0, (lines[1] ?? "").replace("1.5", "lots"), "too,few,fields");
    const claims = [
      { account: "111", tenant: "one" },
      { account: "222", tenant: "two" },
    ];
    const report = await importFile(fileOf("bill.csv.gz", gzipSync(`\ufeff${lines.join("\r\n")}\r\n`)), {
      kind: "accounts",
      claims,
    });
    expect([report.rowsRead, report.rowsAccepted, report.rowsRejected]).toEqual([5, 3, 2]);
    expect(report.rejections).toMatchObject([
      { file: "bill.csv.gz", line: 3, row: 2, field: "BilledCost", reason: '"lots" is not a number' },
      { line: 4, row: 3, field: null, reason: "the row has 3 fields where the header has 22" },
    ]);
    expect(report.unassigned).toEqual([{ account: "333", name: "name", rows: 1 }]);
    expect((await ask(store.metrics, { groupBy: ["service"] }, "one")).rows).toEqual([["EC2", "1.5"]]);
    expect((await ask(store.metrics, { groupBy: ["service"] }, "two")).rows).toEqual([["S3", "2.25"]]);
  });

  it("leaves the store as it was when the file is damaged", async () => {
    const owners = { kind: "tenant", tenant: "careful" } as const;
    const charge = { account: "1", service: "EC2", day: 1, billed: "1" };
    await importFile(fileOf("a.csv", focusCsv([charge])), owners);
    const whole = gzipSync(
      focusCsv(Array.from({ length: 3000 }, (_, i) => ({ ...charge, billed: `${i}.123` }))),
    );
    const broken = fileOf("b.csv.gz", whole.subarray(0, whole.length - 20));
    await expect(importFile(broken, owners)).rejects.toMatchObject({ code: "import.damaged" });
    const unclosed = fileOf("c.csv", `${focusCsv([charge])}"never closed,1`);
    await expect(importFile(unclosed, owners)).rejects.toMatchObject({ code: "import.unclosed-quote" });
    expect((await ask(store.metrics, {}, "careful")).rows).toEqual([["1"]]);
  });

  it("warns of what a replaced load had and this one lacks, and changes nothing in a dry run", async () => {
    const owners = { kind: "tenant", tenant: "warned" } as const;
    const charge = (account: string) => ({ account, service: "EC2", day: 1, billed: "1" });
    await importFile(fileOf("a.csv", focusCsv([charge("77"), charge("88")])), owners);
    const dry = await importFile(fileOf("a.csv", focusCsv([charge("77")])), owners, true);
    expect(dry.warnings).toContain("accounts that the replaced load had and this delivery lacks: 88");
    expect((await ask(store.metrics, {}, "warned")).rows).toEqual([["2"]]);
  });
});

describe("CSV on DynamoDB and in the engine", () => {
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
  const claims = [
    { account: "111", tenant: "one" },
    { account: "222", tenant: "two" },
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
    const cloud = await startLocalCloud();
    const aws = cloud.open();
    const embedded = await freshStore((store) => store.metrics);
    const file = fileOf("nasty.csv", text);
    const plan = await planImport([file]);
    if (plan.mapping === undefined) throw new Error("no mapping");
    const input = {
      ...{ mapping: plan.mapping, files: plan.files, dryRun: false },
      owners: { kind: "accounts" as const, claims },
      zones: { two: "Asia/Tokyo", one: "America/New_York" },
      loadedAt: "2024-10-01T06:00:00.000Z",
    };
    const sorted = (report: LoadReport): LoadReport => ({
      ...report,
      partitions: [...report.partitions].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    });
    for (const round of [1, 2]) {
      const mine = sorted(await aws.metrics.loadTables(input));
      const theirs = sorted(await loadTables(embedded.store, input));
      expect(mine).toEqual(theirs);
      expect(mine.rowsRejected).toBeGreaterThanOrEqual(rejected);
      expect(mine.partitions.some(({ replacedRows }) => replacedRows > 0)).toBe(round === 2);
    }
    const groupings = [
      ["day", "service", "account", "currency", "tag:env", "tag:a", "tag:n", "unit"],
      ["charge_category", "charge_class", "charge_frequency", "pricing_category", "commitment", "region"],
      ["commitment_status", "account", "provider", "billing_account", "tag:Env", "tag:env", "resource"],
    ];
    const question = {
      range: { from: "2023-08-01", to: "2024-11-01" },
      measures: ["billed_cost", "effective_cost", "list_cost", "consumed_quantity"],
    };
    for (const tenant of ["one", "two", "unassigned"])
      for (const groupBy of groupings) {
        const asked = { ...question, groupBy };
        expect(await ask(aws.metrics, asked, tenant)).toEqual(await ask(embedded.store, asked, tenant));
      }
    await embedded.close();
    await aws.close();
    await cloud.close();
  });
});
