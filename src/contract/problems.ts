import type { ErrorKind } from "../core/errors/errors.ts";
import { type ProblemCode, PROBLEMS, type ProblemSpec } from "./problem-codes.ts";

/** HTTP status of each kind of error (RFC 9110, RFC 6585). */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  precondition: 412,
  "too-large": 413,
  unprocessable: 422,
  "rate-limited": 429,
  unavailable: 503,
};

/** Titles for codes that the table does not list. */
export const TITLE_OF_STATUS: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  408: "Request timed out",
  409: "Conflict",
  412: "Changed meanwhile",
  413: "Too large",
  415: "Unsupported media type",
  422: "Content cannot be used",
  428: "Precondition required",
  429: "Too many requests",
  431: "Headers too large",
  500: "Internal error",
  503: "Not available",
};

/** What the table says of a code; undefined for one it does not list. */
export function problemSpec(code: string): ProblemSpec | undefined {
  return (PROBLEMS as Readonly<Record<string, ProblemSpec | undefined>>)[code];
}

export { PROBLEMS, type ProblemCode, type ProblemSpec };
