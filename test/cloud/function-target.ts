import type { HttpTarget } from "../runtimes/target.ts";
import type { LambdaEmulator } from "./lambda-emulator.ts";

export type EventVersion = "1.0" | "2.0";

interface Result {
  statusCode: number;
  headers?: Record<string, string>;
  multiValueHeaders?: Record<string, string[]>;
  body: string;
  isBase64Encoded: boolean;
}

/** Sends requests to a function as API Gateway does, and turns its results back into responses. */
export function functionTarget(
  lambda: LambdaEmulator,
  version: EventVersion,
  secret: Uint8Array,
  close: () => Promise<void>,
): HttpTarget {
  return {
    baseUrl: "https://api.test",
    secret,
    close,
    async fetch(request) {
      request.signal.throwIfAborted();
      const event = version === "2.0" ? await eventV2(request) : await eventV1(request);
      const { payload, functionError } = await lambda.invoke(event);
      // What API Gateway answers when the function failed.
      if (functionError !== undefined)
        return Response.json({ message: "Internal server error" }, { status: 502 });
      return toResponse(payload as Result, request.method);
    },
  };
}

async function bodyOf(request: Request): Promise<{ body?: string; isBase64Encoded: boolean }> {
  const bytes = Buffer.from(await request.arrayBuffer());
  if (bytes.length === 0) return { isBase64Encoded: false };
  // API Gateway passes what is declared as text as it is, and all else as base64.
  const isText = /^(text\/|application\/json)/.test(request.headers.get("content-type") ?? "");
  return { body: bytes.toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
async function eventV2(request: Request): Promise<object> {
  const url = new URL(request.url);
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: `/live${url.pathname}`,
    rawQueryString: url.search.slice(1),
    headers: { ...Object.fromEntries(request.headers), host: url.host },
    requestContext: {
      ...{ accountId: "000000000000", apiId: "api", domainName: url.host, requestId: crypto.randomUUID() },
      ...{ stage: "live", http: { method: request.method, path: `/live${url.pathname}` } },
    },
    ...(await bodyOf(request)),
  };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html */
async function eventV1(request: Request): Promise<object> {
  const url = new URL(request.url);
  const query = [...url.searchParams.keys()];
  const { body, isBase64Encoded } = await bodyOf(request);
  const headers = { ...Object.fromEntries(request.headers), Host: url.host };
  return {
    resource: "/{proxy+}",
    path: decodeURI(url.pathname),
    httpMethod: request.method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: query.length === 0 ? null : Object.fromEntries(url.searchParams),
    multiValueQueryStringParameters:
      query.length === 0
        ? null
        : Object.fromEntries(query.map((name) => [name, url.searchParams.getAll(name)])),
    requestContext: { stage: "live", path: `/live${url.pathname}`, requestId: crypto.randomUUID() },
    body: body ?? null,
    isBase64Encoded,
  };
}

async function toResponse(result: Result, method: string): Promise<Response> {
  const headers = new Headers(result.headers);
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {}))
    for (const value of values) headers.append(name, value);
  const body = Buffer.from(result.body, result.isBase64Encoded ? "base64" : "utf8");
  // A client follows the link to where a large answer was put.
  if (result.statusCode === 303) {
    const followed = await fetch(headers.get("location") ?? "");
    headers.set("content-type", followed.headers.get("content-type") ?? "");
    return new Response(followed.body, { status: followed.status, headers });
  }
  const bare = method === "HEAD" || result.statusCode === 204 || result.statusCode === 304;
  return new Response(bare ? null : body, { status: result.statusCode, headers });
}
