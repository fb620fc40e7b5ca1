import * as z from "zod/mini";
import { rolesFor } from "../core/access/access.ts";
import { paramKinds } from "./params.ts";
import { type ProblemCode, PROBLEMS, TITLE_OF_STATUS } from "./problems.ts";
import { RATE_LIMITS, type RouteSpec } from "./route.ts";
import { routeList } from "./routes.ts";
import { notes } from "./schemas/registry.ts";
import { problemSchema } from "./schemas/service.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface OpenApiOptions {
  version: string;
  /** Base URL of the service; the document is relative to where it was fetched from when not given. */
  server?: string;
}

/** The API as an OpenAPI 3.1 document, made from the route table and the schemas that check the requests. */
export function openApiDocument(options: OpenApiOptions): JsonObject {
  const paths: JsonObject = {};
  for (const route of routeList()) {
    const item = (paths[route.path] ??= {}) as JsonObject;
    item[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "SecureBase Analytics",
      version: options.version,
      description: INTRODUCTION,
      license: { name: "Apache 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: options.server ?? "/" }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "A JWT with `role` and, for tenant roles, `customerId`.",
        },
      },
      schemas: componentSchemas(),
    },
  };
}

export const INTRODUCTION = `What does the cloud cost, how secure is it, does it comply, how much is used: questions and reports over the facts of one tenant.

Every request but health and this document carries \`Authorization: Bearer TOKEN\`. The tenant is the token's \`customerId\`; no parameter, body or header can name another. Errors are RFC 9457 problem details with a stable \`code\` and, where it helps, a \`fix\`. Each tenant has budgets a minute (${Object.entries(
  RATE_LIMITS,
)
  .map(([name, limit]) => `${name.replace("-", " ")}: ${limit}`)
  .join(
    "; ",
  )}), shown in the \`RateLimit\` headers. A dashboard or report takes as many questions as it puts to the store: equal ones of a request count once, remembered answers cost nothing.

What takes long, a large import or export, is answered with \`202 Accepted\` and a job: ask for the job until it has ended. Jobs survive a restart of the service.

A service on AWS answers with \`303 See Other\` where an answer, mostly an export, is larger than 4.5 MB: its \`Location\` is a link that needs no token and is good for five minutes. HTTP clients follow it by themselves, curl with \`-L\`.`;

/** In the order of the reference; a tag without words does not compile. */
const TAG_TEXTS: Readonly<Record<RouteSpec["tag"], string>> = {
  Analytics: "Questions and dashboards.",
  Budgets: "What may be spent in a month, and where that stands.",
  Exports: "Files: CSV, JSON, XLSX and PDF.",
  Reports: "Saved reports.",
  Templates: "Built-in reports.",
  Imports: "Loading facts.",
  Jobs: "Work that outlives its request: imports, exports, pulls.",
  Connections: "Pulling facts from cloud accounts.",
  Tenants: "The registry of tenants and their settings.",
  Audit: "Who did what, and whether the log of it is whole.",
  Service: "The service itself.",
};

export const TAGS = Object.entries(TAG_TEXTS) as readonly (readonly [RouteSpec["tag"], string])[];

/** The roles a route is open to, for people to read. */
export function accessText(route: RouteSpec): string {
  if (route.access === "public") return "No token needed.";
  if (route.access === "any") return "Any role.";
  return `Roles: ${rolesFor(route.access).join(", ")}.`;
}

/** Every problem a route may answer, its own and those that follow from its shape. */
export function problemsOf(route: RouteSpec): ProblemCode[] {
  const codes = new Set<ProblemCode>(route.problems);
  if (route.access !== "public") {
    for (const code of AUTH_PROBLEMS) codes.add(code);
    if (route.access !== "any") codes.add("access.forbidden");
  }
  if (route.query !== undefined || route.body?.kind === "json") {
    for (const code of ["request.missing-field", "request.unknown-field", "request.invalid-value"] as const)
      codes.add(code);
  }
  if (route.body !== undefined) codes.add("request.too-large").add("request.unsupported-media-type");
  if (route.body?.kind === "json")
    codes.add("request.malformed-json").add("request.too-deep").add("request.too-many-values");
  if (route.limit !== undefined) codes.add("request.too-many");
  if (route.access !== "public") codes.add("store.unavailable");
  return [...codes.add("service.internal")];
}

const AUTH_PROBLEMS: readonly ProblemCode[] = [
  "auth.missing-token",
  "auth.malformed-token",
  "auth.wrong-signature",
  "auth.expired-token",
  "auth.invalid-claim",
  "auth.unknown-role",
  "auth.no-customer",
  "auth.unknown-customer",
  "auth.keys-unavailable",
  "auth.keys-unusable",
];

function operation(route: RouteSpec & { id: string }): JsonObject {
  const parameters = [
    ...paramObjects(route.params, "path"),
    ...paramObjects(route.query, "query"),
    ...Object.entries(route.headers ?? {}).map(([name, header]) => ({
      name,
      in: "header",
      description: header.description,
      required: header.required,
      schema: { type: "string" },
    })),
  ];
  const body = requestBody(route);
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    description: `${route.description}\n\n${accessText(route)}`,
    ...(route.access === "public" && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: responses(route),
  };
}

function paramObjects(schema: z.ZodMiniType | undefined, place: "path" | "query"): JsonObject[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  const kinds = paramKinds(schema);
  return Object.entries(properties).map(([name, { description, examples, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description !== undefined && { description }),
    ...(kinds.get(name)?.type === "list" && { style: "form", explode: kinds.get(name)?.repeated === true }),
    schema: rest,
    ...(Array.isArray(examples) && examples[0] !== undefined && { example: paramExample(examples[0], rest) }),
  }));
}

/** Lists are written in text in a URL, but an OpenAPI example has the parameter's own type. */
function paramExample(example: Json, schema: JsonObject): Json {
  return schema["type"] === "array" && typeof example === "string" ? example.split(",") : example;
}

function requestBody(route: RouteSpec): JsonObject | undefined {
  if (route.body === undefined) return undefined;
  if (route.body.kind === "upload") {
    const file = { type: "string", format: "binary" };
    return {
      required: route.body.optional !== true,
      description: route.body.description,
      content: {
        "application/octet-stream": {},
        "multipart/form-data": {
          schema: {
            type: "object",
            properties: { file: { type: "array", items: file } },
            required: ["file"],
          },
        },
      },
    };
  }
  const examples: JsonObject = {};
  for (const example of route.examples) {
    if (example.body !== undefined) examples[example.name] = { value: example.body as Json };
  }
  return {
    required: route.body.optional !== true,
    content: {
      "application/json": {
        schema: schemaOf(route.body.schema),
        ...(Object.keys(examples).length > 0 && { examples }),
      },
    },
  };
}

function responses(route: RouteSpec): JsonObject {
  const all: JsonObject = {};
  for (const answer of [route.ok, ...(route.also ?? [])]) {
    const content: JsonObject = {};
    for (const media of answer.media ?? []) content[media] = {};
    if (answer.schema !== undefined) content["application/json"] = { schema: schemaOf(answer.schema) };
    const headers = answer.headers === undefined ? undefined : headerObjects(answer.headers);
    all[String(answer.status)] = {
      description: answer.description,
      ...(headers !== undefined && { headers }),
      ...(Object.keys(content).length > 0 && { content }),
    };
  }
  const codes = problemsOf(route);
  for (const status of [...new Set(codes.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b)) {
    if (String(status) in all) continue;
    const lines = codes
      .filter((code) => PROBLEMS[code].status === status)
      .map((code) => `- \`${code}\`: ${PROBLEMS[code].when}`);
    all[String(status)] = {
      description: `${TITLE_OF_STATUS[status] ?? "Problem"}\n\n${lines.join("\n")}`,
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  return all;
}

function headerObjects(headers: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: "string" } }]),
  );
}

/** The JSON Schema of a schema, with references to the named components. */
export function schemaOf(schema: z.ZodMiniType): JsonObject {
  return rewrite(toJsonSchema(schema)) as JsonObject;
}

/** All named schemas, by name. */
export function componentSchemas(): JsonObject {
  const found: JsonObject = {};
  const schemas = routeList().flatMap((route) => [
    ...(route.body?.kind === "json" ? [route.body.schema] : []),
    ...(route.query === undefined ? [] : [route.query]),
    ...[route.ok, ...(route.also ?? [])].flatMap((answer) => answer.schema ?? []),
  ]);
  // The problem schema stands in no route, since every route has it.
  for (const schema of [problemSchema, ...schemas]) {
    const definitions = (toJsonSchema(schema)["$defs"] ?? {}) as JsonObject;
    for (const [id, definition] of Object.entries(definitions)) found[id] = rewrite(definition);
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a.localeCompare(b)));
}

/** Named schemas, the outermost one too, come out under `$defs`. */
function toJsonSchema(schema: z.ZodMiniType): JsonObject {
  return z.toJSONSchema(schema, { io: "input", metadata: notes }) as JsonObject;
}

const DROPPED = new Set(["$schema", "$defs", "$id", "id", "repeated"]);

/** Points references at the document's components and drops what only the generator needs. */
function rewrite(node: Json): Json {
  if (Array.isArray(node)) return node.map(rewrite);
  if (node === null || typeof node !== "object") return node;
  const copy: JsonObject = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "properties") {
      copy[key] = Object.fromEntries(
        Object.entries(value as JsonObject).map(([name, schema]) => [name, rewrite(schema)]),
      );
    } else if (key === "$ref" && typeof value === "string") {
      copy[key] = value.replace("#/$defs/", "#/components/schemas/");
    } else if (key === "maximum" && value === Number.MAX_SAFE_INTEGER) continue;
    else if (key === "minimum" && value === Number.MIN_SAFE_INTEGER) continue;
    else if (!DROPPED.has(key)) copy[key] = rewrite(value);
  }
  return copy;
}
