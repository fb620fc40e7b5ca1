import {
  createRemoteJWKSet,
  type CryptoKey,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import { DomainError } from "../core/errors/errors.ts";

/** Finds the key of a token. `jwks`, where there is one, is what was fetched last. */
export type KeySet = JWTVerifyGetKey & { jwks?: () => JSONWebKeySet | undefined };

/** Milliseconds that fetched keys are believed; the provider may take one back. */
const KEEP_MS = 10 * 60_000;

/**
 * The keys at a JWKS URL, fetched when they are needed. jose measures their age by the machine's clock: where that is
 * set back, keys would stay and new ones not be asked for until it has caught up. So they are dropped by a clock that
 * only runs forward.
 * @param elapsed milliseconds of such a clock
 */
export function remoteKeys(url: URL, elapsed: () => number = () => performance.now()): KeySet {
  let set = createRemoteJWKSet(url);
  let since = elapsed();
  const find: JWTVerifyGetKey = (header, token) => {
    if (elapsed() - since >= KEEP_MS) {
      set = createRemoteJWKSet(url);
      since = elapsed();
    }
    return set(header, token);
  };
  return Object.assign(find, { jwks: () => set.jwks() });
}

/**
 * Verifies a token by a set of keys, of which several may fit one without a key id; each of them is tried.
 * @throws DomainError `auth.keys-unavailable`, `auth.keys-unusable`; jose's errors about the token
 */
export async function verifyByKeys(
  token: string,
  keys: KeySet,
  checks: JWTVerifyOptions,
): Promise<JWTPayload> {
  const fetching: JWTVerifyGetKey = async (header, jws) => {
    try {
      return await keys(header, jws);
    } catch (error) {
      throw keyError(error, keys);
    }
  };
  try {
    return (await jwtVerify(token, fetching, checks)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw usable(error);
    return tryEach(token, error, checks);
  }
}

async function tryEach(
  token: string,
  fitting: AsyncIterable<CryptoKey>,
  checks: JWTVerifyOptions,
): Promise<JWTPayload> {
  let broken: unknown;
  for await (const key of fitting) {
    try {
      return (await jwtVerify(token, key, checks)).payload;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof errors.JOSEError) throw error;
      broken ??= error;
    }
  }
  throw broken === undefined ? new errors.JWSSignatureVerificationFailed() : usable(broken);
}

/** What jose says of a key that it was given: anything but its own errors is about the key, which is too weak. */
function usable(error: unknown): unknown {
  return error instanceof errors.JOSEError || error instanceof DomainError ? error : unusable(error);
}

/** Why there is no key. */
function keyError(error: unknown, keys: KeySet): unknown {
  if (error instanceof errors.JWKSMultipleMatchingKeys) return error;
  if (error instanceof errors.JWKSNoMatchingKey)
    return keys.jwks?.()?.keys.length === 0 ? unusable(new Error("it holds no keys")) : error;
  return isNoAnswer(error) ? unavailable(error) : unusable(error);
}

function isNoAnswer(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout) return true;
  if (error instanceof TypeError) return error.message === "fetch failed";
  // jose's own words for a status other than 200.
  return error instanceof errors.JOSEError && error.message.startsWith("Expected 200 OK");
}

function unavailable(cause: unknown): DomainError {
  return new DomainError(
    "auth.keys-unavailable",
    "unavailable",
    "The identity provider's keys cannot be fetched",
    {
      fix: "Try again; if it lasts, check that the service reaches the JWKS URL.",
      retryAfter: 5,
      cause,
    },
  );
}

function unusable(cause: unknown): DomainError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DomainError(
    "auth.keys-unusable",
    "unavailable",
    `What the identity provider answers at the JWKS URL cannot be used: ${reason}`,
    {
      fix: "Have the provider publish a JWKS with RSA keys of 2048 bits or more, or EC or Ed25519 keys.",
      retryAfter: 60,
      cause,
    },
  );
}
