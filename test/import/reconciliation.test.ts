import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { canonicalDecimal } from "../../src/core/money/decimal.ts";
import { samplePath } from "../samples.ts";
import { cur2, type CurRow, legacyCur, snakeCur } from "./cur-files.ts";
import { freshFolder, importInto, select } from "./lib.ts";

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => ({ folder, remove } = await freshFolder()));
afterAll(() => remove());

/** Numbers that look random and are the same in every run. */
function* numbers(): Generator<number, never> {
  for (let seed = 1; ;) {
    seed = (seed * 48271) % 2147483647;
    yield seed;
  }
}

const TYPES = [
  ...["Usage", "Tax", "Credit", "Fee", "DiscountedUsage", "SavingsPlanNegation", "Refund", "RIFee"],
  ...["SavingsPlanCoveredUsage", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "EdpDiscount"],
  ...["PrivateRateDiscount", "BundledDiscount", "RiVolumeDiscount"],
];
const rows: CurRow[] = [];
const source = numbers();
const next = (below: number): number => source.next().value % below;
for (let i = 0; i < 3000; i++) {
  rows.push({
    "lineItem/LineItemType": TYPES[next(TYPES.length)] ?? "",
    "lineItem/UsageAccountId": String(next(7)).padStart(12, "0"),
    "lineItem/CurrencyCode": ["USD", "EUR", "CNY"][next(3)] ?? "",
    "lineItem/UnblendedCost": `${next(5) === 0 ? "-" : ""}${next(3000)}.${String(next(1e9)).padStart(10, "0")}${String(next(1e5)).padStart(5, "0")}`,
    "resourceTags/user:env": next(2) === 0 ? "" : 'a "quoted", tag',
  });
}

/** The engine's own sum of a source's columns, which knows nothing of mappings. */
async function sumOfSource(path: string, columns: readonly string[]): Promise<string[][]> {
  const [currency, category, account, cost] = columns;
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT "${currency}", "${category}", "${account}", sum("${cost}"::DECIMAL(38, 18))::VARCHAR
      FROM read_csv('${path}', all_varchar = true, delim = ',', quote = '"', escape = '"', header = true) GROUP BY ALL`,
  );
  const found = reader.getRows().map((row) => row.map(String));
  connection.disconnectSync();
  instance.closeSync();
  return found.map(([a = "", b = "", c = "", sum = ""]) => [a, b, c, canonicalDecimal(sum)]);
}

async function loaded(path: string, name: string): Promise<string[][]> {
  const database = await Database.open(join(folder, name));
  try {
    await importInto(database, [path]);
    const found = await select(
      database,
      "SELECT billing_currency, charge_category, sub_account_id, sum(billed_cost)::VARCHAR FROM facts_cost GROUP BY ALL",
    );
    return found.map(([a, b, c, sum]) => [a ?? "", b ?? "", c ?? "", canonicalDecimal(sum ?? "")]).sort();
  } finally {
    database.close();
  }
}

/** What the mapping calls each kind, told here once more. */
const CATEGORY: Readonly<Record<string, string>> = {
  Usage: "Usage",
  DiscountedUsage: "Usage",
  SavingsPlanNegation: "Usage",
  Tax: "Tax",
  Credit: "Credit",
  Fee: "Purchase",
  RIFee: "Purchase",
  Refund: "Adjustment",
  SavingsPlanCoveredUsage: "Usage",
  EdpDiscount: "Usage",
  PrivateRateDiscount: "Usage",
  BundledDiscount: "Usage",
  RiVolumeDiscount: "Purchase",
  SavingsPlanRecurringFee: "Purchase",
  SavingsPlanUpfrontFee: "Purchase",
};

/** Sums of exact text amounts, in integers of 10^-18, without the project's arithmetic. */
function byCategory(sums: readonly string[][]): string[][] {
  const totals = new Map<string, bigint>();
  for (const [currency = "", kind = "", account = "", sum = ""] of sums) {
    const [, sign, whole = "", fraction = ""] = /^(-?)(\d*)\.?(\d*)$/.exec(sum) ?? [];
    const units = BigInt(whole + fraction.padEnd(18, "0")) * (sign === "-" ? -1n : 1n);
    const key = JSON.stringify([currency, CATEGORY[kind], account]);
    totals.set(key, (totals.get(key) ?? 0n) + units);
  }
  return [...totals]
    .map(([key, units]) => {
      const digits = (units < 0n ? -units : units).toString().padStart(19, "0");
      const text = `${units < 0n ? "-" : ""}${digits.slice(0, -18)}.${digits.slice(-18)}`;
      return [...(JSON.parse(key) as string[]), canonicalDecimal(text)];
    })
    .sort();
}

describe("what is loaded equals the source by currency, charge category and account", () => {
  it.each([
    [
      "a legacy CUR",
      legacyCur,
      ["lineItem/CurrencyCode", "lineItem/LineItemType", "lineItem/UsageAccountId", "lineItem/UnblendedCost"],
    ],
    [
      "a CUR with underscores",
      snakeCur,
      [
        "line_item_currency_code",
        "line_item_line_item_type",
        "line_item_usage_account_id",
        "line_item_unblended_cost",
      ],
    ],
    [
      "CUR 2.0",
      cur2,
      [
        "line_item_currency_code",
        "line_item_line_item_type",
        "line_item_usage_account_id",
        "line_item_unblended_cost",
      ],
    ],
  ])("%s, to the last digit", async (name, write, columns) => {
    const path = join(folder, `${name}.csv`);
    writeFileSync(path, write(rows));
    const found = await loaded(path, name);
    expect(found.length).toBeGreaterThan(90);
    expect(found).toEqual(byCategory(await sumOfSource(path, columns)));
  });

  const sample = samplePath("focus/focus_sample.csv") ?? "";
  it.skipIf(sample === "")(
    "the FOCUS sample, to the last digit, and by awk as far as it counts",
    async () => {
      const found = await loaded(sample, "sample");
      const columns = ["BillingCurrency", "ChargeCategory", "SubAccountId", "BilledCost"];
      expect(found).toEqual((await sumOfSource(sample, columns)).sort());
      // Amounts have 11 decimals, so awk adds them as whole numbers of 10^-11 without an error.
      const program = `NR > 1 { n = $2; minus = sub(/^-/, "", n); split(n, p, "."); v = (p[1] p[2]) + 0; s += minus ? -v : v } END { printf "%.0f", s }`;
      const units = execFileSync("awk", ["-F,", program, sample], { encoding: "utf8" });
      expect(units).toBe("2052022672899");
      expect(
        found
          .reduce((sum, [, , , cost = ""]) => sum + BigInt(Math.round(Number(cost) * 1e11)), 0n)
          .toString(),
      ).toBe(units);
    },
  );
});
