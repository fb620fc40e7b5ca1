import { cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/http/logger.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { type RunningServer, serve } from "../../src/runtimes/node.ts";
import { findServer } from "../../src/runtimes/server-file.ts";
import { CHARGES, focusCsv } from "./seed.ts";
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

describe("a server and its folder", () => {
  let copy: string;
  beforeEach(() => {
    copy = `${directory}-copy`;
  });
  afterEach(() => rm(copy, { recursive: true, force: true }));
  const namesIn = async (folder: string): Promise<string[]> => {
    const { out } = await commandIn({ env: { SECUREBASE_DATA: folder } }, ["tenants", "list", "--json"]);
    return (JSON.parse(out) as { id: string }[]).map(({ id }) => id);
  };

  it("are told from a copy of the folder, whose commands open the copy", async () => {
    await cli({}, "tenants", "add", "acme", "--name", "Acme");
    await start({});
    await cp(directory, copy, { recursive: true });
    expect(await readdir(copy)).toContain("server.json");
    const added = await commandIn({ env: { SECUREBASE_DATA: copy } }, [
      "tenants",
      "add",
      "copied",
      "--name",
      "C",
    ]);
    expect(added).toMatchObject({ code: 0 });
    expect(await namesIn(directory)).toEqual(["acme"]);
    expect(await namesIn(copy)).toEqual(["acme", "copied"]);
  });

  it("are told from a copy that has taken the place of the folder", async () => {
    await cli({}, "tenants", "add", "acme", "--name", "Acme");
    const { url } = await start({});
    await cp(directory, copy, { recursive: true });
    const moved = `${directory}-moved`;
    await rename(directory, moved);
    await rename(copy, directory);
    expect(await findServer(directory)).toBeUndefined();
    await rename(directory, copy);
    await rename(moved, directory);
    expect(await findServer(directory)).toMatchObject({ url });
  });

  it("are told from another process at the same address", async () => {
    await start({});
    const path = join(directory, "server.json");
    const stored = JSON.parse(await readFile(path, "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...stored, instance: "another" }));
    // No server is found, and the folder is in use all the same.
    const { code, err } = await cli({}, "tenants", "list");
    expect([code, err]).toEqual([1, expect.stringContaining("store.in-use")]);
  });
});

describe("a data folder", () => {
  it.each(["a#b", "a%20b", "a*b", "a[1]b", "a'b", "a b", "a{b,c}", "ä"])("may be called %s", async (name) => {
    const env = { SECUREBASE_DATA: join(directory, name) };
    const file = join(directory, "costs.csv");
    await writeFile(file, focusCsv(CHARGES));
    const run = (...args: string[]): Promise<Outcome> => commandIn({ env }, args);
    expect(await run("tenants", "add", "acme", "--name", "Acme")).toMatchObject({ code: 0 });
    expect(await run("import", file, "--tenant", "acme")).toMatchObject({ code: 0 });
    const { out } = await run("imports", "list", "--json");
    expect((JSON.parse(out) as { items: unknown[] }).items.length).toBeGreaterThan(0);
  });
});

describe("the pages", () => {
  const shown = async (env: Env, host: string): Promise<string[]> => {
    const runtime = await openEmbedded({ directory, env, logger: silentLogger });
    const pages = ["/", "/docs"].map(async (path) => (await runtime.fetch(new Request(host + path))).text());
    const texts = await Promise.all(pages);
    await runtime.close();
    return texts;
  };

  it("show no Host that the request brings, but the service's own address", async () => {
    for (const text of await shown({}, "http://evil.example:8787")) {
      expect(text).not.toContain("evil.example");
      expect(text).toContain("https://ADDRESS-OF-THE-SERVICE/v1/");
    }
    for (const text of await shown({}, "http://localhost:8787"))
      expect(text).toContain("http://localhost:8787/v1/");
    for (const text of await shown({ SECUREBASE_PUBLIC_URL: "https://sb.test/" }, "http://evil.example"))
      expect(text).toContain("https://sb.test/v1/");
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
