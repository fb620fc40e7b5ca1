import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import { NOBODY, type Principal, ROLES, type Role } from "../core/access/access.ts";
import { shorten } from "../core/errors/bounded.ts";
import { DomainError } from "../core/errors/errors.ts";
import { didYouMean } from "../core/errors/suggest.ts";
import type { Clock } from "../ports/clock.ts";
import { checkClaims, instantOf, invalidClaim } from "./claims.ts";
import { RecentTokens } from "./recent-tokens.ts";
import { type KeySet, verifyByKeys } from "./token-keys.ts";

export interface AuthOptions {
  /**
   * HS256 secret of the installation itself. Only its own processes can read it, whatever the identity provider of its
   * users is: their tokens are bound to no issuer and no audience.
   */
  own?: Uint8Array | undefined;
  /** Shared HS256 secret, at least 32 bytes (RFC 7518 section 3.2). */
  secret?: Uint8Array | undefined;
  /** Public keys; see `remoteKeys`. */
  keys?: KeySet | undefined;
  /** When given, `iss` must be it; not of the installation's own tokens. */
  issuer?: string | undefined;
  /** When given, `aud` must hold it; not of the installation's own tokens. */
  audience?: string | undefined;
  /** Seconds that clocks may differ by; 0 when not given. */
  clockTolerance?: number;
}

export type Authenticate = (authorization: string | undefined) => Promise<Principal>;

/**
 * Algorithms each kind of key is for. Pinned here and not read from the token, so that a public key can never be used
 * as an HMAC secret, and `none` never passes (RFC 8725 section 3.1).
 */
const SECRET_ALGORITHMS = ["HS256"];
const KEY_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/**
 * Verifies bearer tokens.
 * @returns reads an Authorization header; throws DomainError `auth.*` of kind `unauthenticated`, or
 *   `auth.keys-unavailable` and `auth.keys-unusable` of kind `unavailable`
 * @throws DomainError `auth.not-configured`
 */
export function authenticator(options: AuthOptions, clock: Clock): Authenticate {
  const { own, secret, keys } = options;
  if (own === undefined && secret === undefined && keys === undefined) {
    throw new DomainError(
      "auth.not-configured",
      "invalid",
      "Neither a token secret nor public keys are configured",
      {
        fix: "Give a secret of at least 32 bytes or the URL of a JWKS.",
      },
    );
  }
  const recent = new RecentTokens(clock);
  return async (authorization) => {
    const token = bearerToken(authorization);
    const known = recent.find(token);
    if (known !== undefined) return known;
    const payload = await verify(token, options, clock);
    return recent.keep(token, payload, principalOf(payload));
  };
}

function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === "") {
    throw refused("auth.missing-token", "The request carries no token", {
      fix: 'Send the header "Authorization: Bearer TOKEN"; make a token with: securebase token --tenant ID --role ROLE',
    });
  }
  const [scheme = "", token = "", ...rest] = authorization.trim().split(/\s+/);
  if (scheme.toLowerCase() !== "bearer" || token === "" || rest.length > 0) {
    throw refused("auth.missing-token", `The Authorization header is not of the form "Bearer TOKEN"`, {
      fix: "Send the token as it was issued, after the word Bearer and one space.",
    });
  }
  return token;
}

async function verify(token: string, options: AuthOptions, clock: Clock): Promise<JWTPayload> {
  const payload = await signedPayload(token, options, clock);
  checkClaims(payload);
  return payload;
}

async function signedPayload(token: string, options: AuthOptions, clock: Clock): Promise<JWTPayload> {
  const algorithm = algorithmOf(token);
  const { own, secret, keys } = options;
  const basic: JWTVerifyOptions = {
    currentDate: clock.now(),
    requiredClaims: ["exp"],
    clockTolerance: options.clockTolerance ?? 0,
  };
  const bound: JWTVerifyOptions = {
    ...basic,
    ...(options.issuer !== undefined && { issuer: options.issuer }),
    ...(options.audience !== undefined && { audience: options.audience }),
  };
  try {
    if (SECRET_ALGORITHMS.includes(algorithm)) {
      const trusted = [];
      if (own !== undefined) trusted.push({ key: own, checks: { ...basic, algorithms: SECRET_ALGORITHMS } });
      if (secret !== undefined)
        trusted.push({ key: secret, checks: { ...bound, algorithms: SECRET_ALGORITHMS } });
      if (trusted.length > 0) return await verifyBySecrets(token, trusted);
    }
    if (keys !== undefined && KEY_ALGORITHMS.includes(algorithm))
      return await verifyByKeys(token, keys, { ...bound, algorithms: KEY_ALGORITHMS });
  } catch (error) {
    throw translate(error);
  }
  const accepted = [
    ...(own === undefined && secret === undefined ? [] : SECRET_ALGORITHMS),
    ...(keys === undefined ? [] : KEY_ALGORITHMS),
  ];
  throw refused("auth.unaccepted-algorithm", `Tokens signed with "${shorten(algorithm)}" are not accepted`, {
    fix: `Use a token signed with ${accepted.join(", ")}.`,
  });
}

/** By the first secret that the token is signed with. */
async function verifyBySecrets(
  token: string,
  trusted: readonly { key: Uint8Array; checks: JWTVerifyOptions }[],
): Promise<JWTPayload> {
  for (const { key, checks } of trusted) {
    try {
      return (await jwtVerify(token, key, checks)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function algorithmOf(token: string): string {
  try {
    const { alg } = decodeProtectedHeader(token);
    if (typeof alg === "string" && token.split(".").length === 3) return alg;
  } catch (error) {
    throw malformed(error);
  }
  throw malformed(undefined);
}

function malformed(cause: unknown): DomainError {
  return refused("auth.malformed-token", "The token is not a signed JWT in compact form", {
    fix: "Send the whole token: three parts separated by dots.",
    cause,
  });
}

/** jose's errors, each with what a caller can do about it; others are bugs. */
function translate(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  if (error instanceof errors.JWTExpired) {
    const when = instantOf(error.payload.exp);
    return refused("auth.expired-token", `The token expired${when === undefined ? "" : ` at ${when}`}`, {
      fix: "Get a new token.",
      cause: error,
    });
  }
  if (error instanceof errors.JWTClaimValidationFailed) return claimError(error);
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return refused("auth.wrong-signature", "The token's signature does not match this service's keys", {
      fix: "Use a token issued for this service; one made by another installation or environment is not accepted.",
      cause: error,
    });
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return refused("auth.unaccepted-algorithm", "The token's algorithm is not accepted", { cause: error });
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return malformed(error);
  }
  return error;
}

function claimError(error: errors.JWTClaimValidationFailed): DomainError {
  const { claim, reason } = error;
  if (claim === "exp" && reason === "missing") {
    return refused("auth.no-expiry", "The token has no expiry", {
      fix: "Issue tokens with an exp claim (RFC 9068 section 2.2).",
      cause: error,
    });
  }
  if (reason === "invalid") return invalidClaim(claim, "is no number of seconds since 1970", error);
  if (claim === "nbf" || claim === "iat") {
    return refused("auth.not-yet-valid", "The token is not valid yet", {
      fix: "Check the clocks of issuer and service.",
      cause: error,
    });
  }
  if (claim === "iss") {
    return refused("auth.wrong-issuer", "The token comes from another issuer", { cause: error });
  }
  if (claim === "aud") {
    return refused("auth.wrong-audience", "The token is meant for another audience", { cause: error });
  }
  return malformed(error);
}

function principalOf(payload: JWTPayload): Principal {
  const role = ROLES.find((candidate) => candidate === payload["role"]);
  if (role === undefined) throw unknownRole(payload["role"]);
  const customer = payload["customerId"];
  const { sub: subject = NOBODY } = payload;
  if (role === "operator") return { subject, role, tenant: undefined };
  if (typeof customer !== "string" || customer === "") {
    throw refused("auth.no-customer", `The token's role is ${role}, but it names no customer`, {
      fix: "Issue the token with a customerId claim.",
    });
  }
  return { subject, role, tenant: customer };
}

function unknownRole(given: unknown): DomainError {
  const roles: readonly Role[] = ROLES;
  if (typeof given !== "string") {
    return refused("auth.unknown-role", "The token names no role", {
      allowed: roles,
      fix: `Issue the token with a role claim: ${roles.join(", ")}.`,
    });
  }
  return refused("auth.unknown-role", `The token's role "${shorten(given)}" is not a role`, {
    allowed: roles,
    fix: didYouMean(given, roles, `Roles: ${roles.join(", ")}.`),
  });
}

function refused(
  code: string,
  message: string,
  details: { fix?: string; allowed?: readonly string[]; cause?: unknown } = {},
): DomainError {
  return new DomainError(code, "unauthenticated", message, details);
}
