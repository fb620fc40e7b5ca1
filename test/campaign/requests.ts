import { openApiDocument } from "../../src/contract/openapi.ts";
import { type RouteId, routeList } from "../../src/contract/routes.ts";
import { NASTY } from "../support/nasty.ts";
import type { Chance } from "../support/random.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: Json[];
  const?: Json;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  examples?: Json[];
}

export interface RandomRequest {
  route: RouteId;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
}

const ODD: readonly Json[] = [
  ...NASTY.slice(0, -1),
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  "",
  [],
  {},
  "9".repeat(50),
];
const DEEPEST = 8;

/** Requests as the OpenAPI document describes them, most of them with something wrong. */
export class RandomRequests {
  readonly #chance: Chance;
  readonly #schemas: Record<string, Schema>;
  readonly #bodies = new Map<string, Schema>();
  /** Ids that answers have shown, of whatever kind. */
  readonly #ids: string[] = ["cost-analysis", "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f"];

  constructor(chance: Chance) {
    this.#chance = chance;
    const document = openApiDocument({ version: "0" }) as unknown as {
      paths: Record<
        string,
        Record<string, { requestBody?: { content: Record<string, { schema?: Schema }> } }>
      >;
      components: { schemas: Record<string, Schema> };
    };
    this.#schemas = document.components.schemas;
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, { requestBody }] of Object.entries(methods)) {
        const schema = requestBody?.content["application/json"]?.schema;
        if (schema !== undefined) this.#bodies.set(`${method.toUpperCase()} ${path}`, schema);
      }
  }

  /** Remembers ids of an answer, so that later requests are about things that are there. */
  learn(answer: unknown): void {
    for (const [, id = ""] of JSON.stringify(answer ?? null).matchAll(/"id":"([^"]{1,60})"/g))
      this.#ids.push(id);
    if (this.#ids.length > 200) this.#ids.splice(0, this.#ids.length - 200);
  }

  next(): RandomRequest {
    const chance = this.#chance;
    const route = chance.pick(routeList());
    const example = route.examples.length > 0 && chance.of(0.6) ? chance.pick(route.examples) : undefined;
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(
        example?.params?.[name] !== undefined && chance.of(0.3) ? example.params[name] : this.#id(),
      ),
    );
    const query = new URLSearchParams({ ...example?.query });
    if (chance.of(0.3))
      query.set(
        chance.pick(["limit", "cursor", "range", "from", "to", "groupBy", "filter", "zone"]),
        this.#text(),
      );
    const schema = this.#bodies.get(`${route.method} ${route.path}`);
    const headers: Record<string, string> = {};
    if (chance.of(0.2)) headers["if-match"] = chance.pick(['"1"', "*", "x", ""]);
    let body: string | undefined;
    if (schema !== undefined) {
      const whole = (example?.body ?? this.#value(schema, 0)) as Json;
      const value = chance.of(0.6) ? this.#change(whole, 0) : whole;
      body = JSON.stringify(value);
      if (chance.of(0.03)) body = body.slice(0, chance.below(body.length + 1));
      headers["content-type"] = chance.of(0.97) ? "application/json" : "text/plain";
    }
    const search = query.toString();
    return {
      route: route.id,
      method: route.method,
      path: search === "" ? path : `${path}?${search}`,
      headers,
      body,
    };
  }

  #id(): string {
    return this.#chance.of(0.8) ? this.#chance.pick(this.#ids) : this.#text();
  }

  #text(): string {
    const odd = this.#chance.pick(ODD);
    return (typeof odd === "string" ? odd : JSON.stringify(odd)).slice(0, 300) || "x";
  }

  #value(schema: Schema, depth: number): Json {
    const chance = this.#chance;
    if (schema.$ref !== undefined)
      return this.#value(this.#schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {}, depth);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return chance.pick(schema.enum);
    if (schema.examples !== undefined && chance.of(0.7)) return chance.pick(schema.examples);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices !== undefined) return this.#value(chance.pick(choices), depth + 1);
    const type = Array.isArray(schema.type) ? chance.pick(schema.type) : schema.type;
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array": {
        const length = depth > DEEPEST ? 0 : (schema.minItems ?? 0) + chance.below(4);
        return Array.from({ length }, () => this.#value(schema.items ?? {}, depth + 1));
      }
      case "integer":
      case "number":
        return (schema.minimum ?? 0) + chance.below((schema.maximum ?? 100) + 1);
      case "boolean":
        return chance.of(0.5);
      case "null":
        return null;
      default:
        return chance.pick(["cost", "service", "day", "2024-08-01", "USD", "acme", this.#text()]);
    }
  }

  #object(schema: Schema, depth: number): Json {
    const found: Record<string, Json> = {};
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const needed = schema.required?.includes(name) === true;
      if (needed || (depth <= DEEPEST && this.#chance.of(0.4)))
        found[name] = this.#value(property, depth + 1);
    }
    return found;
  }

  /** One place of a value changed: another type, another value, something missing, something more. */
  #change(value: Json, depth: number): Json {
    const chance = this.#chance;
    if (value === null || typeof value !== "object" || chance.of(0.15)) return chance.pick(ODD);
    if (depth > 50) return value;
    if (Array.isArray(value)) {
      if (value.length === 0 || chance.of(0.2))
        return Array.from({ length: chance.of(0.1) ? 500 : 3 }, () => value[0] ?? chance.pick(ODD));
      const at = chance.below(value.length);
      return value.map((item, i) => (i === at ? this.#change(item, depth + 1) : item));
    }
    const names = Object.keys(value);
    if (names.length === 0 || chance.of(0.15)) return { ...value, [this.#text()]: chance.pick(ODD) };
    const name = chance.pick(names);
    const { [name]: old = null, ...others } = value;
    return chance.of(0.2) ? others : { ...others, [name]: this.#change(old, depth + 1) };
  }
}
