import * as z from "zod/mini";
import { DomainError, type ErrorKind } from "../core/errors/errors.ts";
import { encodeParams } from "./params.ts";
import { STATUS_OF_KIND } from "./problems.ts";
import type { AnswerOf, BodyOf, ParamsOf, QueryOf, RouteSpec } from "./route.ts";
import { ROUTES, type RouteId, type Routes } from "./routes.ts";
import { problemSchema } from "./schemas/service.ts";

/** Answers a request: `fetch` for a server, an app's own function in the same process. */
export type Fetch = (request: Request) => Promise<Response>;

export interface ClientOptions {
  fetch: Fetch;
  /** Where the service is, e.g. `http://localhost:8787`. */
  baseUrl: string;
  /** What the client calls itself, in User-Agent. */
  agent?: string;
  /** Bearer token; asked for at every call, so that it may be renewed. */
  token?: string | (() => string | Promise<string>);
}

type Part<K extends string, T> = [T] extends [undefined]
  ? object
  : undefined extends T
    ? Partial<Record<K, T>>
    : object extends T
      ? Partial<Record<K, T>>
      : Record<K, T>;

/** What may be left out may be undefined as well: neither JSON nor a query string carries it. */
type Sent<T> = T extends object ? { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] } : T;

/** A file or form to upload. */
export interface Upload {
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | Blob | FormData | string;
  /** Media type; taken from the body when not given. */
  type?: string;
}

export type CallInput<K extends RouteId> = Part<"params", ParamsOf<Routes[K]>> &
  Part<"query", Sent<QueryOf<Routes[K]>>> &
  Part<"body", Sent<BodyOf<Routes[K]>>> &
  (Routes[K] extends { body: { kind: "upload"; optional: true } }
    ? { upload?: Upload }
    : Routes[K] extends { body: { kind: "upload" } }
      ? { upload: Upload }
      : object) & {
    headers?: Readonly<Record<string, string>>;
    signal?: AbortSignal;
  };

/** The service as its clients see it. All calls throw the service's problems as DomainError, code and fix included. */
export interface Client {
  /**
   * Calls a route that answers JSON.
   * @throws DomainError of the service's problem; `service.unreachable`, `service.unexpected-answer`
   */
  call<K extends RouteId>(id: K, input: CallInput<K>): Promise<AnswerOf<Routes[K]>>;
  /** Calls a route and gives the whole response, for files, headers and routes that answer in several ways. */
  open<K extends RouteId>(id: K, input: CallInput<K>): Promise<Response>;
}

/** A client that knows the service by its contract alone. */
export function createClient(options: ClientOptions): Client {
  const open = async (id: RouteId, input: AnyInput): Promise<Response> => {
    const request = await toRequest(options, ROUTES[id], input);
    let response: Response;
    try {
      response = await options.fetch(request);
    } catch (error) {
      if (input.signal?.aborted === true) throw error;
      throw unreachable(options.baseUrl, error);
    }
    const expected = [200, 201, 202, 204, 304].includes(response.status);
    // A failed health check answers in full with 503: its body is the answer.
    if (expected || isListed(ROUTES[id], response)) return response;
    throw await problemOf(response, request);
  };
  return {
    open: (id, input) => open(id, input),
    async call<K extends RouteId>(id: K, input: CallInput<K>) {
      const response = await open(id, input);
      const { schema } = ROUTES[id].ok as RouteSpec["ok"];
      if (schema === undefined) return undefined as AnswerOf<Routes[K]>;
      return readAnswer(schema, response) as Promise<AnswerOf<Routes[K]>>;
    },
  };
}

interface AnyInput {
  params?: unknown;
  query?: unknown;
  body?: unknown;
  upload?: Upload;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

function isListed(route: RouteSpec, response: Response): boolean {
  const isProblem = response.headers.get("content-type")?.includes("problem+json") === true;
  return !isProblem && (route.also ?? []).some((answer) => answer.status === response.status);
}

async function toRequest(options: ClientOptions, route: RouteSpec, input: AnyInput): Promise<Request> {
  const params = (input.params ?? {}) as Record<string, string>;
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const query = route.query === undefined ? "" : encodeParams(route.query, input.query ?? {}).toString();
  const headers = new Headers(input.headers);
  const token = typeof options.token === "function" ? await options.token() : options.token;
  if (token !== undefined && route.access !== "public") headers.set("authorization", `Bearer ${token}`);
  if (options.agent !== undefined) headers.set("user-agent", options.agent);
  const init: RequestInit & { duplex?: "half" } = { method: route.method, headers };
  if (input.signal !== undefined) init.signal = input.signal;
  if (input.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(input.body);
  } else if (input.upload !== undefined) {
    const { body, type } = input.upload;
    if (type !== undefined) headers.set("content-type", type);
    init.body = body;
    // A body that streams has to say so (Fetch standard, "duplex").
    if (body instanceof ReadableStream) init.duplex = "half";
  }
  const base = options.baseUrl.replace(/\/$/, "");
  return new Request(`${base}${path}${query === "" ? "" : `?${query}`}`, init);
}

async function readAnswer(schema: z.ZodMiniType, response: Response): Promise<unknown> {
  let body: unknown;
  try {
    body = await response.json();
  } catch (error) {
    throw unexpected(response, "its body is not JSON", error);
  }
  const result = z.safeParse(schema, body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw unexpected(response, `${issue?.path.join(".") ?? "its body"} is not as documented`, result.error);
}

async function problemOf(response: Response, request: Request): Promise<DomainError> {
  const text = await response.text();
  let problem: z.infer<typeof problemSchema>;
  try {
    problem = z.parse(problemSchema, JSON.parse(text));
  } catch (error) {
    return unexpected(
      response,
      `${request.method} ${new URL(request.url).pathname} gave no problem details`,
      error,
    );
  }
  const { code, detail, fix, field, allowed, retryAfter } = problem;
  return new DomainError(code, kindOfStatus(response.status), detail, {
    ...(fix !== undefined && { fix }),
    ...(field !== undefined && { field }),
    ...(allowed !== undefined && { allowed }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

function kindOfStatus(status: number): ErrorKind {
  const known = (Object.entries(STATUS_OF_KIND) as [ErrorKind, number][]).find(([, each]) => each === status);
  if (known !== undefined) return known[0];
  return status === 428 ? "precondition" : status >= 500 ? "unavailable" : "invalid";
}

function unreachable(baseUrl: string, cause: unknown): DomainError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : "";
  return new DomainError(
    "service.unreachable",
    "unavailable",
    `The service at ${baseUrl} does not answer${reason}`,
    {
      fix: "Check that it runs (securebase serve) and that the address is right.",
      cause,
    },
  );
}

function unexpected(response: Response, what: string, cause: unknown): DomainError {
  return new DomainError(
    "service.unexpected-answer",
    "unavailable",
    `The service answered ${response.status}, but ${what}`,
    { fix: "Check that the address is that of a SecureBase service of the same version.", cause },
  );
}
