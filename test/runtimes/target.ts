import { SignJWT } from "jose";
import { expect } from "vitest";
import * as z from "zod/mini";
import { problemsOf } from "../../src/contract/openapi.ts";
import { PROBLEMS, problemSpec } from "../../src/contract/problems.ts";
import { type RouteId, routeList } from "../../src/contract/routes.ts";
import { shorten } from "../../src/core/errors/bounded.ts";
import { MAX_PATH } from "../../src/http/problem.ts";
import { problemSchema } from "../../src/contract/schemas/service.ts";

/** A running service, whatever runs it. */
export interface HttpTarget {
  /** `fetch` for a server, the app's own function in the same process, a converter to events for a function. */
  fetch: (request: Request) => Promise<Response>;
  baseUrl: string;
  /** The HS256 secret tokens are signed with. */
  secret: Uint8Array;
  /** Path of the server's data, which no answer may tell. */
  hidden?: string;
  close(): Promise<void>;
}

export interface Claims {
  role?: unknown;
  customerId?: unknown;
  sub?: string;
}

export interface AskOptions {
  /** Claims of the token, or a header as it is; no token when not given. */
  as?: Claims | string | undefined;
  query?: Record<string, string>;
  body?: unknown;
  raw?: RequestInit["body"];
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Reply {
  status: number;
  headers: Headers;
  bytes: Buffer;
  /** The body as JSON; undefined when it is none. */
  json: unknown;
}

export function tokenFor(target: Pick<HttpTarget, "secret">, claims: Claims, seconds = 300): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(target.secret);
}

/**
 * Sends one request and checks the answer against the contract: its status is documented for the route, its body has
 * the documented shape and nothing beside it, a problem carries a listed code with that code's status.
 */
export async function ask(target: HttpTarget, line: string, options: AskOptions = {}): Promise<Reply> {
  const [method = "GET", path = "/"] = line.split(" ");
  const url = new URL(path, target.baseUrl);
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
  const headers = new Headers(options.headers);
  const { as } = options;
  if (as !== undefined) {
    headers.set("authorization", typeof as === "string" ? as : `Bearer ${await tokenFor(target, as)}`);
  }
  const init: RequestInit & { duplex?: "half" } = { method, headers };
  if (options.signal !== undefined) init.signal = options.signal;
  if (options.body !== undefined) {
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    init.body = JSON.stringify(options.body);
  } else if (options.raw !== undefined) {
    init.body = options.raw;
    init.duplex = "half";
  }
  const response = await target.fetch(new Request(url, init));
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  const json = isJson && bytes.length > 0 ? (JSON.parse(bytes.toString("utf8")) as unknown) : undefined;
  const reply = { status: response.status, headers: response.headers, bytes, json };
  if (target.hidden !== undefined) expect(bytes.includes(target.hidden), `${line} tells a path`).toBe(false);
  checkReply(method, url.pathname, reply);
  return reply;
}

function checkReply(method: string, path: string, reply: Reply): void {
  const { status, headers } = reply;
  expect(headers.get("x-request-id"), `${method} ${path}`).toMatch(/^[\w.-]{8,64}$/);
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  if (method === "HEAD" || method === "OPTIONS") return;
  if (headers.get("content-type") === "application/problem+json") checkProblem(reply, path);
  const route = routeOf(method, path);
  if (route === undefined) return;
  const answer = [route.ok, ...(route.also ?? [])].find((each) => each.status === status);
  if (answer === undefined) {
    const codes = problemsOf(route);
    const documented = codes.map((code): number => PROBLEMS[code].status);
    expect(documented, `${method} ${path} answered ${status}, which is not documented`).toContain(status);
    return;
  }
  if (answer.schema !== undefined) {
    // Parsing drops what is not documented: a difference is an undocumented field.
    expect(z.parse(answer.schema, reply.json)).toEqual(reply.json);
  }
  const type = headers.get("content-type")?.split(";")[0];
  if (answer.media !== undefined) expect(answer.media).toContain(type);
}

function checkProblem(reply: Reply, path: string): void {
  const problem = z.parse(problemSchema, reply.json);
  expect(problem).toEqual(reply.json);
  expect(problem.status).toBe(reply.status);
  expect(problem.requestId).toBe(reply.headers.get("x-request-id"));
  expect(problem.instance).toBe(shorten(path, MAX_PATH));
  const spec = problemSpec(problem.code);
  expect(spec, `${problem.code} is not in the contract`).toBeDefined();
  expect(problem.status, problem.code).toBe(spec?.status);
}

/** The contract's route for a request; fixed paths before those with parameters. */
function routeOf(
  method: string,
  path: string,
): (ReturnType<typeof routeList>[number] & { id: RouteId }) | undefined {
  return routeList()
    .sort((a, b) => Number(a.path.includes("{")) - Number(b.path.includes("{")))
    .find(
      (route) =>
        route.method === method && new RegExp(`^${route.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(path),
    );
}
