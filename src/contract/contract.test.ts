import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, expectTypeOf, it } from "vitest";
import type * as z from "zod/mini";
import type { Tenant } from "../core/tenants/tenant.ts";
import type { AnalyticsQuery, QueryResult } from "../core/query/query.ts";
import type { ReportDefinition } from "../core/reports/definition.ts";
import type { Manifest } from "../core/reports/manifest.ts";
import { type JsonObject, openApiDocument, problemsOf } from "./openapi.ts";
import { decodeParams } from "./params.ts";
import { PROBLEMS } from "./problems.ts";
import { ROUTES, routeList } from "./routes.ts";
import type { manifestSchema } from "./schemas/exports.ts";
import type { analyticsQuerySchema, queryResultSchema } from "./schemas/query.ts";
import type { definitionSchema } from "./schemas/reports.ts";
import type { tenantSchema } from "./schemas/tenants.ts";
import { check } from "./validate.ts";

const document = openApiDocument({ version: "1.2.3" });
const pathsOf = (): Record<string, JsonObject> => document["paths"] as Record<string, JsonObject>;

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe("3.1");
  });

  it("explains every tag that a route has", () => {
    const tags = document["tags"] as { name: string }[];
    expect(new Set(tags.map(({ name }) => name))).toEqual(new Set(routeList().map(({ tag }) => tag)));
  });

  it("says of every operation that does something as what it is written down", () => {
    // Questions, and the files of an upload whose opening is written down.
    const only = ["query", "previewReport", "runReport", "putUpload"];
    for (const { id, method, audit } of routeList()) {
      const looks = method === "GET" ? id !== "downloadExport" : only.includes(id);
      expect([id, audit === undefined]).toEqual([id, looks]);
    }
  });

  it("resolves every reference it makes", () => {
    const schemas = (document["components"] as JsonObject)["schemas"] as JsonObject;
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
    expect(references.length).toBeGreaterThan(20);
    const names = references.map((reference) => reference.replace("#/components/schemas/", ""));
    expect(names.filter((name) => !(name in schemas))).toEqual([]);
  });

  it("describes every route with a summary, its roles and its problems by status", () => {
    for (const route of routeList()) {
      const operation = pathsOf()[route.path]![route.method.toLowerCase()] as JsonObject;
      expect(operation["operationId"], route.id).toBe(route.id);
      expect(operation["summary"], route.id).toBe(route.summary);
      const answers = operation["responses"] as JsonObject;
      for (const code of problemsOf(route))
        expect(answers, `${route.id} ${code}`).toHaveProperty(String(PROBLEMS[code].status));
      if (route.access !== "public") expect(operation["description"]).toMatch(/Roles: |Any role/);
    }
  });

  it("asks for a token everywhere but on the public routes", () => {
    expect(document["security"]).toEqual([{ bearer: [] }]);
    const open = routeList().filter(
      (route) => "security" in (pathsOf()[route.path]![route.method.toLowerCase()] as JsonObject),
    );
    expect(open.map((route) => route.id).sort()).toEqual(["health", "openapi"]);
  });

  it("lists each named schema once and describes it", () => {
    const schemas = (document["components"] as JsonObject)["schemas"] as Record<string, JsonObject>;
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining([
        "AnalyticsQuery",
        "QueryResult",
        "ReportDefinition",
        "Problem",
        "ImportReport",
        "Tenant",
      ]),
    );
    for (const [name, schema] of Object.entries(schemas))
      expect(schema["description"], name).toBeTypeOf("string");
  });
});

describe("the examples in the reference", () => {
  const cases = routeList().flatMap((route) => route.examples.map((example) => ({ route, example })));

  it("exist for every route", () => {
    expect(routeList().filter((route) => route.examples.length === 0)).toEqual([]);
  });

  it.each(cases)("$route.id: $example.name holds to its schema", ({ route, example }) => {
    if (route.body?.kind === "json" && (example.body !== undefined || route.body.optional !== true))
      check(route.body.schema, example.body, "body");
    if (route.query !== undefined)
      check(route.query, decodeParams(route.query, new URLSearchParams({ ...example.query })), "query");
    if (route.params !== undefined) check(route.params, example.params, "path");
    expect(example.query === undefined || route.query !== undefined).toBe(true);
  });
});

describe("the types of the contract", () => {
  it("are those of core, so that nothing is converted by hand", () => {
    expectTypeOf<z.infer<typeof analyticsQuerySchema>>().toExtend<AnalyticsQuery>();
    expectTypeOf<z.infer<typeof definitionSchema>>().toExtend<ReportDefinition>();
    expectTypeOf<z.infer<typeof queryResultSchema>>().toExtend<QueryResult>();
    expectTypeOf<z.infer<typeof manifestSchema>>().toExtend<Manifest>();
    expectTypeOf<z.infer<typeof tenantSchema>>().toExtend<Tenant>();
  });

  it("have unique method and path", () => {
    const keys = routeList().map((route) => `${route.method} ${route.path}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(Object.keys(ROUTES)).toHaveLength(keys.length);
  });
});
