import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { canonicalDecimal, sumDecimals } from "../../src/core/money/decimal.ts";
import { cur2, KINDS, legacyCur, snakeCur } from "./cur-files.ts";
import { allFacts, freshFolder, importInto, select } from "./lib.ts";

let folder: string;
let remove: () => Promise<void>;
let database: Database;
beforeEach(async () => {
  ({ folder, remove } = await freshFolder());
  database = await Database.open(join(folder, "data"));
});
afterEach(async () => {
  database.close();
  await remove();
});

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const rows = KINDS.map(({ row }) => row);

async function toParquet(csv: string, parquet: string, replace: string): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT * REPLACE (${replace}) FROM read_csv('${csv}', all_varchar = true, nullstr = '')) TO '${parquet}' (FORMAT parquet)`,
  );
  connection.disconnectSync();
  instance.closeSync();
  return parquet;
}

describe("a Cost and Usage Report", () => {
  it("has each kind of line item at its billed and effective cost, in its category", async () => {
    const report = await importInto(database, [write("cur.csv", legacyCur(rows))]);
    expect(report).toMatchObject({ format: "cur", version: "legacy", dataset: "cost", rowsRejected: 0 });
    expect(report.rowsAccepted).toBe(KINDS.length);
    expect(report.warnings).toEqual([]);
    const facts = await select(
      database,
      "SELECT charge_category, billed_cost::VARCHAR, effective_cost::VARCHAR FROM facts_cost",
    );
    const found = facts.map(([category, billed, effective]) =>
      [category, canonicalDecimal(billed ?? ""), canonicalDecimal(effective ?? "")].join(" "),
    );
    const billed = (row: (typeof rows)[number]): string =>
      sumDecimals([row["lineItem/UnblendedCost"] ?? "1.5"].map((text) => (text === "-.25" ? "-0.25" : text)));
    expect(found.sort()).toEqual(
      KINDS.map(({ row, effective, category }) => `${category} ${billed(row)} ${effective}`).sort(),
    );
    expect(report.totals[0]?.loaded["effective_cost"]).toBe(sumDecimals(KINDS.map((kind) => kind.effective)));
    expect(report.partitions).toMatchObject([{ source: "cur:AWS:999999999999", period: "2024-09" }]);
  });

  it("says what is committed, refunded, tagged and where", async () => {
    await importInto(database, [write("cur.csv", legacyCur(rows))]);
    const of = async (columns: string, where: string): Promise<(string | null)[][]> =>
      select(database, `SELECT ${columns} FROM facts_cost WHERE ${where} ORDER BY ALL`);
    expect(
      await of(
        "DISTINCT commitment_discount_id, commitment_discount_status, pricing_category",
        "commitment_discount_status = 'Used'",
      ),
    ).toEqual([
      ["arn:aws:ec2:us-east-1:1:reserved-instances/r", "Used", "Committed"],
      ["arn:aws:savingsplans::1:savingsplan/s", "Used", "Committed"],
    ]);
    expect(await of("count(*)", "commitment_discount_status = 'Unused'")).toEqual([["2"]]);
    expect(await of("charge_category, charge_class", "charge_class IS NOT NULL")).toEqual([
      ["Adjustment", "Correction"],
    ]);
    expect(await of("DISTINCT region_id, sub_account_id, provider_name", "true")).toEqual([
      ["us-east-1", "000000000001", "AWS"],
    ]);
    expect(await of("service_name", "charge_category = 'Tax'")).toEqual([["AmazonEC2"]]);
    const [[tags]] = (await of("tags", "tags IS NOT NULL")) as [[string]];
    expect(JSON.parse(tags)).toEqual({ env: 'prod "x", y', "aws:createdBy": "Root:1" });
  });

  it("says of each kind how often, at which prices and of what it is, as FOCUS would", async () => {
    const types = [
      ...["Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "EdpDiscount"],
      ...["PrivateRateDiscount", "BundledDiscount", "Fee", "RIFee", "SavingsPlanUpfrontFee"],
      ...["SavingsPlanRecurringFee", "RiVolumeDiscount", "Tax", "Credit", "Refund", "SomethingNew"],
    ];
    const all = types.map((type) => ({
      "lineItem/LineItemType": type,
      "lineItem/UsageAmount": "2",
      "pricing/publicOnDemandCost": "3",
      "savingsPlan/SavingsPlanARN": type.startsWith("SavingsPlan") ? "arn:sp" : "",
      "reservation/ReservationARN": type === "RIFee" ? "arn:ri" : "",
      // Told apart by their billed cost.
      "lineItem/UnblendedCost": `${types.indexOf(type)}`,
    }));
    await importInto(database, [write("kinds.csv", legacyCur(all))]);
    const found = await select(
      database,
      `SELECT charge_category, charge_class, charge_frequency, pricing_category, commitment_discount_status,
        commitment_discount_id, resource_id, list_cost::DECIMAL(9,0), consumed_quantity::DECIMAL(9,0), consumed_unit
        FROM facts_cost ORDER BY billed_cost`,
    );
    const kinds = found.map((row, i) => [types[i], ...row.map((value) => value ?? "-")].join(" "));
    expect(kinds).toEqual([
      "Usage Usage - Usage-Based Standard - - - 3 2 Hrs",
      "DiscountedUsage Usage - Usage-Based Committed Used - - 3 2 Hrs",
      "SavingsPlanCoveredUsage Usage - Usage-Based Committed Used arn:sp - 3 2 Hrs",
      "SavingsPlanNegation Usage - Usage-Based Committed Used arn:sp - 0 0 Hrs",
      "EdpDiscount Usage - Usage-Based Standard - - - 0 - -",
      "PrivateRateDiscount Usage - Usage-Based Standard - - - 0 - -",
      "BundledDiscount Usage - Usage-Based Standard - - - 0 - -",
      "Fee Purchase - One-Time Standard - - - 3 - -",
      "RIFee Purchase - Recurring Standard Unused arn:ri arn:ri 3 - -",
      "SavingsPlanUpfrontFee Purchase - One-Time Standard - arn:sp arn:sp 3 - -",
      "SavingsPlanRecurringFee Purchase - Recurring Standard Unused arn:sp arn:sp 3 - -",
      "RiVolumeDiscount Purchase - One-Time Standard - - - 3 - -",
      "Tax Tax - - - - - - 3 - -",
      "Credit Credit - One-Time - - - - 13 - -",
      "Refund Adjustment Correction One-Time - - - - 3 - -",
      "SomethingNew SomethingNew - - - - - - 3 2 Hrs",
    ]);
  });

  it("says whose, where, when and of which service a charge is", async () => {
    const path = write(
      "who.csv",
      legacyCur([
        {
          "lineItem/UsageAccountName": "prod",
          "product/regionCode": "eu-west-1",
          "lineItem/UsageStartDate": "2024-09-03T02:00:00Z",
          "lineItem/UsageEndDate": "2024-09-03T03:00:00Z",
        },
        {
          "lineItem/UsageAccountId": "",
          "product/ProductName": "",
          "product/region": "us-west-2",
          "lineItem/UsageEndDate": "2024-10-03T00:00:00Z",
        },
      ]),
    );
    const claims = [
      { account: "000000000001", tenant: "acme" },
      { account: "999999999999", tenant: "payer" },
    ];
    const zones = { acme: "America/New_York", payer: "America/New_York" };
    await importInto(database, [path], { owners: { kind: "accounts", claims, seen: 0 }, zones });
    const found = await select(
      database,
      `SELECT k.id, sub_account_id, sub_account_name, billing_account_id, service_name, region_id, day::VARCHAR,
        charge_period_end::DATE::VARCHAR FROM facts_cost JOIN tenant_keys k ON k.key = tenant ORDER BY 1`,
    );
    expect(found).toEqual([
      [
        ...["acme", "000000000001", "prod", "999999999999", "Amazon Elastic Compute Cloud", "eu-west-1"],
        // An hour is of the day it has in the tenant's zone, a longer charge of the one the bill names.
        ...["2024-09-02", "2024-09-03"],
      ],
      ["payer", null, null, "999999999999", "AmazonEC2", "us-west-2", "2024-09-03", "2024-10-03"],
    ]);
  });

  it("takes spot and reserved terms for what they are, and no term for none", async () => {
    const terms = ["Spot", "Reserved", ""].map((term, i) => ({
      "pricing/term": term,
      "lineItem/UnblendedCost": `${i}`,
    }));
    await importInto(database, [write("terms.csv", legacyCur(terms))]);
    const found = await select(database, "SELECT pricing_category FROM facts_cost ORDER BY billed_cost");
    expect(found.flat()).toEqual(["Dynamic", "Committed", null]);
  });

  it("has each used commitment at a billed cost of 0, and all its kinds at what was paid for it", async () => {
    const sp = { "savingsPlan/SavingsPlanARN": "arn:sp" };
    const covered = (hour: string, cost: string, effective: string): Record<string, string>[] => [
      {
        ...sp,
        "lineItem/LineItemType": "SavingsPlanCoveredUsage",
        "lineItem/UnblendedCost": cost,
        "savingsPlan/SavingsPlanEffectiveCost": effective,
        "lineItem/UsageStartDate": hour,
      },
      { ...sp, "lineItem/LineItemType": "SavingsPlanNegation", "lineItem/UnblendedCost": `-${cost}` },
    ];
    const hours = [
      ...covered("2024-09-03T00:00:00Z", "0.192", "0.1"),
      ...covered("2024-09-03T01:00:00Z", "0.096", "0.05"),
    ];
    const fees = [
      ["0.1", "0.1"],
      ["0.1", "0.05"],
    ].map(([commitment = "", used = ""]) => ({
      ...sp,
      "lineItem/LineItemType": "SavingsPlanRecurringFee",
      "lineItem/UnblendedCost": commitment,
      "savingsPlan/TotalCommitmentToDate": commitment,
      "savingsPlan/UsedCommitment": used,
    }));
    await importInto(database, [write("sp.csv", legacyCur([...hours, ...fees]))]);
    const found = await select(
      database,
      `SELECT commitment_discount_status, sum(billed_cost)::DECIMAL(9,3), sum(effective_cost)::DECIMAL(9,3)
        FROM facts_cost GROUP BY ALL ORDER BY 1 DESC`,
    );
    // FOCUS, Discount Handling: used and unused effective cost come to the billed cost of the commitment.
    expect(found).toEqual([
      ["Used", "0.000", "0.150"],
      ["Unused", "0.200", "0.050"],
    ]);
  });

  it("is the same as gzip, under both spellings, as CUR 2.0 and as Parquet", async () => {
    await importInto(database, [write("cur.csv", legacyCur(rows))]);
    // The spelling with underscores has no capital letters, in tags neither.
    const facts = JSON.stringify(await allFacts(database)).replaceAll("createdBy", "created_by");
    const twoCsv = write("two.csv", cur2(rows));
    const variants = [
      write("legacy.csv.gz", gzipSync(legacyCur(rows))),
      write("snake.csv", snakeCur(rows)),
      write("two.csv.gz", gzipSync(cur2(rows))),
      await toParquet(
        twoCsv,
        join(folder, "two.parquet"),
        `line_item_unblended_cost::DECIMAL(30, 15) AS line_item_unblended_cost, product::JSON::MAP(VARCHAR, VARCHAR) AS product,
         resource_tags::JSON::MAP(VARCHAR, VARCHAR) AS resource_tags, line_item_usage_start_date::TIMESTAMP AS line_item_usage_start_date`,
      ),
      await toParquet(
        write("s.csv", snakeCur(rows)),
        join(folder, "snake.parquet"),
        "line_item_unblended_cost::DOUBLE AS line_item_unblended_cost",
      ),
    ];
    for (const [i, variant] of variants.entries()) {
      const other = await Database.open(join(folder, `other-${i}`));
      try {
        const report = await importInto(other, [variant]);
        expect(report.version).toBe(variant.includes("two") ? "2.0" : "legacy");
        expect(JSON.stringify(await allFacts(other)).replaceAll("createdBy", "created_by")).toBe(facts);
      } finally {
        other.close();
      }
    }
  });

  it("refuses a row whose amortized cost cannot be read, and tells of kinds and costs that are not known", async () => {
    const path = write(
      "odd.csv",
      legacyCur([
        { "lineItem/LineItemType": "DiscountedUsage", "reservation/EffectiveCost": "n/a" },
        { "lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "" },
        { "lineItem/LineItemType": "SomethingNew" },
        { "resourceTags/user:Env": "1", "resourceTags/user:env": "2" },
      ]),
    );
    const report = await importInto(database, [path]);
    expect(report.rejections).toEqual([
      { file: path, line: 2, row: 1, field: "reservation/EffectiveCost", reason: '"n/a" is not a number' },
    ]);
    expect(report.warnings).toEqual([
      "CUR: lineItem/LineItemType has an unknown value: 1 row",
      "CUR: the amortized cost of a row is not in the file, its effective cost unknown: 1 row",
    ]);
    const tags = await select(database, "SELECT tags FROM facts_cost WHERE tags IS NOT NULL");
    expect(JSON.parse(tags[0]?.[0] ?? "")).toEqual({ Env: "1", env: "2" });
  });

  it("is refused without money, currency or time, by the names it uses", async () => {
    const text = legacyCur([{}]).replace("lineItem/UnblendedCost", "lineItem/Cost");
    await expect(importInto(database, [write("a.csv", text)])).rejects.toMatchObject({
      code: "import.missing-column",
      message: expect.stringContaining("without lineItem/UnblendedCost") as string,
    });
    const other = snakeCur([{}]).replace("bill_billing_period_start_date", "bill_x");
    await expect(importInto(database, [write("b.csv", other)])).rejects.toThrow(
      "bill_billing_period_start_date",
    );
  });
});
