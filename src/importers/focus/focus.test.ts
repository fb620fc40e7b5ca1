import { describe, expect, it } from "vitest";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import type { Detected, Sample } from "../shared/importer.ts";
import { ADDED_1_1, ADDED_1_2, ADDED_1_3, FOCUS_1_0 } from "./columns.ts";
import { focusRules } from "./conformance.ts";
import { focusImporter, focusMapping } from "./focus.ts";

const detect = (header: readonly string[]): Detected | undefined =>
  focusImporter.detect({
    kind: "csv",
    file: memoryFile("bill.csv", ""),
    compression: "none",
    delimiter: ",",
    header,
  });

describe("FOCUS", () => {
  it("tells its versions by their columns", () => {
    expect(detect(FOCUS_1_0)?.version).toBe("1.0");
    expect(detect([...FOCUS_1_0, ...ADDED_1_1])?.version).toBe("1.1");
    expect(detect([...FOCUS_1_0, ...ADDED_1_1, ...ADDED_1_2])?.version).toBe("1.2");
    expect(detect([...FOCUS_1_0, ...ADDED_1_3].filter((name) => name !== "ProviderName"))?.version).toBe(
      "1.3",
    );
    expect(detect([...FOCUS_1_0, "ChargeSubcategory", "Region"])?.version).toBe("1.0-preview");
    expect(detect([...FOCUS_1_0, "BillingAccountType", "x_InvoiceId"])?.version).toBe("1.0");
  });

  it("takes any case, any order, Parquet, and few columns", () => {
    expect(detect(FOCUS_1_0.map((name) => name.toUpperCase()).reverse())?.table.kind).toBe("csv");
    expect(
      detect(["x", "BilledCost", "BillingCurrency", "BillingPeriodStart", "ChargePeriodStart"]),
    ).toBeDefined();
    const parquet: Sample = { kind: "parquet", file: memoryFile("b", ""), columns: FOCUS_1_0 };
    expect(focusImporter.detect(parquet)?.table).toEqual({ kind: "parquet", columns: FOCUS_1_0 });
  });

  it("leaves other tables alone, and refuses its own without money, currency or time", () => {
    expect(detect(["BilledCost", "Region"])).toBeUndefined();
    expect(detect(["line_item_usage_start_date", "bill_payer_account_id"])).toBeUndefined();
    for (const column of ["BilledCost", "BillingCurrency", "BillingPeriodStart", "ChargePeriodStart"]) {
      expect(() => detect(FOCUS_1_0.filter((name) => name !== column))).toThrow(
        `bill.csv is a FOCUS file without ${column}`,
      );
    }
  });

  it("maps to columns that cost facts have, of their type", () => {
    const mapping = focusMapping("1.0");
    const types = new Map(DATASETS.cost.columns.map((column) => [column.name, column.type]));
    expect(new Map(mapping.fields.map((field) => [field.target, field.type]))).toEqual(types);
    for (const name of [...mapping.source, ...mapping.accounts, mapping.start, mapping.end]) {
      expect(types.has(name)).toBe(true);
    }
  });
});

/** The allowed values of a fact column in a version, and what its rules are told of. */
function checked(version: string, target: string): { texts: string[]; allowed: readonly string[] } {
  const rules = focusRules(version).filter(({ check }) => "target" in check && check.target === target);
  const values = rules.flatMap(({ check }) =>
    check.kind === "values" && check.where === undefined ? [check.allowed] : [],
  );
  expect(values.length).toBeLessThan(2);
  return { texts: rules.map(({ text }) => text), allowed: values[0] ?? [] };
}

describe("what FOCUS asks", () => {
  const mandatory = (version: string): readonly string[] =>
    focusRules(version).flatMap(({ check }) => (check.kind === "present" ? check.columns : []));

  it("makes the columns mandatory that each version's sections do, and knows how many there are", () => {
    expect([FOCUS_1_0.length, FOCUS_1_0.length + ADDED_1_1.length]).toEqual([43, 50]);
    expect(FOCUS_1_0.length + ADDED_1_1.length + ADDED_1_2.length).toBe(57);
    // 21 of them, 4 of which no file is taken without.
    for (const version of ["1.0", "1.1", "1.2"]) {
      expect([...mandatory(version)].sort()).toEqual([
        ...["BillingAccountId", "BillingAccountName", "BillingPeriodEnd", "ChargeCategory", "ChargeClass"],
        ...["ChargeDescription", "ChargePeriodEnd", "ContractedCost", "EffectiveCost", "InvoiceIssuerName"],
        ...["ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory"],
        "ServiceName",
      ]);
    }
    // The preview asks for all of its 39 columns but two, and does not know ChargeClass and ContractedCost.
    expect(mandatory("1.0-preview")).toHaveLength(33);
    expect(mandatory("1.0-preview")).toEqual(
      expect.arrayContaining(["ChargeSubcategory", "Region", "UsageQuantity", "UsageUnit", "Tags"]),
    );
    for (const name of ["AvailabilityZone", "CommitmentDiscountType", "ChargeClass", "ContractedCost"])
      expect(mandatory("1.0-preview")).not.toContain(name);
    expect(mandatory("1.3")).toEqual(expect.arrayContaining(["HostProviderName", "ServiceProviderName"]));
    expect(mandatory("1.3")).not.toContain("ProviderName");
  });

  it("allows the values of each version", () => {
    const since = ["Usage", "Purchase", "Tax", "Credit", "Adjustment"];
    expect(checked("1.0", "charge_category").allowed).toEqual(since);
    expect(checked("1.2", "charge_category").allowed).toEqual(since);
    // The preview had no Credit, and other names for how a charge is priced.
    expect(checked("1.0-preview", "charge_category").texts).toContain(
      "ChargeCategory must be one of Adjustment, Purchase, Tax, Usage (Charge Category)",
    );
    expect(checked("1.0-preview", "pricing_category").texts).toContain(
      "PricingCategory must be one of On-Demand, Dynamic, Commitment-Based, Other (Pricing Category)",
    );
    expect(checked("1.1", "pricing_category").allowed).toEqual(["Standard", "Dynamic", "Committed", "Other"]);
    expect(checked("1.2", "charge_class").allowed).toEqual(["Correction"]);
    expect(checked("1.2", "charge_frequency").allowed).toEqual(["One-Time", "Recurring", "Usage-Based"]);
    expect(checked("1.2", "commitment_discount_status").allowed).toEqual(["Used", "Unused"]);
    expect(checked("1.2", "service_category").allowed).toHaveLength(19);
    expect(checked("1.2", "service_category").allowed).toEqual(
      expect.arrayContaining(["Multicloud", "Mobile", "Media", "Migration", "Web", "Other"]),
    );
  });

  it("asks for ISO 4217, in the section that says so in each version", () => {
    const { allowed } = checked("1.0", "billing_currency");
    expect(allowed).toEqual(expect.arrayContaining(["USD", "EUR", "CNY", "JPY"]));
    for (const no of ["usd", "US$", "Dollar", "BTC"]) expect(allowed).not.toContain(no);
    expect(checked("1.1", "billing_currency").texts).toEqual([
      "BillingCurrency must not be null (Billing Currency)",
      "BillingCurrency must be an ISO 4217 code (Currency Code Format)",
    ]);
    expect(checked("1.2", "billing_currency").texts[1]).toContain("(Currency Format)");
  });

  it("says which columns are null only together, as each version has it", () => {
    expect(checked("1.2", "commitment_discount_id").texts).toEqual([
      "CommitmentDiscountId must not be null where CommitmentDiscountStatus is not (Commitment Discount Status)",
    ]);
    const unit = "ConsumedQuantity must not be null where ConsumedUnit is not (Consumed Unit)";
    expect(checked("1.2", "consumed_quantity").texts).toContain(unit);
    expect(checked("1.0", "consumed_quantity").texts).not.toContain(unit);
  });

  it("asks of a kind of charge what each version does", () => {
    const consumed = (version: string): string[] =>
      checked(version, "consumed_quantity").texts.filter((text) => text.includes("ChargeCategory"));
    for (const version of ["1.0", "1.1", "1.2"])
      expect(consumed(version)).toEqual([
        "ConsumedQuantity must not be null where ChargeCategory is Usage, ChargeClass is not Correction and CommitmentDiscountStatus is not Unused (Consumed Quantity)",
      ]);
    const committed =
      "PricingCategory must be Committed where CommitmentDiscountId is not null and ChargeCategory is Usage (Pricing Category)";
    for (const version of ["1.0", "1.1", "1.2"])
      expect(checked(version, "pricing_category").texts).toContain(committed);
    // The preview ties both to SkuPriceId, which no fact has.
    expect(consumed("1.0-preview")).toEqual([]);
    expect(checked("1.0-preview", "pricing_category").texts.join()).not.toContain("ChargeCategory");
    for (const version of ["1.0-preview", "1.0", "1.1", "1.2"])
      expect(checked(version, "charge_frequency").texts).toContain(
        "ChargeFrequency must not be Usage-Based where ChargeCategory is Purchase (Charge Frequency)",
      );
  });

  it("names the provider as the version does", () => {
    expect(checked("1.2", "provider_name").texts).toEqual(["ProviderName must not be null (Provider)"]);
    expect(checked("1.3", "provider_name").texts).toEqual([
      "ServiceProviderName must not be null (Service Provider Name)",
    ]);
  });
});
