import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database } from "../../src/adapters/embedded/database.ts";
import { demoFocusCsv } from "../../src/demo/focus-csv.ts";
import { ADDED_1_1, ADDED_1_2, FOCUS_1_0 } from "../../src/importers/focus/columns.ts";
import type { LoadReport } from "../../src/ports/load.ts";
import { focusCsv, freshFolder, importInto, select } from "./lib.ts";

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

type Row = Readonly<Record<string, string>>;
/** A row that breaks nothing. */
const GOOD: Row = {
  ChargeFrequency: "Usage-Based",
  PricingCategory: "Standard",
  ServiceCategory: "Storage",
};

async function imported(rows: readonly Row[], columns: readonly string[]): Promise<LoadReport> {
  const path = join(folder, "bill.csv");
  writeFileSync(path, focusCsv(rows, { columns }));
  return importInto(database, [path]);
}

const told = ({ warnings }: LoadReport): string[] => warnings.filter((text) => text.startsWith("FOCUS: "));
const since10 = [...FOCUS_1_0];
const since12 = [...FOCUS_1_0, ...ADDED_1_1, ...ADDED_1_2];

describe("FOCUS files that break a rule load, and the rule is told", () => {
  it("tells nothing of a row that breaks none, in any version", async () => {
    for (const columns of [since10, since12]) expect(told(await imported([GOOD], columns))).toEqual([]);
  });

  it.each<[string, Row, string]>([
    [
      "a currency that is none",
      { BillingCurrency: "Dollars" },
      "BillingCurrency must be an ISO 4217 code (Currency Code Format)",
    ],
    [
      "a category of the preview",
      { PricingCategory: "On-Demand" },
      "PricingCategory must be one of Standard, Dynamic, Committed, Other (Pricing Category)",
    ],
    [
      "a frequency in other letters",
      { ChargeFrequency: "Usage-based" },
      "ChargeFrequency must be one of One-Time, Recurring, Usage-Based (Charge Frequency)",
    ],
    [
      "a category that is none",
      { ServiceCategory: "Database" },
      "ServiceCategory must be a value the specification lists (Service Category)",
    ],
    [
      "usage without a pricing category",
      { PricingCategory: "" },
      "PricingCategory must not be null where ChargeCategory is Usage or Purchase and ChargeClass is not Correction (Pricing Category)",
    ],
    [
      "a commitment that is priced as if there were none",
      { CommitmentDiscountId: "sp", CommitmentDiscountStatus: "Used" },
      "PricingCategory must be Committed where CommitmentDiscountId is not null and ChargeCategory is Usage (Pricing Category)",
    ],
    [
      "usage of a commitment without a status",
      { CommitmentDiscountId: "sp", PricingCategory: "Committed" },
      "CommitmentDiscountStatus must not be null where CommitmentDiscountId is not null and ChargeCategory is Usage (Commitment Discount Status)",
    ],
    [
      "usage without a quantity",
      { ConsumedQuantity: "", ConsumedUnit: "" },
      "ConsumedQuantity must not be null where ChargeCategory is Usage, ChargeClass is not Correction and CommitmentDiscountStatus is not Unused (Consumed Quantity)",
    ],
    [
      "a purchase that is charged by usage",
      { ChargeCategory: "Purchase" },
      "ChargeFrequency must not be Usage-Based where ChargeCategory is Purchase (Charge Frequency)",
    ],
    [
      "a status of no commitment",
      { CommitmentDiscountStatus: "Used" },
      "CommitmentDiscountId must not be null where CommitmentDiscountStatus is not (Commitment Discount Status)",
    ],
    [
      "a quantity without a unit",
      { ConsumedUnit: "NULL" },
      "ConsumedUnit must not be null where ConsumedQuantity is not (Consumed Unit)",
    ],
    ["no cost", { ListCost: "" }, "ListCost must not be null (List Cost)"],
  ])("%s", async (_, broken, text) => {
    const report = await imported([GOOD, { ...GOOD, ...broken }], since10);
    expect([report.rowsAccepted, report.rowsRejected]).toEqual([2, 0]);
    expect(told(report)).toEqual([`FOCUS: ${text}: 1 row`]);
  });

  it("tells nothing of rows that a condition leaves out, one that has no value for it among them", async () => {
    const nothing = { ...GOOD, ConsumedQuantity: "", ConsumedUnit: "" };
    const unused = { ...nothing, CommitmentDiscountId: "sp", CommitmentDiscountStatus: "Unused" };
    const rows = [
      { ...nothing, ChargeClass: "Correction", PricingCategory: "" },
      { ...nothing, ChargeCategory: "Tax", PricingCategory: "" },
      {
        ...nothing,
        ChargeCategory: "Purchase",
        ChargeFrequency: "Recurring",
        CommitmentDiscountId: "sp",
        PricingCategory: "Standard",
      },
    ];
    expect(told(await imported(rows, since10))).toEqual([]);
    // What was not used was not consumed.
    for (const columns of [since10, since12])
      expect(told(await imported([{ ...unused, PricingCategory: "Committed" }], columns))).toEqual([]);
    // Of a row that says not even what kind of charge it is, that alone is told.
    expect(told(await imported([{ ...nothing, ChargeCategory: "", PricingCategory: "" }], since10))).toEqual([
      "FOCUS: ChargeCategory must not be null (Charge Category): 1 row",
    ]);
  });

  it("tells nothing of the demo's own bill", async () => {
    const path = join(folder, "demo.csv");
    writeFileSync(path, [...demoFocusCsv({ seed: 1, end: "2024-10-15", months: 2 })].join(""));
    const report = await importInto(database, [path]);
    expect(report.rowsAccepted).toBeGreaterThan(10_000);
    expect(told(report)).toEqual([]);
  });

  it("tells a unit without a quantity from 1.2 on, and names 1.2's section for currencies", async () => {
    const rows = [GOOD, { ...GOOD, ConsumedQuantity: "" }, { ...GOOD, BillingCurrency: "credits" }];
    expect(told(await imported(rows, since10)).join()).not.toContain("Consumed Unit");
    expect(told(await imported(rows, since12))).toEqual([
      "FOCUS: BillingCurrency must be an ISO 4217 code (Currency Format): 1 row",
      "FOCUS: ConsumedQuantity must not be null where ChargeCategory is Usage, ChargeClass is not Correction and CommitmentDiscountStatus is not Unused (Consumed Quantity): 1 row",
      "FOCUS: ConsumedQuantity must not be null where ConsumedUnit is not (Consumed Unit): 1 row",
    ]);
  });

  it("knows what the preview called things", async () => {
    const columns = [
      ...[
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodStart",
        "ChargePeriodStart",
        "ChargePeriodEnd",
      ],
      ...["BilledCost", "EffectiveCost", "ListCost", "ProviderName", "ServiceName", "ServiceCategory"],
      ...["ChargeCategory", "ChargeSubcategory", "ChargeFrequency", "PricingCategory", "UsageQuantity"],
    ];
    const preview = { ...GOOD, PricingCategory: "Commitment-Based", ChargeSubcategory: "On-Demand" };
    const report = await imported([preview, { ...preview, ChargeCategory: "Fee" }], columns);
    expect(report.version).toBe("1.0-preview");
    const [missing, ...rows] = told(report);
    expect(missing).toMatch(
      /^FOCUS: columns that FOCUS 1.0-preview makes mandatory are missing: BillingAccountName, /,
    );
    expect(missing).not.toContain("ContractedCost");
    expect(rows).toEqual([
      "FOCUS: ChargeCategory must be one of Adjustment, Purchase, Tax, Usage (Charge Category): 1 row",
    ]);
  });

  it("reads what the preview says in its subcategories as later versions say it", async () => {
    const columns = [
      ...[
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodStart",
        "ChargePeriodStart",
        "ChargePeriodEnd",
      ],
      ...["BilledCost", "ChargeCategory", "ChargeSubcategory", "PricingCategory", "CommitmentDiscountId"],
      ...["UsageQuantity", "UsageUnit", "Region"],
    ];
    const kinds = [
      ["Usage", "", "On-Demand"],
      ["Usage", "Used Commitment", "Commitment-Based"],
      ["Usage", "Unused Commitment", "Commitment-Based"],
      ["Adjustment", "Credit", "Other"],
      ["Adjustment", "Refund", ""],
      ["Adjustment", "Rounding Error", ""],
    ];
    await imported(
      kinds.map(([category = "", subcategory = "", pricing = ""], i) => ({
        ChargeCategory: category,
        ChargeSubcategory: subcategory,
        PricingCategory: pricing,
        BilledCost: `${i}`,
        UsageQuantity: "7",
        UsageUnit: "GB",
        Region: "eu-west-1",
      })),
      columns,
    );
    const facts = await select(
      database,
      `SELECT charge_category, charge_class, pricing_category, commitment_discount_status, region_id, consumed_unit
        FROM facts_cost ORDER BY billed_cost`,
    );
    expect(facts.map((row) => row.map((value) => value ?? "-").join(" "))).toEqual([
      "Usage - Standard - eu-west-1 GB",
      "Usage - Committed Used eu-west-1 GB",
      "Usage - Committed Unused eu-west-1 GB",
      "Credit - Other - eu-west-1 GB",
      "Adjustment Correction - - eu-west-1 GB",
      "Adjustment - - - eu-west-1 GB",
    ]);
  });
});

describe("the numbers of FOCUS (Numeric Format)", () => {
  const rowsOf = (texts: readonly string[]): Row[] => texts.map((text) => ({ ...GOOD, EffectiveCost: text }));

  it("are read as the attribute's examples are meant", async () => {
    const report = await imported(rowsOf(["-100.2", "-3", "4", "35.2E-7", "1.234"]), since10);
    expect(report.rowsRejected).toBe(0);
    expect(report.totals[0]?.loaded).toMatchObject({ effective_cost: "-97.96599648" });
  });

  it("are refused where the attribute's examples are not, and the rule told", async () => {
    const texts = [
      ...["1 1/2", "35.24 x 10^7", "[3,5,8]", "[4:5]", "5i + 4", "sqrt(2)", "2.3^3", "32 GiB", "$32"],
      "3,432,342",
    ];
    const report = await imported([GOOD, ...rowsOf(texts)], since10);
    expect(report.rejections.map(({ reason }) => reason)).toEqual(
      texts.map((text) => `"${text}" is not a number`),
    );
    expect(told(report)).toEqual(["FOCUS: EffectiveCost must be a number (Effective Cost): 10 rows"]);
  });

  it("are taken with a plus sign, which it does not allow, for what they can only mean", async () => {
    const report = await imported(rowsOf(["+333", "35.2E+7"]), since10);
    expect(report.totals[0]?.loaded).toMatchObject({ effective_cost: "352000333" });
    expect(told(report)).toEqual([]);
  });
});
