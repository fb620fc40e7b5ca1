import { describe, expect, it } from "vitest";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import type { Detected, Sample } from "../shared/importer.ts";
import { ADDED_1_1, ADDED_1_2, ADDED_1_3, FOCUS_1_0 } from "./columns.ts";
import { focusImporter, focusMapping } from "./focus.ts";

const detect = (header: readonly string[]): Detected | undefined =>
  focusImporter.detect({
    ...{ kind: "csv", file: memoryFile("bill.csv", ""), compression: "none", delimiter: ",", header },
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
