import { describe, expect, it } from "vitest";
import { type HttpEventV1, type HttpEventV2, isHttpEvent, toRequest, toResult } from "./events.ts";

const v2 = (more: Partial<HttpEventV2> = {}): HttpEventV2 => ({
  ...{ version: "2.0", rawPath: "/live/v1/reports", rawQueryString: "where=a%3Db&where=c" },
  headers: { host: "api.test", authorization: "Bearer x" },
  requestContext: {
    requestId: "req-12345",
    stage: "live",
    http: { method: "POST", path: "/live/v1/reports" },
  },
  ...more,
});
const v1 = (more: Partial<HttpEventV1> = {}): HttpEventV1 => ({
  ...{ httpMethod: "GET", path: "/v1/reports" },
  headers: { Host: "api.test" },
  multiValueHeaders: { Host: ["api.test"], Accept: ["a/b", "c/d"] },
  multiValueQueryStringParameters: { where: ["a=b", "c"] },
  queryStringParameters: { where: "c" },
  requestContext: { requestId: "req-12345", stage: "live" },
  ...more,
});

describe("toRequest", () => {
  it("reads both formats to the same request", async () => {
    const two = toRequest(v2({ body: Buffer.from([0, 255]).toString("base64"), isBase64Encoded: true }));
    expect([two.method, two.url]).toEqual(["POST", "https://api.test/v1/reports?where=a%3Db&where=c"]);
    expect(Buffer.from(await two.arrayBuffer())).toEqual(Buffer.from([0, 255]));
    const one = toRequest(v1());
    expect(one.url).toBe("https://api.test/v1/reports?where=a%3Db&where=c");
    expect([one.headers.get("accept"), one.headers.get("x-request-id")]).toEqual(["a/b, c/d", "req-12345"]);
  });

  it("strips the stage from the path and nothing else", () => {
    const path = (rawPath: string, stage: string): string =>
      new URL(
        toRequest(v2({ rawPath, requestContext: { stage, http: { method: "GET", path: rawPath } } })).url,
      ).pathname;
    expect(path("/live/v1/health", "live")).toBe("/v1/health");
    expect(path("/live", "live")).toBe("/");
    expect(path("/livestock", "live")).toBe("/livestock");
    expect(path("/v1/health", "$default")).toBe("/v1/health");
  });

  it("keeps a request id the caller gave", () => {
    const request = toRequest(v2({ headers: { "x-request-id": "mine-4711" } }));
    expect(request.headers.get("x-request-id")).toBe("mine-4711");
  });
});

describe("toResult", () => {
  const bytes = Buffer.from("grün");

  it.each([
    ["application/json", false],
    ["application/problem+json; charset=utf-8", false],
    ["text/csv; charset=utf-8", false],
    ["application/pdf", true],
    ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true],
    ["", true],
  ])("sends %s as base64: %s", (type, base64) => {
    const response = new Response(null, { headers: type === "" ? {} : { "content-type": type } });
    const result = toResult(v2(), response, bytes);
    expect(result.isBase64Encoded).toBe(base64);
    expect(Buffer.from(result.body, base64 ? "base64" : "utf8")).toEqual(bytes);
  });

  it("sends compressed text as base64, and cookies one by one", () => {
    const response = new Response(null, {
      headers: { "content-type": "text/csv", "content-encoding": "gzip" },
    });
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2");
    expect(toResult(v2(), response, bytes)).toMatchObject({ isBase64Encoded: true, cookies: ["a=1", "b=2"] });
    expect(toResult(v1(), response, bytes).multiValueHeaders).toMatchObject({ "set-cookie": ["a=1", "b=2"] });
  });
});

describe("isHttpEvent", () => {
  it("tells HTTP events from others", () => {
    expect([v1(), v2(), { action: "health_check" }, { source: "aws.events" }, null].map(isHttpEvent)).toEqual(
      [...[true, true, false, false, false]],
    );
  });
});
