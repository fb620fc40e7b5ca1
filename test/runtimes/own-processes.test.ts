import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/http/logger.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { type RunningServer, serve } from "../../src/runtimes/node.ts";
import { commandIn, type Outcome } from "../support/cli.ts";

let directory: string;
let server: RunningServer | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "securebase-own-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(directory, { recursive: true, force: true });
});

type Env = Readonly<Record<string, string>>;

async function start(env: Env): Promise<RunningServer> {
  const options = { directory, env, logger: silentLogger, port: 0, host: "127.0.0.1", demo: false };
  return (server = await serve({ ...options, onProgress: () => undefined }));
}

const cli = (env: Env, ...args: string[]): Promise<Outcome> =>
  commandIn({ env: { ...env, SECUREBASE_DATA: directory } }, args);

/** What a server's users may be signed in by; nothing of it is the concern of processes on the same folder. */
const PROVIDERS: readonly (readonly [string, Env])[] = [
  ["no provider", {}],
  ["an issuer and an audience", { SECUREBASE_JWT_ISSUER: "https://id.test", SECUREBASE_JWT_AUDIENCE: "sb" }],
  [
    "a provider's keys",
    {
      SECUREBASE_JWKS_URL: "https://id.test/keys",
      SECUREBASE_JWT_ISSUER: "https://id.test",
      SECUREBASE_JWT_AUDIENCE: "sb",
    },
  ],
  [
    "a shared secret, bound to an issuer",
    {
      SECUREBASE_JWT_SECRET: "a secret for users, more than 32 bytes",
      SECUREBASE_JWT_ISSUER: "https://id.test",
    },
  ],
];

describe.each(PROVIDERS)("a server with %s", (_, env) => {
  it("trusts commands on its folder, whatever their settings, and tokens they make for users", async () => {
    const { url } = await start(env);
    expect(await cli(env, "tenants", "add", "acme", "--name", "Acme")).toMatchObject({ code: 0 });
    // The command need not know how the server was started.
    expect(await cli({}, "tenants", "list", "--json")).toMatchObject({ code: 0 });
    const { out } = await cli(env, "token", "--tenant", "acme", "--role", "viewer");
    const me = await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${out.trim()}` } });
    expect(await me.json()).toMatchObject({ role: "viewer", tenant: { id: "acme" } });
  });
});

describe("the secret of a data folder", () => {
  it.each([0, 10])("of %i bytes is refused at the start, with what to do about it", async (bytes) => {
    const runtime = await openEmbedded({ directory, env: {}, logger: silentLogger });
    await runtime.close();
    await truncate(join(directory, "token-secret"), bytes);
    await expect(openEmbedded({ directory, env: {}, logger: silentLogger })).rejects.toMatchObject({
      code: "auth.weak-secret",
      message: expect.stringContaining(join(directory, "token-secret")) as string,
      fix: expect.stringContaining("remove it") as string,
    });
  });

  it("is one, though many processes make it at once, and leaves no draft", async () => {
    const { folderSecret } = await import("../../src/runtimes/secret.ts");
    const secrets = await Promise.all(Array.from({ length: 20 }, () => folderSecret(directory)));
    expect(new Set(secrets.map((secret) => Buffer.from(secret).toString())).size).toBe(1);
    expect(await readdir(directory)).toEqual(["token-secret"]);
  });

  it("that is there is never replaced", async () => {
    const { folderSecret } = await import("../../src/runtimes/secret.ts");
    const text = "0".repeat(64);
    await writeFile(join(directory, "token-secret"), text);
    expect(Buffer.from(await folderSecret(directory)).toString()).toBe(text);
  });
});

describe("wrong settings", () => {
  it("are refused at the start, all at once", async () => {
    const env = {
      SECUREBASE_JWT_SECRET: "short",
      SECUREBASE_JWKS_URL: "id.test/keys",
      SECUREBASE_LOG: "loud",
    };
    await expect(openEmbedded({ directory, env, logger: silentLogger })).rejects.toMatchObject({
      code: "config.invalid",
      kind: "invalid",
      message: expect.stringMatching(
        /SECUREBASE_JWT_SECRET is 5 bytes long.*SECUREBASE_JWKS_URL is no http.*SECUREBASE_LOG is "loud"/,
      ) as string,
    });
    // Nothing was made yet.
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(["ftp://id.test/keys", "keys.json", "https://"])(
    "the JWKS URL %s alone is told alone",
    async (url) => {
      const env = { SECUREBASE_JWKS_URL: url };
      await expect(openEmbedded({ directory, env, logger: silentLogger })).rejects.toMatchObject({
        code: "config.invalid-url",
        field: "SECUREBASE_JWKS_URL",
      });
    },
  );
});
