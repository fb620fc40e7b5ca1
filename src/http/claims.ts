import type { JWTPayload } from "jose";
import { DomainError } from "../core/errors/errors.ts";

/** The end of the year 9999, in seconds since 1970: what comes after it is no date of a token. */
const LAST_SECOND = 253_402_300_799;
/** "OpenID Connect Core 1.0", section 2: a subject has at most 255 characters. */
const MAX_SUBJECT = 255;
const INSTANTS = ["exp", "nbf", "iat"] as const;

/**
 * Checks the claims that a library takes as they are: instants have to be some, and a subject has to be a text. Whoever
 * signs tokens is trusted, but mistakes are told where they are made.
 * @throws DomainError `auth.invalid-claim`
 */
export function checkClaims(payload: JWTPayload): void {
  for (const claim of INSTANTS) {
    if (payload[claim] !== undefined && instantOf(payload[claim]) === undefined)
      throw invalidClaim(claim, "is no number of seconds from 1970 to the year 9999");
  }
  const sub: unknown = payload.sub;
  if (sub === undefined) return;
  if (typeof sub !== "string" || sub === "") throw invalidClaim("sub", "is no text");
  if (sub.length > MAX_SUBJECT) throw invalidClaim("sub", `has more than ${MAX_SUBJECT} characters`);
}

/** @returns RFC 3339, UTC; undefined for what is no instant of a token */
export function instantOf(seconds: unknown): string | undefined {
  if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= LAST_SECOND)) return undefined;
  return new Date(seconds * 1000).toISOString();
}

export function invalidClaim(claim: string, what: string, cause?: unknown): DomainError {
  return new DomainError("auth.invalid-claim", "unauthenticated", `The token's ${claim} ${what}`, {
    fix: "Have the issuer correct it, and get a new token.",
    cause,
  });
}
