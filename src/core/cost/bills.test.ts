import { describe, expect, it } from "vitest";
import { type BillPart, countedTwice, countedTwiceNotes, countedTwiceWarning, payerOf } from "./bills.ts";

const part = (source: string, period = "2024-09", more: Partial<BillPart> = {}): BillPart => ({
  tenant: "acme",
  source,
  period,
  rows: 1,
  ...more,
});

describe("bills that are told twice", () => {
  it("are those of one payer and month in two formats", () => {
    const parts = [part("cur:AWS:1"), part("focus:AWS:1"), part("focus:AWS:1", "2024-10"), part("cur:AWS:2")];
    expect(countedTwice(parts)).toEqual([
      { tenant: "acme", payer: "1", period: "2024-09", sources: ["cur:AWS:1", "focus:AWS:1"] },
    ]);
  });

  it.each<[string, BillPart[]]>([
    ["two providers in one file", [part("focus:AWS:1"), part("focus:Oracle:1")]],
    ["two tenants", [part("cur:AWS:1"), part("focus:AWS:1", "2024-09", { tenant: "globex" })]],
    ["a load that was emptied", [part("cur:AWS:1"), part("focus:AWS:1", "2024-09", { rows: 0 })]],
    ["no payer", [part("cur:AWS:-"), part("focus:AWS:-")]],
  ])("are not those of %s", (_, parts) => {
    expect(countedTwice(parts)).toEqual([]);
  });

  it("reads payers with colons whole", () => {
    expect(payerOf("focus:Microsoft:/providers/x/1:2_2019")).toBe("/providers/x/1:2_2019");
  });

  it("are told with both sources and how to count one", () => {
    const bill = { tenant: "acme", payer: "1", period: "2024-09" };
    expect(countedTwiceWarning(bill, "focus:AWS:1", "cur:AWS:1")).toBe(
      "The costs of 1 for 2024-09 from focus:AWS:1 were also loaded from cur:AWS:1 and now count twice. Keep one of them: securebase imports remove --tenant acme --dataset cost --source cur:AWS:1 --period 2024-09 removes the other; until then, the filter source=focus:AWS:1 selects this one only.",
    );
    // A payer's name comes from a file, and what a shell is given ends where its word ends.
    expect(countedTwiceWarning(bill, "a", "cur:AWS:it's $(x)")).toContain(
      `--source 'cur:AWS:it'\\''s $(x)' --period`,
    );
    expect(countedTwiceWarning(bill, "a", "b", true)).toContain("would count twice");
  });

  it("are noted once for months in a row", () => {
    const months = ["2024-10", "2024-09"].flatMap((period) => [
      part("cur:AWS:1", period),
      part("focus:AWS:1", period),
    ]);
    expect(countedTwiceNotes(countedTwice(months))).toEqual([
      "The costs of 1 for 2 months from 2024-09 to 2024-10 count twice: they came from cur:AWS:1 and focus:AWS:1. The filter source=cur:AWS:1 selects one; securebase imports remove, or DELETE /v1/imports, removes the other.",
    ]);
    expect(countedTwiceNotes([])).toEqual([]);
  });
});
