import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/http/logger.ts";
import { type EmbeddedRuntime, openEmbedded } from "../../src/runtimes/embedded.ts";
import { readLimits } from "../../src/runtimes/limits.ts";
import { admin, focusCsv, OPERATOR } from "./seed.ts";
import { ask, type HttpTarget, type Reply } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const LIMITS = {
  SECUREBASE_IMPORT_UNPACKED_BYTES: "5000",
  SECUREBASE_UPLOAD_BYTES: "1000",
  SECUREBASE_IMPORTS_BURST: "7",
  SECUREBASE_IMPORTS_PER_MINUTE: "1",
};

describe("an operator's limits on imports", () => {
  let directory: string;
  let runtime: EmbeddedRuntime;
  let target: HttpTarget;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-limits-"));
    const env = { ...LIMITS, SECUREBASE_JWT_SECRET: SECRET };
    runtime = await openEmbedded({ directory, env, logger: silentLogger });
    const secret = new TextEncoder().encode(SECRET);
    target = { fetch: runtime.fetch, baseUrl: "http://app.test", secret, close: () => Promise.resolve() };
    await ask(target, "POST /v1/tenants", { as: OPERATOR, body: { id: "acme", name: "Acme" } });
  });
  afterAll(async () => {
    await runtime.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const as = admin("acme");
  const problemOf = ({ status, json }: Reply): unknown[] => [status, (json as { code: string }).code];
  const charges = (count: number): string =>
    focusCsv(Array.from({ length: count }, () => ({ account: "1", service: "S", day: 1, billed: "1" })));

  it("hold for what is unpacked, and leave nothing of it", async () => {
    const raw = gzipSync(charges(200));
    expect(raw.length).toBeLessThan(5000);
    const refused = await ask(target, "POST /v1/imports", { as, raw });
    expect(problemOf(refused)).toEqual([413, "import.too-large"]);
    expect((await ask(target, "GET /v1/imports", { as })).json).toMatchObject({ items: [] });
    expect(readdirSync(join(directory, "tmp", "spool"))).toEqual([]);
    expect((await ask(target, "POST /v1/imports", { as, raw: charges(5) })).status).toBe(200);
  });

  it("hold for uploads that wait, all of them together, and for what arrives of them", async () => {
    const open = (size: number): Promise<Reply> =>
      ask(target, "POST /v1/uploads", { as, body: { files: [{ name: "a.csv", size }] } });
    const first = await open(600);
    expect(first.status).toBe(201);
    expect(problemOf(await open(401))).toEqual([413, "upload.too-many-bytes"]);
    expect((await open(400)).status).toBe(201);
    const { url } = (first.json as { files: { url: string }[] }).files[0] ?? { url: "" };
    const sent = await ask(target, `PUT ${url}`, { as, raw: "x".repeat(601) });
    expect(problemOf(sent)).toEqual([422, "upload.incomplete"]);
    expect((await ask(target, `PUT ${url}`, { as, raw: "x".repeat(600) })).status).toBe(204);
  });

  it("hold for how many there are, of each tenant", async () => {
    let reply = await ask(target, "POST /v1/imports", { as, raw: charges(1) });
    for (let i = 0; i < 7 && reply.status !== 429; i++)
      reply = await ask(target, "POST /v1/imports", { as, raw: charges(1) });
    expect(problemOf(reply)).toEqual([429, "request.too-many"]);
    expect((await ask(target, "POST /v1/imports", { as: OPERATOR, raw: charges(1) })).status).toBe(200);
  });
});

describe("settings", () => {
  it("that are no whole numbers above 0 are all named", () => {
    const env = {
      SECUREBASE_QUERIES_BURST: "many",
      SECUREBASE_IMPORT_ROWS: "0",
      SECUREBASE_STALL_SECONDS: "1.5",
    };
    expect(() => readLimits(env)).toThrow(
      expect.objectContaining({
        code: "config.invalid",
        message: expect.stringMatching(
          /QUERIES_BURST is "many".*IMPORT_ROWS is "0".*STALL_SECONDS is "1.5"/,
        ) as string,
      }) as Error,
    );
    expect(readLimits({ SECUREBASE_IMPORT_ROWS: "7", SECUREBASE_QUERIES_BURST: "" })).toMatchObject({
      imports: { rows: 7 },
      rates: { queries: { perMinute: 600, burst: 100 } },
    });
  });
});
