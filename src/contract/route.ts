import type * as z from "zod/mini";
import type { Action } from "../core/access/access.ts";
import type { AuditAction } from "../core/audit/entry.ts";
import { DEFAULT_LIMITS, type RateName } from "../core/limits/limits.ts";
import type { ProblemCode } from "./problems.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";
export type Tag =
  | "Service"
  | "Analytics"
  | "Exports"
  | "Reports"
  | "Templates"
  | "Imports"
  | "Jobs"
  | "Budgets"
  | "Connections"
  | "Tenants"
  | "Audit";

/** The budgets that requests use up: `queries` by the questions they put to the store, all others by themselves. */
export type RateLimitName = Exclude<RateName, "background">;

/** What they are where an operator has set nothing else, in words. */
export const RATE_LIMITS: Readonly<Record<RateLimitName, string>> = {
  queries: inWords("queries", "questions"),
  exports: inWords("exports", "requests"),
  "report-changes": inWords("report-changes", "requests"),
  imports: inWords("imports", "requests"),
};

function inWords(name: RateLimitName, units: string): string {
  const { perMinute, burst } = DEFAULT_LIMITS.rates[name];
  return `${perMinute} ${units}${burst === perMinute ? "" : `, ${burst} at once`}`;
}

export interface Example {
  name: string;
  /** URL parameters as written, or a JSON body, or both. */
  params?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
}

/** What a route answers when all goes well. */
export interface Answer {
  status: number;
  description: string;
  /** The JSON body's schema; without one the body is a file or empty. */
  schema?: z.ZodMiniType;
  /** Media types of a body that is not JSON. */
  media?: readonly string[];
  headers?: Readonly<Record<string, string>>;
}

/**
 * A service on AWS has no room for large answers: they are put where the client can fetch them. Any answer may be one;
 * the routes whose answers do grow that large say so.
 */
export const SEE_OTHER: Answer = {
  status: 303,
  description:
    "On AWS, in place of an answer of more than 4.5 MB: fetch it with GET from `Location`, a link that needs no token and is good for five minutes.",
  headers: { Location: "Where the answer is." },
};

/** What routes have whose answers can be asked for again with the tag of the copy at hand. */
export const TAGGED = { ETag: "Of the answer, for `If-None-Match`." };
export const IF_NONE_MATCH = {
  "If-None-Match": { description: "The ETag of the copy at hand.", required: false },
};
export const NOT_MODIFIED: Answer = {
  status: 304,
  description: "The copy at hand is current.",
  headers: TAGGED,
};

/** One operation of the API as data: the server routes it, the client calls it, the reference explains it. */
export interface RouteSpec {
  method: Method;
  /** With `{name}` for path parameters. */
  path: string;
  tag: Tag;
  summary: string;
  description: string;
  /** `public`, `any` signed-in role, or an action of the access table. */
  access: "public" | "any" | Action;
  limit?: RateLimitName;
  /** Whether a request counts as a question by itself, with `limit: "queries"`: it asks the store none, and is work. */
  countsAsQuestion?: boolean;
  /** That it is written down, as what, and about which kind of object; what only looks is not. */
  audit?: { action: AuditAction; object: string };
  params?: z.ZodMiniType;
  query?: z.ZodMiniType;
  /** Request headers beside Authorization. */
  headers?: Readonly<Record<string, { description: string; required: boolean }>>;
  body?:
    | { kind: "json"; schema: z.ZodMiniType; optional?: boolean }
    | { kind: "upload"; description: string; optional?: boolean };
  ok: Answer;
  /** Other successes. */
  also?: readonly Answer[];
  /** Problem codes particular to this route; those every route shares are added by the generator. */
  problems: readonly ProblemCode[];
  examples: readonly Example[];
}

/** Keeps the literal types of a group of routes and checks them. */
export function routes<const T extends Record<string, RouteSpec>>(group: T): T {
  return group;
}

type Output<S> = S extends z.ZodMiniType ? z.output<S> : undefined;

export type ParamsOf<R extends RouteSpec> = R extends { params: infer S } ? Output<S> : undefined;
export type QueryOf<R extends RouteSpec> = R extends { query: infer S } ? Output<S> : undefined;
export type BodyOf<R extends RouteSpec> = R extends { body: { kind: "json"; schema: infer S } }
  ? R extends { body: { optional: true } }
    ? Output<S> | undefined
    : Output<S>
  : undefined;
export type AnswerOf<R extends RouteSpec> = R extends { ok: { schema: infer S } } ? Output<S> : undefined;
