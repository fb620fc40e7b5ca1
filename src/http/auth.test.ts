import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTVerifyGetKey,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { DomainError } from "../core/errors/errors.ts";
import { authenticator, type AuthOptions } from "./auth.ts";
import { problemResponse } from "./problem.ts";

const NOW = new Date("2024-10-01T12:00:00Z");
const clock = { now: () => NOW };
const seconds = NOW.getTime() / 1000;
const secret = new TextEncoder().encode("a secret of at least thirty-two bytes");
const claims = { customerId: "acme", role: "viewer", sub: "ada" };

const hs256 = (payload: object, key: Uint8Array = secret, exp = seconds + 60): Promise<string> =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: "HS256" }).setExpirationTime(exp).sign(key);

async function refusal(header: string | undefined, options: AuthOptions = { secret }): Promise<DomainError> {
  try {
    await authenticator(options, clock)(header);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error("the token was accepted");
}

describe("a token signed with the shared secret", () => {
  it("names subject, role and tenant", async () => {
    const principal = await authenticator({ secret }, clock)(`Bearer ${await hs256(claims)}`);
    expect(principal).toEqual({ subject: "ada", role: "viewer", tenant: "acme" });
  });

  it("that was seen before is asked for again when it has expired, or the clock is before it", async () => {
    let now = seconds;
    const authenticate = authenticator({ secret }, { now: () => new Date(now * 1000) });
    const token = await new SignJWT({ ...claims, nbf: seconds })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(seconds + 30)
      .sign(secret);
    const header = `Bearer ${token}`;
    const first = await authenticate(header);
    now += 29;
    expect(await authenticate(header)).toBe(first);
    now += 1;
    await expect(authenticate(header)).rejects.toMatchObject({ code: "auth.expired-token" });
    now = seconds;
    await authenticate(header);
    now -= 1;
    await expect(authenticate(header)).rejects.toMatchObject({ code: "auth.not-yet-valid" });
  });

  it("is verified again after a minute, by the keys there are then", async () => {
    let now = seconds;
    const keys = await generateKeyPair("RS256");
    let asked = 0;
    const find: JWTVerifyGetKey = () => {
      asked += 1;
      return keys.publicKey;
    };
    const authenticate = authenticator({ keys: find }, { now: () => new Date(now * 1000) });
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256" })
      .setExpirationTime(seconds + 3_600)
      .sign(keys.privateKey);
    for (now of [seconds, seconds + 1, seconds + 59]) await authenticate(`Bearer ${token}`);
    expect(asked).toBe(1);
    now = seconds + 60;
    await authenticate(`Bearer ${token}`);
    expect(asked).toBe(2);
  });

  it("of an operator names no tenant, even where it carries one", async () => {
    const token = await hs256({ ...claims, role: "operator" });
    expect(await authenticator({ secret }, clock)(`bearer ${token}`)).toMatchObject({ tenant: undefined });
  });

  it.each([
    ["no header", undefined, "auth.missing-token"],
    ["an empty header", " ", "auth.missing-token"],
    ["another scheme", "Basic YTpi", "auth.missing-token"],
    ["no token", "Bearer", "auth.missing-token"],
    ["text", "Bearer hello", "auth.malformed-token"],
    ["three parts of nothing", "Bearer a.b.c", "auth.malformed-token"],
  ])("is asked for: %s", async (_, header, code) => {
    expect(await refusal(header)).toMatchObject({ code, kind: "unauthenticated" });
  });

  it.each([
    ["expired a second ago", claims, secret, seconds - 1, "auth.expired-token"],
    [
      "of another secret",
      claims,
      new TextEncoder().encode("another secret of thirty-two bytes!!"),
      seconds + 60,
      "auth.wrong-signature",
    ],
    ["without expiry", claims, secret, undefined, "auth.no-expiry"],
    ["not yet valid", { ...claims, nbf: seconds + 60 }, secret, seconds + 120, "auth.not-yet-valid"],
    ["without role", { customerId: "acme" }, secret, seconds + 60, "auth.unknown-role"],
    ["with a role that is none", { ...claims, role: "Admn" }, secret, seconds + 60, "auth.unknown-role"],
    ["without customer", { role: "viewer" }, secret, seconds + 60, "auth.no-customer"],
    [
      "with a customer that is no text",
      { role: "viewer", customerId: 7 },
      secret,
      seconds + 60,
      "auth.no-customer",
    ],
  ])("is refused when %s", async (_, payload, key, exp, code) => {
    const token = await (exp === undefined
      ? new SignJWT({ ...payload }).setProtectedHeader({ alg: "HS256" }).sign(key)
      : hs256(payload, key, exp));
    const error = await refusal(`Bearer ${token}`);
    expect(error.code).toBe(code);
    expect(error.message).not.toContain(token);
  });

  it("is refused when a byte of its payload was changed", async () => {
    const [head, , signature] = (await hs256(claims)).split(".");
    const forged = Buffer.from(JSON.stringify({ ...claims, customerId: "other", exp: seconds + 60 }));
    const error = await refusal(`Bearer ${head}.${forged.toString("base64url")}.${signature}`);
    expect(error.code).toBe("auth.wrong-signature");
  });

  it("suggests the role that was meant", async () => {
    const error = await refusal(`Bearer ${await hs256({ ...claims, role: "analist" })}`);
    expect(error.fix).toContain('Did you mean "analyst"?');
  });

  it("is refused without a signature: none is no algorithm", async () => {
    const token = new UnsecuredJWT(claims).setExpirationTime(seconds + 60).encode();
    expect((await refusal(`Bearer ${token}`)).code).toBe("auth.unaccepted-algorithm");
  });

  it("checks issuer and audience where they are set", async () => {
    const token = await hs256({ ...claims, iss: "https://id.test", aud: "securebase" });
    const options = { secret, issuer: "https://id.test", audience: "securebase" };
    expect(await authenticator(options, clock)(`Bearer ${token}`)).toMatchObject({ tenant: "acme" });
    expect((await refusal(`Bearer ${token}`, { ...options, issuer: "https://x.test" })).code).toBe(
      "auth.wrong-issuer",
    );
    expect((await refusal(`Bearer ${token}`, { ...options, audience: "x" })).code).toBe(
      "auth.wrong-audience",
    );
  });
});

describe("a token signed with a published key", () => {
  let sign: (kid?: string) => Promise<string>;
  let keys: JWTVerifyGetKey;
  let publicPem: Uint8Array;

  beforeAll(async () => {
    const [first, second] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
    const jwks = await Promise.all(
      [first, second].map(async ({ publicKey }, i) => ({
        ...(await exportJWK(publicKey)),
        kid: `k${i}`,
        alg: "ES256",
      })),
    );
    keys = createLocalJWKSet({ keys: jwks });
    publicPem = new TextEncoder().encode(JSON.stringify(jwks[0]));
    sign = (kid) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", ...(kid !== undefined && { kid }) })
        .setExpirationTime(seconds + 60)
        .sign(second.privateKey);
  });

  it("is accepted by key id, and without one by trying the keys", async () => {
    for (const kid of ["k1", undefined]) {
      expect(await authenticator({ keys }, clock)(`Bearer ${await sign(kid)}`)).toMatchObject({
        tenant: "acme",
      });
    }
  });

  it("is refused when it names another key or one that is not there", async () => {
    expect((await refusal(`Bearer ${await sign("k0")}`, { keys })).code).toBe("auth.wrong-signature");
    expect((await refusal(`Bearer ${await sign("k9")}`, { keys })).code).toBe("auth.wrong-signature");
  });

  it("cannot be forged with the public key as a secret", async () => {
    const token = await hs256(claims, publicPem);
    expect((await refusal(`Bearer ${token}`, { keys })).code).toBe("auth.unaccepted-algorithm");
    expect((await refusal(`Bearer ${token}`, { keys, secret })).code).toBe("auth.wrong-signature");
  });

  it("cannot be checked while the keys cannot be fetched: the service is unavailable, the token not wrong", async () => {
    const down: JWTVerifyGetKey = () => Promise.reject(new TypeError("fetch failed"));
    expect(await refusal(`Bearer ${await sign("k1")}`, { keys: down })).toMatchObject({
      code: "auth.keys-unavailable",
      kind: "unavailable",
    });
  });
});

describe("the challenge", () => {
  const context = { requestId: "r", instance: "/v1/me" };

  it("tells only the scheme to who sent no token, and why to who sent a bad one", async () => {
    const missing = problemResponse(await refusal(undefined), context);
    expect(missing.status).toBe(401);
    expect(missing.headers.get("www-authenticate")).toBe('Bearer realm="securebase"');
    const expired = problemResponse(
      await refusal(`Bearer ${await hs256(claims, secret, seconds - 5)}`),
      context,
    );
    expect(expired.headers.get("www-authenticate")).toMatch(
      /^Bearer realm="securebase", error="invalid_token", error_description="The token expired at 2024-10-01T11:59:55\.000Z"$/,
    );
  });

  it("needs a key to begin with", () => {
    expect(() => authenticator({}, clock)).toThrow("Neither a token secret nor public keys");
  });
});
