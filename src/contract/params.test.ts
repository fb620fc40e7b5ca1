import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeParams, encodeParams } from "./params.ts";
import { importParams } from "./schemas/imports.ts";
import { queryParams } from "./schemas/query.ts";

const decode = (text: string): object => decodeParams(queryParams, new URLSearchParams(text));

describe("URL parameters", () => {
  it("become lists and numbers where the schema has them", () => {
    expect(decode("groupBy=service,%20region&limit=5&range=30d")).toEqual({
      groupBy: ["service", "region"],
      limit: 5,
      range: "30d",
    });
    expect(decodeParams(importParams, new URLSearchParams("dryRun=true"))).toEqual({ dryRun: true });
  });

  it("keep commas in repeated parameters", () => {
    expect(decode("where=account=1,2&where=region%3Dus-east-1")).toEqual({
      where: ["account=1,2", "region=us-east-1"],
    });
  });

  it("count as absent when empty, and are refused when given twice", () => {
    expect(decode("range=&groupBy=")).toEqual({});
    expect(() => decode("range=7d&range=30d")).toThrow("range is given 2 times");
  });

  it("leave what is no number as text, for the check to name", () => {
    expect(decode("limit=1e3")).toEqual({ limit: "1e3" });
  });

  it("come back as they were written", () => {
    const name = fc.stringMatching(/^[a-z_:.-]{1,12}$/);
    const params = fc.record(
      {
        groupBy: fc.array(name, { minLength: 1, maxLength: 4 }),
        where: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
        limit: fc.integer({ min: 1, max: 10_000 }),
        from: name,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(params, (values) => {
        const text = encodeParams(queryParams, values).toString();
        expect(decodeParams(queryParams, new URLSearchParams(text))).toEqual(values);
      }),
    );
  });
});
