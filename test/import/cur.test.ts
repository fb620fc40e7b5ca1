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
    expect(await of("DISTINCT region_id, sub_account_id, consumed_unit, provider_name", "true")).toEqual([
      ["us-east-1", "000000000001", "Hrs", "AWS"],
    ]);
    expect(await of("service_name", "charge_category = 'Tax'")).toEqual([["AmazonEC2"]]);
    const [[tags]] = (await of("tags", "tags IS NOT NULL")) as [[string]];
    expect(JSON.parse(tags)).toEqual({ env: 'prod "x", y', "aws:createdBy": "Root:1" });
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
      "CUR: lineItem/LineItemType is one that is not known here: 1 row",
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
