import { describe, expect, it } from "vitest";
import { DomainError } from "../core/errors/errors.ts";
import { exportRequestSchema } from "./schemas/exports.ts";
import { analyticsQuerySchema, queryParams } from "./schemas/query.ts";
import { definitionSchema } from "./schemas/reports.ts";
import { decodeParams } from "./params.ts";
import { check, fieldProblems } from "./validate.ts";

function failure(run: () => unknown): DomainError {
  try {
    run();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const query = { dataset: "cost", range: { preset: "30d" } };
const problem = (change: object): DomainError =>
  failure(() => check(analyticsQuerySchema, { ...query, ...change }, "body"));

describe("a request that does not hold to its schema", () => {
  it("accepts one that does", () => {
    expect(check(analyticsQuerySchema, query, "body")).toEqual(query);
  });

  it("names a missing field", () => {
    expect(failure(() => check(analyticsQuerySchema, { dataset: "cost" }, "body"))).toMatchObject({
      code: "request.missing-field",
      field: "range",
      message: "range is missing",
    });
  });

  it("names the allowed values and the likely one", () => {
    const error = problem({ dataset: "costs" });
    expect(error).toMatchObject({ code: "query.unknown-dataset", field: "dataset" });
    expect(error.allowed).toEqual(["cost", "findings", "controls", "usage"]);
    expect(error.fix).toContain('Did you mean "cost"?');
  });

  it("recognises a misspelt field", () => {
    const error = problem({ groupby: ["service"] });
    expect(error).toMatchObject({ code: "request.unknown-field", field: "groupby" });
    expect(error.fix).toContain('Did you mean "groupBy"?');
  });

  it("explains the shape the value comes closest to", () => {
    expect(problem({ range: { preset: "31d" } })).toMatchObject({
      code: "range.unknown-preset",
      field: "range.preset",
    });
    expect(problem({ range: { from: "2024-09-01" } })).toMatchObject({
      code: "request.missing-field",
      field: "range.to",
    });
    expect(problem({ range: { from: 20240901, to: "2024-10-01" } })).toMatchObject({
      code: "request.wrong-type",
      field: "range.from",
    });
  });

  it("finds the way into lists", () => {
    const error = problem({ filters: [{ field: "service", op: "equal", value: "x" }] });
    expect(error).toMatchObject({ code: "query.invalid-filter", field: "filters[0].op" });
    expect(error.fix).toContain('Did you mean "equals"?');
  });

  it("tells how to write a number", () => {
    const error = problem({ filters: [{ field: "billed_cost", op: "greater", value: 100 }] });
    expect(error).toMatchObject({ field: "filters[0].value", fix: 'Write it as text: "100".' });
  });

  it("lists all problems when there are several", () => {
    const error = problem({ dataset: "x", limit: 0, what: 1 });
    expect(error.message).toContain("2 more problems");
    expect(fieldProblems(error).map((each) => each.field)).toEqual(["dataset", "limit", "what"]);
  });

  it("tells of the first problems of many, and how many there are", () => {
    const error = problem({ filters: Array(1000).fill({}) });
    expect(error.message).toContain("2,999 more problems; the first 10 are listed");
    expect(fieldProblems(error)).toHaveLength(10);
  });

  it("shows of a value no more than fits a line, and of no value anything that runs", () => {
    const long = "x".repeat(100_000);
    const values = [
      long,
      { [long]: long },
      [long],
      { toString: 1 },
      JSON.parse('{"__proto__":{"length":1}}') as object,
    ];
    for (const dataset of values) {
      const { message, fix = "", field } = problem({ dataset });
      expect([message.length < 200, fix.length < 200, field]).toEqual([true, true, "dataset"]);
    }
    expect(problem({ [long]: 1 }).message.length).toBeLessThan(200);
  });

  it("names the kinds of section there are", () => {
    const definition = {
      title: "t",
      description: "",
      range: { preset: "7d" },
      sections: [{ kind: "tabel" }],
    };
    const error = failure(() => check(definitionSchema, definition, "body"));
    expect(error).toMatchObject({ field: "sections[0].kind" });
    expect(error.fix).toContain('Did you mean "table"?');
  });

  it("says what the whole body is when it is no object", () => {
    expect(failure(() => check(exportRequestSchema, ["csv"], "body"))).toMatchObject({
      code: "request.wrong-type",
      message: "The body is a list, not an object",
    });
    expect(failure(() => check(exportRequestSchema, undefined, "body")).message).toBe("The body is missing");
  });

  it("names a URL parameter with the value it cannot take", () => {
    const params = decodeParams(queryParams, new URLSearchParams("limit=ten&range=30d"));
    expect(failure(() => check(queryParams, params, "query"))).toMatchObject({
      code: "query.invalid-limit",
      field: "limit",
    });
  });
});
