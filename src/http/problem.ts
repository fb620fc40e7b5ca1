import { problemSpec, STATUS_OF_KIND, TITLE_OF_STATUS } from "../contract/problems.ts";
import { fieldProblems } from "../contract/validate.ts";
import { shorten } from "../core/errors/bounded.ts";
import type { DomainError } from "../core/errors/errors.ts";

/** Most characters of a request's path that answers and the log repeat. */
export const MAX_PATH = 200;

export interface ProblemContext {
  requestId: string;
  /** Path of the request; a long one is answered shortened. */
  instance: string;
}

/** The status an error is answered with: the contract's for a code it lists, else that of the error's kind. */
export function statusOf(error: DomainError): number {
  return problemSpec(error.code)?.status ?? STATUS_OF_KIND[error.kind];
}

/** Problem details (RFC 9457) with the code, and where there are any the fix, the field and what it may be. */
export function problemResponse(error: DomainError, context: ProblemContext): Response {
  const status = statusOf(error);
  const { code, fix, field, allowed, retryAfter } = error;
  const errors = fieldProblems(error);
  const body = {
    type: `/docs#problem-${code}`,
    title: problemSpec(code)?.title ?? TITLE_OF_STATUS[status] ?? "Problem",
    status,
    detail: error.message,
    instance: shorten(context.instance, MAX_PATH),
    code,
    requestId: context.requestId,
    ...(fix !== undefined && { fix }),
    ...(field !== undefined && { field }),
    ...(allowed !== undefined && { allowed }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(errors.length > 0 && { errors }),
  };
  const headers = new Headers({
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
  });
  const wait = retryAfter ?? (status === 503 ? 5 : undefined);
  if (wait !== undefined) headers.set("Retry-After", String(Math.max(1, Math.ceil(wait))));
  // What is left of the request is not waited for.
  if (status === 408) headers.set("Connection", "close");
  const challenge = challengeOf(error, status);
  if (challenge !== undefined) headers.set("WWW-Authenticate", challenge);
  return new Response(JSON.stringify(body), { status, headers });
}

/** RFC 6750 section 3: a request without a token learns only the scheme, one with a bad token also why. */
function challengeOf(error: DomainError, status: number): string | undefined {
  const realm = 'Bearer realm="securebase"';
  if (status === 401) {
    if (error.code === "auth.missing-token") return realm;
    return `${realm}, error="invalid_token", error_description="${quotable(error.message)}"`;
  }
  if (error.code === "access.forbidden") {
    return `${realm}, error="insufficient_scope", error_description="${quotable(error.message)}"`;
  }
  return undefined;
}

/** RFC 6750 allows printable ASCII without quotes and backslashes in error_description. */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "'");
}
