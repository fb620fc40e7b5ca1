import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { QueryFilter } from "../core/query/query.ts";
import { formatFilter, parseFilter, parseSort } from "./filter-text.ts";

describe("a filter in one line", () => {
  it.each<[string, QueryFilter]>([
    ["service=AmazonEC2", { field: "service", op: "equals", value: "AmazonEC2" }],
    ["service=Amazon EC2 - Other", { field: "service", op: "equals", value: "Amazon EC2 - Other" }],
    ["region!=eu-west-1", { field: "region", op: "not", value: "eu-west-1" }],
    ["account=012345678901,2", { field: "account", op: "in", value: ["012345678901", "2"] }],
    ["region!=a,b", { field: "region", op: "not", value: ["a", "b"] }],
    ["service~cloud", { field: "service", op: "contains", value: "cloud" }],
    ["service^Amazon", { field: "service", op: "starts", value: "Amazon" }],
    ["service$Storage", { field: "service", op: "ends", value: "Storage" }],
    ["billed_cost>100.5", { field: "billed_cost", op: "greater", value: "100.5" }],
    ["billed_cost<-5", { field: "billed_cost", op: "less", value: "-5" }],
    ["day=2024-09-01..2024-09-07", { field: "day", op: "between", value: ["2024-09-01", "2024-09-07"] }],
    ["billed_cost=1.5..2.5", { field: "billed_cost", op: "between", value: ["1.5", "2.5"] }],
    ["region=", { field: "region", op: "equals", value: null }],
    ['region=""', { field: "region", op: "equals", value: "" }],
    ["tag:env=prod", { field: "tag:env", op: "equals", value: "prod" }],
    ['"tag:a=b"=c', { field: "tag:a=b", op: "equals", value: "c" }],
    ['service="a, b",c', { field: "service", op: "in", value: ["a, b", "c"] }],
    ['service="say ""hi"""', { field: "service", op: "equals", value: 'say "hi"' }],
  ])("%s", (text, filter) => {
    expect(parseFilter(text)).toEqual(filter);
  });

  it.each(["service", "=x", "", 'service="open', 'service="a"b'])(
    "refuses %j and explains the notation",
    (text) => {
      expect(() => parseFilter(text)).toThrow(
        expect.objectContaining({ code: "query.invalid-filter", field: "where" }),
      );
    },
  );

  it("reads back what it writes", () => {
    const value = fc.option(fc.string(), { nil: null });
    const filter: fc.Arbitrary<QueryFilter> = fc.oneof(
      fc.record({
        field: fc.stringMatching(/^(tag:)?[ -~]{1,10}[a-z]$/),
        op: fc.constantFrom("equals", "not", "contains", "starts", "ends", "greater", "less"),
        value,
      }),
      fc.record({
        field: fc.constant("account"),
        op: fc.constantFrom("in", "not"),
        value: fc.array(value, { minLength: 2, maxLength: 4 }),
      }),
      fc.record({
        field: fc.constant("day"),
        op: fc.constant("between"),
        value: fc.constant(["2024-09-01", "2024-10-01"]),
      }),
    );
    fc.assert(
      fc.property(filter, (each) => {
        expect(parseFilter(formatFilter(each))).toEqual(each);
      }),
    );
  });

  it("reads sort columns", () => {
    expect(parseSort(["-billed_cost", "service"])).toEqual([
      { by: "billed_cost", order: "desc" },
      { by: "service", order: "asc" },
    ]);
  });
});
