import { describe, expect, it } from "vitest";
import { type BudgetSpec, budgetState, checkBudget } from "./budgets.ts";
import {
  coverageOf,
  percentOf,
  type PricePair,
  savingsOf,
  type SavingsBasis,
  basisNotes,
} from "./savings.ts";

const pair = (higher: string, lower: string): PricePair => ({ higher, lower });

describe("savingsOf", () => {
  it("tells negotiated rates from commitments, to the last digit", () => {
    const contracted = "90.000000000000000001";
    expect(
      savingsOf({
        negotiated: pair("100", contracted),
        commitment: pair(contracted, "60"),
        total: pair("100", "60"),
      }),
    ).toEqual({
      negotiated: "9.999999999999999999",
      commitment: "30.000000000000000001",
      total: "40",
      totalPercent: "40",
    });
  });

  it("counts unused commitments against what they saved", () => {
    const told = { negotiated: pair("10", "10"), commitment: pair("10", "14"), total: pair("10", "14") };
    expect(savingsOf(told)).toMatchObject({ negotiated: "0", commitment: "-4", total: "-4" });
  });

  it("is null where no charge carries both costs, never 0", () => {
    expect(savingsOf({ negotiated: null, commitment: pair("90", "60"), total: null })).toEqual({
      negotiated: null,
      commitment: "30",
      total: null,
      totalPercent: null,
    });
    expect(percentOf("1", "0")).toBeNull();
  });
});

describe("toldNotes", () => {
  const told = (facts: number, percent: string | null): SavingsBasis => ({ facts, ofFacts: 2000, percent });

  it("says of how much each figure is told, and nothing where it is of all", () => {
    expect(
      basisNotes({ negotiated: told(0, "0"), commitment: told(1999, "99.9"), total: told(2000, "100") }),
    ).toEqual([
      "Savings from negotiated rates are unknown: none of the 2,000 facts has both a list and a contracted cost.",
      "Savings from commitments are computed over 1,999 of the 2,000 facts (99.9% of the effective cost), those with both a contracted and an effective cost.",
    ]);
    expect(
      basisNotes({ negotiated: told(1, null), commitment: told(2000, null), total: told(2000, null) }),
    ).toEqual([
      "Savings from negotiated rates are computed over 1 of the 2,000 facts, those with both a list and a contracted cost.",
    ]);
  });
});

describe("coverageOf", () => {
  it("counts usage of the kinds a commitment paid for, and no other", () => {
    const usage = [
      { kind: "ec2", covered: true, cost: "30" },
      { kind: "ec2", covered: false, cost: "70" },
      { kind: "s3", covered: false, cost: "1000" },
    ];
    expect(coverageOf(usage)).toEqual({ covered: "30", eligible: "100", percent: "30" });
    expect(coverageOf(usage.slice(1))).toBeUndefined();
  });
});

const budget: BudgetSpec = {
  name: "All",
  amount: "1000",
  currency: "USD",
  measure: "billed_cost",
  filters: [],
  thresholds: [50, 80, 100],
};
const state = (spent: string | null, forecast: string | null, through = "2024-09-16") =>
  budgetState(budget, { month: "2024-09-01", through, ended: through >= "2024-10-01", spent, forecast });

describe("budgetState", () => {
  it("is over, warns, or is well, and tells the even pace", () => {
    expect(state("1000.01", "2000").status).toBe("over");
    expect(state("1000", "1000").status).toBe("warning");
    expect(state("500", "1000.01").status).toBe("warning");
    expect(state("799.99", "1000").status).toBe("ok");
    expect(state("800", null).status).toBe("warning");
    expect(state("500", "900")).toMatchObject({ spentPercent: "50", expected: "500", forecastPercent: "90" });
  });

  it("is unknown where nothing is known, and warns of nothing when the month is over", () => {
    expect(state(null, null)).toMatchObject({ status: "unknown", spentPercent: null });
    expect(state("999", null, "2024-10-01")).toMatchObject({ status: "ok", expected: "1000" });
  });

  it("tells which thresholds are reached and which will be", () => {
    expect(state("600", "850").thresholds).toEqual([
      { percent: 50, reached: true, forecast: true },
      { percent: 80, reached: false, forecast: true },
      { percent: 100, reached: false, forecast: false },
    ]);
  });
});

describe("checkBudget", () => {
  const now = new Date("2024-09-18T00:00:00Z");
  const checked = (change: Partial<BudgetSpec>): BudgetSpec => checkBudget({ ...budget, ...change }, now);

  it("stores the amount canonical and thresholds sorted, each once", () => {
    expect(checked({ amount: "1e3", thresholds: [100, 50, 50], name: " All " })).toEqual({
      ...budget,
      thresholds: [50, 100],
    });
  });

  it.each([
    [{ name: "  " }, "budget.invalid-name"],
    [{ amount: "0" }, "budget.invalid-amount"],
    [{ amount: "1,000" }, "budget.invalid-amount"],
    [{ currency: "usd" }, "budget.invalid-currency"],
    [{ thresholds: [0] }, "budget.invalid-threshold"],
    [{ thresholds: [33.3] }, "budget.invalid-threshold"],
    [{ filters: [{ field: "day", op: "equals" as const, value: "2024-09-01" }] }, "budget.invalid-filter"],
    [{ filters: [{ field: "team", op: "equals" as const, value: "web" }] }, "query.unknown-dimension"],
  ])("refuses %j", (change, code) => {
    expect(() => checked(change)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
