import { createHmac, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTVerifyGetKey,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { DomainError } from "../core/errors/errors.ts";
import { authenticator, type AuthOptions } from "./auth.ts";
import { problemResponse } from "./problem.ts";
import { remoteKeys } from "./token-keys.ts";

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

  it.each([
    ["an exp before all time", { exp: -1e300 }, "auth.expired-token"],
    ["an exp of the distant past", { exp: -1e12 }, "auth.expired-token"],
    ["an exp after all time", { exp: 1e300 }, "auth.invalid-claim"],
    ["an exp that is a text", { exp: "tomorrow" }, "auth.invalid-claim"],
    ["an nbf after all time", { exp: seconds + 60, nbf: 1e300 }, "auth.not-yet-valid"],
    ["an nbf before all time", { exp: seconds + 60, nbf: -1 }, "auth.invalid-claim"],
    ["an nbf that is a list", { exp: seconds + 60, nbf: [1] }, "auth.invalid-claim"],
    ["an iat that is a text", { exp: seconds + 60, iat: "now" }, "auth.invalid-claim"],
    ["an iat after all time", { exp: seconds + 60, iat: 1e300 }, "auth.invalid-claim"],
    ["a sub that is a number", { exp: seconds + 60, sub: 7 }, "auth.invalid-claim"],
    ["a sub that is an object", { exp: seconds + 60, sub: { id: "ada" } }, "auth.invalid-claim"],
    ["an empty sub", { exp: seconds + 60, sub: "" }, "auth.invalid-claim"],
    ["a sub of 300 characters", { exp: seconds + 60, sub: "a".repeat(300) }, "auth.invalid-claim"],
  ])("is refused with %s, not failed at", async (_, payload, code) => {
    const text = Buffer.from(JSON.stringify({ ...claims, ...payload })).toString("base64url");
    const head = Buffer.from(JSON.stringify({ alg: "HS256" })).toString("base64url");
    const signature = createHmac("sha256", secret).update(`${head}.${text}`).digest("base64url");
    expect(await refusal(`Bearer ${head}.${text}.${signature}`)).toMatchObject({
      code,
      kind: "unauthenticated",
    });
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

describe("keys at a URL", () => {
  let server: Server;
  let url: URL;
  let answer: { status: number; body: string };
  let asked = 0;
  beforeAll(async () => {
    server = createServer((_, response) => {
      asked += 1;
      response.writeHead(answer.status).end(answer.body);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
  });
  afterAll(() => void server.close());

  const signed = async (kid = "k"): Promise<{ token: string; jwk: JWK }> => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { modulusLength: 2048 });
    const token = new SignJWT(claims).setProtectedHeader({
      alg: "RS256",
      ...(kid !== "" && { kid }),
    });
    const text = await token.setExpirationTime(seconds + 60).sign(privateKey);
    return { token: `Bearer ${text}`, jwk: { ...(await exportJWK(publicKey)), kid: "k", alg: "RS256" } };
  };
  const weak = (): JWK => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    return { ...(publicKey.export({ format: "jwk" }) as JWK), kid: "k", alg: "RS256" };
  };

  it("are fetched and used", async () => {
    const { token, jwk } = await signed();
    answer = { status: 200, body: JSON.stringify({ keys: [jwk] }) };
    const keys = remoteKeys(url);
    expect(await authenticator({ keys }, clock)(token)).toMatchObject({ subject: "ada" });
  });

  it.each([
    ["an error", 500, "no", "auth.keys-unavailable", /cannot be fetched/],
    ["no JSON", 200, "<html>", "auth.keys-unusable", /cannot be used/],
    ["no key set", 200, "[]", "auth.keys-unusable", /cannot be used/],
    ["no keys", 200, '{"keys":[]}', "auth.keys-unusable", /it holds no keys/],
    [
      "half a key",
      200,
      '{"keys":[{"kty":"RSA","kid":"k","alg":"RS256"}]}',
      "auth.keys-unusable",
      /cannot be/,
    ],
    ["a weak key", 200, JSON.stringify({ keys: [weak()] }), "auth.keys-unusable", /2048 bits/],
    [
      "weak keys without ids",
      200,
      JSON.stringify({ keys: [weak(), weak()].map((key) => ({ ...key, kid: undefined })) }),
      "auth.keys-unusable",
      /2048 bits/,
    ],
  ])("that are %s make the service unavailable, and it says so", async (_, status, body, code, message) => {
    const { token } = await signed(body.includes('"kid"') ? "k" : "");
    answer = { status, body };
    const error = await refusal(token, { keys: remoteKeys(url) });
    expect(error).toMatchObject({ code, kind: "unavailable" });
    expect(error.message).toMatch(message);
  });

  it("are fetched again in time, though the clock was set back meanwhile", async () => {
    const first = await signed();
    answer = { status: 200, body: JSON.stringify({ keys: [first.jwk] }) };
    let elapsed = 0;
    const keys = remoteKeys(url, () => elapsed);
    const authenticate = authenticator({ keys }, clock);
    await authenticate(first.token);
    // The provider changes its keys, and the machine's clock goes back three months.
    const second = await signed();
    answer = { status: 200, body: JSON.stringify({ keys: [second.jwk] }) };
    vi.useFakeTimers({ now: Date.now() - 90 * 86_400_000, toFake: ["Date"] });
    try {
      const before = asked;
      elapsed += 10 * 60_000;
      expect(await authenticate(second.token)).toMatchObject({ subject: "ada" });
      expect(asked).toBe(before + 1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a token of the installation's own processes", () => {
  const own = new TextEncoder().encode("the secret of a folder, over 32 bytes");
  const bound = { issuer: "https://id.test", audience: "securebase" };

  it("is trusted by the folder's secret alone; users' tokens stay bound", async () => {
    const authenticate = authenticator({ own, secret, ...bound }, clock);
    expect(await authenticate(`Bearer ${await hs256(claims, own)}`)).toMatchObject({ subject: "ada" });
    const token = await hs256({ ...claims, iss: bound.issuer, aud: bound.audience });
    expect(await authenticate(`Bearer ${token}`)).toMatchObject({ subject: "ada" });
    expect((await refusal(`Bearer ${await hs256(claims)}`, { own, secret, ...bound })).code).toBe(
      "auth.wrong-issuer",
    );
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
