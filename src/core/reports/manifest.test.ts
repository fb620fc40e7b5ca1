import { describe, expect, it } from "vitest";
import type { Column } from "../query/query.ts";
import { manifestTotals, totalText } from "./manifest.ts";

const key: Column = { id: "key", label: "Key", role: "dimension", type: "string", additive: false };
const measure = (id: string, type: Column["type"], unit?: string): Column => ({
  id,
  label: id,
  role: "measure",
  type,
  additive: true,
  ...(unit !== undefined && { unit }),
});

describe("manifestTotals", () => {
  it("puts each measure under its own unit", () => {
    const columns = [
      key,
      measure("cost", "money", "USD"),
      measure("share_percent", "percent"),
      measure("hours", "quantity", "Hrs"),
      measure("resources", "integer"),
      measure("tax", "money", "USD"),
    ];
    const totals = manifestTotals(columns, [{ unit: "USD", cells: [null, "12.5", "100", "3", "7", "1"] }]);
    expect(totals).toEqual([
      { unit: "USD", values: { cost: "12.5", tax: "1" } },
      { unit: "%", values: { share_percent: "100" } },
      { unit: "Hrs", values: { hours: "3" } },
      { unit: null, values: { resources: "7" } },
    ]);
  });

  it("says whose a percentage is where there are several currencies, and leaves out what has no total", () => {
    const columns = [key, measure("cost", "money"), measure("cost.change_percent", "percent")];
    const totals = manifestTotals(columns, [
      { unit: "EUR", cells: [null, "1", "5"] },
      { unit: "USD", cells: [null, "2", null] },
    ]);
    expect(totals).toEqual([
      { unit: "EUR", values: { cost: "1" } },
      { unit: "%", of: "EUR", values: { "cost.change_percent": "5" } },
      { unit: "USD", values: { cost: "2" } },
    ]);
  });

  it("has no totals for a table without any", () => {
    expect(manifestTotals([key, measure("cost", "money")], [])).toEqual([]);
    expect(manifestTotals([key, measure("cost", "money")], [{ unit: null, cells: [null, null] }])).toEqual(
      [],
    );
  });
});

describe("totalText", () => {
  it("names the unit", () => {
    expect(totalText("7", { unit: null })).toBe("7");
    expect(totalText("1234.5", { unit: "USD" })).toBe("1234.5 USD");
    expect(totalText("100", { unit: "%" })).toBe("100 %");
    expect(totalText("5", { unit: "%", of: "EUR" })).toBe("5 % of EUR");
  });
});
