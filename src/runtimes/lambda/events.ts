/**
 * HTTP events of API Gateway, as far as they are read here: payload format 2.0 (HTTP API) and 1.0 (REST API).
 * "Working with AWS Lambda proxy integrations for HTTP APIs", "Input format of a Lambda function for proxy integration".
 */
export interface HttpEventV2 {
  version: "2.0";
  rawPath: string;
  rawQueryString: string;
  cookies?: readonly string[];
  headers: Readonly<Record<string, string | undefined>>;
  requestContext: {
    requestId?: string;
    domainName?: string;
    stage?: string;
    http: { method: string; path: string; sourceIp?: string };
  };
  body?: string;
  isBase64Encoded?: boolean;
}

export interface HttpEventV1 {
  httpMethod: string;
  path: string;
  headers: Readonly<Record<string, string | undefined>> | null;
  multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  multiValueQueryStringParameters?: Readonly<Record<string, readonly string[] | undefined>> | null;
  requestContext: {
    requestId?: string;
    domainName?: string;
    stage?: string;
    identity?: { sourceIp?: string };
  };
  body?: string | null;
  isBase64Encoded?: boolean;
}

export type HttpEvent = HttpEventV1 | HttpEventV2;

export interface HttpResult {
  statusCode: number;
  /** Format 2.0 joins repeated headers; only cookies may repeat. */
  headers?: Record<string, string>;
  cookies?: string[];
  /** Format 1.0. */
  multiValueHeaders?: Record<string, string[]>;
  body: string;
  isBase64Encoded: boolean;
}

export function isHttpEvent(event: unknown): event is HttpEvent {
  if (typeof event !== "object" || event === null || !("requestContext" in event)) return false;
  return isV2(event as HttpEvent) || "httpMethod" in event;
}

function isV2(event: HttpEvent): event is HttpEventV2 {
  return "rawPath" in event;
}

/** Address of the client, as the gateway saw it. */
export function sourceIp(event: HttpEvent): string | undefined {
  return isV2(event) ? event.requestContext.http.sourceIp : event.requestContext.identity?.sourceIp;
}

/** The event as the request that the client sent. */
export function toRequest(event: HttpEvent): Request {
  const v2 = isV2(event);
  const headers = v2 ? headersOfV2(event) : headersOfV1(event);
  const method = v2 ? event.requestContext.http.method : event.httpMethod;
  const path = v2 ? pathOfV2(event) : event.path;
  const query = v2 ? event.rawQueryString : queryOfV1(event);
  const host = headers.get("host") ?? event.requestContext.domainName ?? "localhost";
  const { requestId } = event.requestContext;
  if (requestId !== undefined && !headers.has("x-request-id")) headers.set("x-request-id", requestId);
  const url = new URL(`https://${host}${path}${query === "" ? "" : `?${query}`}`);
  const body =
    event.body === undefined ||
    event.body === null ||
    event.body === "" ||
    method === "GET" ||
    method === "HEAD"
      ? null
      : event.isBase64Encoded === true
        ? Buffer.from(event.body, "base64")
        : event.body;
  return new Request(url, { method, headers, body });
}

/** With a stage other than `$default` the raw path begins with it. */
function pathOfV2(event: HttpEventV2): string {
  const { stage } = event.requestContext;
  const prefix = `/${stage ?? ""}`;
  if (stage === undefined || stage === "$default") return event.rawPath;
  if (event.rawPath === prefix) return "/";
  return event.rawPath.startsWith(`${prefix}/`) ? event.rawPath.slice(prefix.length) : event.rawPath;
}

function headersOfV2(event: HttpEventV2): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers))
    if (value !== undefined) headers.set(name, value);
  if (event.cookies !== undefined && event.cookies.length > 0)
    headers.set("cookie", event.cookies.join("; "));
  return headers;
}

function headersOfV1(event: HttpEventV1): Headers {
  const headers = new Headers();
  const many = event.multiValueHeaders ?? {};
  for (const [name, values] of Object.entries(many))
    for (const value of values ?? []) headers.append(name, value);
  for (const [name, value] of Object.entries(event.headers ?? {}))
    if (value !== undefined && !headers.has(name)) headers.set(name, value);
  return headers;
}

/** Format 1.0 brings the parameters decoded. */
function queryOfV1(event: HttpEventV1): string {
  const query = new URLSearchParams();
  const many = event.multiValueQueryStringParameters ?? {};
  for (const [name, values] of Object.entries(many))
    for (const value of values ?? []) query.append(name, value);
  for (const [name, value] of Object.entries(event.queryStringParameters ?? {}))
    if (value !== undefined && !query.has(name)) query.set(name, value);
  return query.toString();
}

/** Bodies that may travel as text; all others as base64. */
const TEXT = /^(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml|x-ndjson|javascript|problem\+json)\b)/i;

/** A response whose body has been read, in the form of the event it answers. */
export function toResult(event: HttpEvent, response: Response, body: Uint8Array): HttpResult {
  const type = response.headers.get("content-type") ?? "";
  const isText = TEXT.test(type) && !response.headers.has("content-encoding");
  const base = {
    statusCode: response.status,
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(isText ? "utf8" : "base64"),
    isBase64Encoded: !isText,
  };
  const cookies = response.headers.getSetCookie();
  const headers = new Map([...response.headers].filter(([name]) => name !== "set-cookie"));
  // The length of what is sent is API Gateway's to tell.
  headers.delete("content-length");
  if (isV2(event)) {
    return { ...base, headers: Object.fromEntries(headers), ...(cookies.length > 0 && { cookies }) };
  }
  const multi: Record<string, string[]> = Object.fromEntries(
    [...headers].map(([name, value]) => [name, [value]]),
  );
  if (cookies.length > 0) multi["set-cookie"] = cookies;
  return { ...base, multiValueHeaders: multi };
}
