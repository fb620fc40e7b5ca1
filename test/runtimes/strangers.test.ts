import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UNLIMITED } from "../support/unlimited.ts";
import { paramKinds } from "../../src/contract/params.ts";
import { routeList } from "../../src/contract/routes.ts";
import { createApp } from "../../src/http/app.ts";
import { silentLogger } from "../../src/http/logger.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { admin, OPERATOR, seed } from "./seed.ts";
import { ask, type AskOptions, type HttpTarget, tokenFor } from "./target.ts";

/** Longer than all of an answer may be. */
const LONG = 12_000;
const MOST_BYTES = 10_000;

/** Values that are nothing like what any field takes, as JSON. */
const NASTY: readonly (readonly [name: string, json: string])[] = [
  ["a long word", JSON.stringify("x".repeat(LONG))],
  ["a long text", JSON.stringify("some words ".repeat(LONG / 10))],
  ["a word that ends in half a character", JSON.stringify("😀".repeat(LONG))],
  ["a long list", `[${Array(1500).fill('"x"').join(",")}]`],
  ["a list of lists", "[".repeat(50) + "]".repeat(50)],
  [
    "an object of names that objects have",
    '{"toString":1,"constructor":{"name":2},"__proto__":{"length":3}}',
  ],
  ["an object of many fields", `{${Array.from({ length: 1500 }, (_, i) => `"field${i}":1`).join(",")}}`],
  ["a number out of all reason", "-1e308"],
  ["null", "null"],
];

/** A JSON value with each of its parts in turn replaced by the placeholder; the whole of it first. */
function* variants(value: unknown): Generator {
  yield PLACEHOLDER;
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    for (const variant of variants(part)) {
      yield Array.isArray(value)
        ? value.map((each: unknown, i) => (String(i) === key ? variant : each))
        : { ...value, [key]: variant };
    }
  }
}
const PLACEHOLDER = "(here)";

/** Every field, parameter and header, filled by somebody who knows nothing of them or means harm. */
describe("what strangers send", () => {
  let directory: string;
  let runtime: EmbeddedRuntime;
  let target: HttpTarget;
  let tokens: { operator: string; admin: string };
  beforeAll(async () => {
    const secret = new TextEncoder().encode("a secret for the tests, over 32 bytes");
    directory = await mkdtemp(join(tmpdir(), "securebase-strangers-"));
    const env = { SECUREBASE_JWT_SECRET: new TextDecoder().decode(secret) };
    runtime = await openEmbedded({ directory, env, logger: silentLogger });
    const app = createApp({ services: { ...runtime.services, limiter: UNLIMITED }, auth: { secret } });
    const fetch = async (request: Request): Promise<Response> => app.fetch(request);
    target = { fetch, baseUrl: "http://app.test", secret, close: () => Promise.resolve() };
    await seed(target);
    tokens = {
      operator: `Bearer ${await tokenFor(target, OPERATOR)}`,
      admin: `Bearer ${await tokenFor(target, admin("alpha"))}`,
    };
  });
  afterAll(async () => {
    await runtime.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Asks, and expects an answer that is no failure of the service; a refusal is short and shows no more than it must. */
  async function refused(line: string, options: AskOptions, what: string): Promise<void> {
    const reply = await ask(target, line, options);
    expect(reply.status, `${what}: ${reply.bytes.toString("utf8", 0, 500)}`).toBeLessThan(500);
    if (reply.status < 400) return;
    expect(reply.bytes.length, `${what}: ${reply.bytes.toString("utf8", 0, 500)}`).toBeLessThan(MOST_BYTES);
    const { field = "" } = reply.json as { field?: string };
    expect(field.length).toBeLessThanOrEqual(200);
    for (const [name, value] of reply.headers) expect(value.length, `${what}: ${name}`).toBeLessThan(2500);
  }

  const callerOf = (access: string): string =>
    ["registry", "connections"].includes(access) ? tokens.operator : tokens.admin;
  const named = routeList().map((route) => ({ ...route, id: `${route.method} ${route.path}` }));
  const lineOf = (route: { method: string; path: string }, id: string): string =>
    `${route.method} ${route.path.replace(/\{\w+\}/g, id)}`;

  /** Bodies that several routes take are tried on the first. */
  const schemas = named.map(({ body }) => (body?.kind === "json" ? body.schema : undefined));
  const withBody = named.filter(({ body }, i) => body?.kind === "json" && schemas.indexOf(body.schema) === i);
  it.each(withBody)(
    "in the body of $id",
    async (route) => {
      const as = callerOf(route.access);
      const headers = { "content-type": "application/json" };
      for (const { body, params } of route.examples) {
        for (const variant of variants(body ?? {})) {
          for (const [what, json] of NASTY) {
            const raw = JSON.stringify(variant).replace(JSON.stringify(PLACEHOLDER), () => json);
            await refused(
              lineOf(route, params?.["id"] ?? "x"),
              { as, headers, raw },
              `${what} in ${raw.slice(0, 300)}`,
            );
          }
        }
      }
    },
    60_000,
  );

  it.each(named.filter((route) => route.query !== undefined))("in the parameters of $id", async (route) => {
    const as = callerOf(route.access);
    const line = lineOf(route, "x");
    const kinds = paramKinds(route.query!);
    for (const name of [...kinds.keys(), "x".repeat(LONG)]) {
      for (const value of [
        "x".repeat(LONG),
        "a,".repeat(LONG / 2),
        "9".repeat(LONG),
        "\u0000",
        "2024-09-01".repeat(LONG / 10),
      ])
        await refused(line, { as, query: { [name]: value } }, `${name.slice(0, 20)}=${value.slice(0, 20)}`);
      const many = Array.from({ length: 2000 }, () => `${name.slice(0, 20)}=service%3Dx`).join("&");
      await refused(`${line}?${many}`, { as }, `${name.slice(0, 20)} 2000 times`);
    }
    const unknown = Array.from({ length: 2000 }, (_, i) => `field${i}=1`).join("&");
    await refused(`${line}?${unknown}`, { as }, "2000 parameters");
  });

  it.each(named.filter((route) => route.path.includes("{")))("in the path of $id", async (route) => {
    const as = callerOf(route.access);
    const headers = { "If-Match": '"x"' };
    for (const id of ["x".repeat(7000), "%00", "..%2F..%2Fetc", "%F0%9F%98%80".repeat(500), "%ff"])
      await refused(lineOf(route, id), { as, headers }, id.slice(0, 40));
  });

  it.each(["If-Match", "If-None-Match", "X-Request-Id", "Content-Type", "Accept", "Authorization"])(
    "in the header %s",
    async (name) => {
      const report = await ask(target, "POST /v1/reports/templates/cost-analysis", { as: admin("alpha") });
      const { id, definition } = report.json as { id: string; definition: object };
      for (const value of [
        "x".repeat(LONG),
        '"x", '.repeat(LONG / 5),
        '"'.repeat(LONG),
        "W/".repeat(LONG / 2),
      ]) {
        const headers = { Authorization: tokens.admin, "Content-Type": "application/json", [name]: value };
        const raw = JSON.stringify(definition);
        await refused(`PUT /v1/reports/${id}`, { headers, raw }, value.slice(0, 20));
        await refused(`GET /v1/reports/${id}`, { headers }, value.slice(0, 20));
      }
    },
  );

  it("in a token", async () => {
    const part = (json: string): string => Buffer.from(json).toString("base64url");
    const long = JSON.stringify("x".repeat(8000));
    const headers = [
      `{"alg":${long}}`,
      `{"alg":"HS256","kid":${long}}`,
      '{"alg":{"toString":1}}',
      "[".repeat(5000) + "]".repeat(5000),
    ];
    for (const json of headers)
      await refused("GET /v1/me", { as: `Bearer ${part(json)}.${part("{}")}.x` }, json.slice(0, 40));
    const role = "x".repeat(8000);
    for (const claims of [{ role }, { role: { toString: 1 } }, { role: "admin", customerId: role }])
      await refused("GET /v1/me", { as: claims }, JSON.stringify(claims).slice(0, 40));
  });
});
