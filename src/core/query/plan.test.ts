import { describe, expect, it } from "vitest";
import { DomainError } from "../errors/errors.ts";
import { checkUnits, columnsOf, notesOf, othersRow, rowShaper, totalRows, type Totals } from "./assemble.ts";
import { planQuery, type QueryPlan } from "./plan.ts";
import type { AnalyticsQuery } from "./query.ts";

const now = new Date("2024-10-01T12:00:00Z");
const september = { from: "2024-09-01", to: "2024-10-01" };
const plan = (query: Partial<AnalyticsQuery>): QueryPlan =>
  planQuery({ dataset: "cost", range: september, ...query }, now, "UTC");

function failure(query: Record<string, unknown>): DomainError {
  try {
    planQuery({ dataset: "cost", range: september, ...query }, now, "UTC");
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error("the query was accepted");
}

describe("planQuery", () => {
  it.each([
    [{ dataset: "costs" }, "query.unknown-dataset", 'Did you mean "cost"?'],
    [{ groupBy: ["servce"] }, "query.unknown-dimension", 'Did you mean "service"?'],
    [{ groupBy: ["tag:"] }, "query.unknown-dimension", "tag:KEY"],
    [{ groupBy: ["service", "service"] }, "query.repeated-dimension", "once"],
    [{ measures: ["billed"] }, "query.unknown-measure", "Allowed: billed_cost, effective_cost"],
    [{ measures: [] }, "query.no-measure", "billed_cost"],
    [
      { filters: [{ field: "regon", op: "equals", value: "x" }] },
      "query.unknown-dimension",
      'Did you mean "region"?',
    ],
    [
      { filters: [{ field: "region", op: "greater", value: "x" }] },
      "query.invalid-filter",
      "Allowed: equals, not, in",
    ],
    [
      { filters: [{ field: "day", op: "greater", value: "yesterday" }] },
      "query.invalid-filter",
      "YYYY-MM-DD",
    ],
    [{ filters: [{ field: "region", op: "equals", value: ["a", "b"] }] }, "query.invalid-filter", 'Use "in"'],
    [{ filters: [{ field: "billed_cost", op: "greater", value: "ten" }] }, "query.invalid-filter", "1234.56"],
    [{ filters: [{ field: "billed_cost", op: "greater", value: null }] }, "query.invalid-filter", "1234.56"],
    [
      { filters: [{ field: "list_cost", op: "greater", value: "1" }] },
      "query.invalid-filter",
      "Add list_cost",
    ],
    [{ sort: [{ by: "region", order: "asc" }] }, "query.invalid-sort", "billed_cost"],
    [{ limit: 0 }, "query.invalid-limit", "whole number"],
    [{ range: { from: "2024-10-01", to: "2024-09-01" } }, "range.empty", "is not included"],
  ])("refuses %j and says how to mend it", (query, code, fix) => {
    const error = failure(query);
    expect(error.code).toBe(code);
    expect(error.fix).toContain(fix);
    expect(error.field).toBeDefined();
  });

  it("sorts by time when grouped by time, else by the first measure", () => {
    expect(plan({ groupBy: ["service"] }).sort).toEqual([{ on: "measure", index: 0, order: "desc" }]);
    expect(plan({ groupBy: ["service", "day"] }).sort[0]).toEqual({ on: "key", index: 1, order: "asc" });
  });

  it("refuses counters and gauges in one query", () => {
    expect(failure({ dataset: "usage", measures: ["quantity", "level"] }).code).toBe("query.mixed-measures");
  });
});

describe("assembling a result", () => {
  const compared = plan({ groupBy: ["service"], compare: "previous-period", limit: 2 });
  const totals: Totals = [[{ unit: "USD", value: "10", previous: "8", missing: 0 }]];
  const rows = [
    ["EC2", "6.000000000000000001", "5"],
    ["S3", "1", null],
  ];

  it("adds up what the limit left out, exactly", () => {
    expect(othersRow(compared, totals, rows, 5, true)).toEqual({
      groups: 3,
      cells: [null, "2.999999999999999999", "3", "-0.000000000000000001", "0"],
    });
    expect(othersRow(compared, totals, rows, 2, true)).toBeNull();
  });

  it("compares a group that was not there before with nothing, in percent with nothing at all", () => {
    expect(rows.map(rowShaper(compared, totals, true))).toEqual([
      ["EC2", "6.000000000000000001", "5", "1.000000000000000001", "20"],
      ["S3", "1", null, "1", null],
    ]);
  });

  it("tells no percentages where they would tell how much was loaded", () => {
    expect(rowShaper(compared, totals, false)(rows[0] ?? [])).toEqual([
      "EC2",
      "6.000000000000000001",
      "5",
      "1.000000000000000001",
      null,
    ]);
    expect(totalRows(compared, totals, false)[0]?.cells).toEqual([null, "10", "8", "2", null]);
    expect(othersRow(compared, totals, rows, 5, false)?.cells.at(-1)).toBeNull();
  });

  it("says nothing about a change where the compared range has no facts", () => {
    const unknown: Totals = [[{ unit: "USD", value: "10", previous: null, missing: 0 }]];
    expect(rowShaper(compared, unknown, true)(["S3", "1", null])).toEqual(["S3", "1", null, null, null]);
    expect(notesOf(compared, unknown, 4, 2, 2).join()).toContain("2024-08-01 to 2024-09-01");
  });

  it("never adds currencies", () => {
    const mixed: Totals = [
      [
        { unit: "USD", value: "1", missing: 0 },
        { unit: "EUR", value: "2", missing: 0 },
      ],
    ];
    expect(() => checkUnits(plan({ groupBy: ["service"] }), mixed)).toThrow(/2 currencies \(EUR, USD\)/);
    const grouped = plan({ groupBy: ["service", "currency"] });
    checkUnits(grouped, mixed);
    expect(totalRows(grouped, mixed, true)).toEqual([
      { unit: "EUR", cells: [null, null, "2"] },
      { unit: "USD", cells: [null, null, "1"] },
    ]);
    expect(columnsOf(grouped, mixed)[2]?.unit).toBeUndefined();
    expect(othersRow(grouped, mixed, [["A", "USD", "1"]], 2, true)?.cells).toEqual([null, null, null]);
  });

  it("is not kept from adding up by facts that have neither a value nor a unit", () => {
    const quantity = plan({ groupBy: ["service"], measures: ["consumed_quantity"] });
    const hours: Totals = [
      [
        { unit: "Hours", value: "5", missing: 0 },
        { unit: null, value: null, missing: 2 },
      ],
    ];
    checkUnits(quantity, hours);
    expect(columnsOf(quantity, hours)[1]?.unit).toBe("Hours");
    expect(totalRows(quantity, hours, true)).toEqual([{ unit: "Hours", cells: [null, "5"] }]);
    expect(othersRow(quantity, hours, [["EC2", "3"]], 2, true)?.cells).toEqual([null, "2"]);
  });

  it("does not show a missing value as 0", () => {
    const some: Totals = [[{ unit: "USD", value: "6", missing: 3 }]];
    const simple = plan({ groupBy: ["service"] });
    expect(othersRow(simple, some, [["EC2", "6"]], 2, true)?.cells).toEqual([null, null]);
    expect(notesOf(simple, some, 9, 2, 2)).toEqual([
      "3 facts of 9 have no billed cost and are not included in its totals.",
    ]);
  });
});
