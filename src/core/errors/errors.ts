import { firstOf, shorten } from "./bounded.ts";

/**
 * What went wrong, seen from the caller: the HTTP status and the CLI exit code follow from the kind alone.
 * - `invalid`: the request is malformed or breaks a rule (400; exit 2)
 * - `unauthenticated` (401), `forbidden` (403), `not-found` (404), `conflict` (409), `precondition` (412)
 * - `too-large` (413), `unprocessable`: well-formed input whose content cannot be used, e.g. a broken file (422)
 * - `rate-limited` (429), `unavailable`: a dependency failed or is busy; trying again may help (503)
 */
export type ErrorKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "precondition"
  | "too-large"
  | "unprocessable"
  | "rate-limited"
  | "unavailable";

export interface ErrorDetails {
  /** How to fix it: one sentence in the imperative. */
  fix?: string | undefined;
  /** The field of the request or file that is wrong, e.g. `filters[0].field`. */
  field?: string | undefined;
  /** The values the field may take; the error keeps the first ones of many. */
  allowed?: readonly string[] | undefined;
  /** Seconds after which a retry may succeed. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** Longer than any message of ours, so that only one that repeats too much of its input is cut off. */
const MAX_TEXT = 2000;
const MAX_FIELD = 200;

/** An error a user can act on: a stable `code`, a message that names what was wrong and where, and a fix. */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly code: string;
  readonly kind: ErrorKind;
  readonly fix: string | undefined;
  readonly field: string | undefined;
  readonly allowed: readonly string[] | undefined;
  readonly retryAfter: number | undefined;

  /**
   * @param code dotted and stable, e.g. `query.unknown-field`; clients may switch on it
   * @param kind decides HTTP status and exit code
   */
  constructor(code: string, kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(shorten(message, MAX_TEXT), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.kind = kind;
    this.fix = details.fix === undefined ? undefined : shorten(details.fix, MAX_TEXT);
    this.field = details.field === undefined ? undefined : shorten(details.field, MAX_FIELD);
    this.allowed = details.allowed === undefined ? undefined : firstOf(details.allowed);
    this.retryAfter = details.retryAfter;
  }
}

/** Shorthand for the commonest kind: a request that breaks a rule. */
export function invalid(code: string, message: string, details: ErrorDetails = {}): DomainError {
  return new DomainError(code, "invalid", message, details);
}

/** Turns whatever was thrown into an error a client may see; the details of an unexpected one go to the log only. */
export function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError("service.internal", "unavailable", "The service failed to answer", {
    fix: "Try again; if it happens again, report the requestId.",
    cause: error,
  });
}

/** Stands in for the part of an answer that could not be computed. */
export interface Problem {
  code: string;
  message: string;
  fix?: string;
  /** For unexpected errors: the id of their log entry. */
  requestId?: string;
}

export function problemOf({ code, message, fix }: DomainError, requestId?: string): Problem {
  return {
    code,
    message,
    ...(fix !== undefined && { fix }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** A sentence to show in place of a part. @param what the part, e.g. `The forecast` */
export function problemText(what: string, { message, requestId }: Problem): string {
  return `${what} could not be computed: ${message}${requestId === undefined ? "" : ` (request ${requestId})`}`;
}
