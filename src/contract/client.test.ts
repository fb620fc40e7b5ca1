import { describe, expect, it } from "vitest";
import { createClient, type Fetch } from "./client.ts";

const json = (status: number, body: unknown, type = "application/json"): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": type } });

function clientOf(answer: Fetch): { client: ReturnType<typeof createClient>; requests: Request[] } {
  const requests: Request[] = [];
  const client = createClient({
    baseUrl: "http://service.test/",
    token: "t0ken",
    fetch: (request) => {
      requests.push(request);
      return answer(request);
    },
  });
  return { client, requests };
}

const load = { items: [], next: null, more: false };
const health = { status: "ok", version: "1", environment: "e", time: "t", dependencies: [] };

describe("the client", () => {
  it("writes path, query, token and body as the contract says", async () => {
    const { client, requests } = clientOf(() => Promise.resolve(json(200, load)));
    await client.call("listImports", { query: { limit: 5 } });
    await client.open("getReport", { params: { id: "a/b ?" } });
    await client.open("runReport", { params: { id: "r" }, body: { range: { preset: "7d" } } });
    expect(requests.map((request) => `${request.method} ${request.url}`)).toEqual([
      "GET http://service.test/v1/imports?limit=5",
      "GET http://service.test/v1/reports/a%2Fb%20%3F",
      "POST http://service.test/v1/reports/r/run",
    ]);
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer t0ken");
    expect(await requests[2]?.json()).toEqual({ range: { preset: "7d" } });
  });

  it("sends no token where none is needed", async () => {
    const { client, requests } = clientOf(() => Promise.resolve(json(200, health)));
    expect(await client.call("health", {})).toEqual(health);
    expect(requests[0]?.headers.has("authorization")).toBe(false);
  });

  it("gives the body of a failed health check, since it says what failed", async () => {
    const { client } = clientOf(() => Promise.resolve(json(503, { ...health, status: "failed" })));
    expect(await client.call("health", {})).toMatchObject({ status: "failed" });
  });

  it("raises the service's problem with code, fix and allowed values", async () => {
    const problem = {
      type: "/docs#problem-x",
      title: "Dimension unknown",
      status: 400,
      detail: "cost has no dimension",
      instance: "/v1/analytics",
      code: "query.unknown-dimension",
      requestId: "r",
      fix: "Did you mean service?",
      field: "groupBy[0]",
      allowed: ["service"],
    };
    const { client } = clientOf(() => Promise.resolve(json(400, problem, "application/problem+json")));
    await expect(client.call("listTenants", {})).rejects.toMatchObject({
      code: "query.unknown-dimension",
      kind: "invalid",
      message: "cost has no dimension",
      fix: "Did you mean service?",
      allowed: ["service"],
    });
  });

  it("tells an unreachable service from one that answers something else", async () => {
    const down = clientOf(() =>
      Promise.reject(new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") })),
    );
    await expect(down.client.call("health", {})).rejects.toMatchObject({ code: "service.unreachable" });
    const proxy = clientOf(() => Promise.resolve(new Response("<html>", { status: 502 })));
    await expect(proxy.client.call("health", {})).rejects.toMatchObject({
      code: "service.unexpected-answer",
    });
    const other = clientOf(() => Promise.resolve(json(200, { hello: "world" })));
    await expect(other.client.call("health", {})).rejects.toMatchObject({
      code: "service.unexpected-answer",
    });
  });
});
