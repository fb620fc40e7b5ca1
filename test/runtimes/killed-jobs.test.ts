import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { admin, analyst, CHARGES, focusCsv, OPERATOR, SEPTEMBER } from "./seed.ts";
import { ask, type HttpTarget } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const root = join(import.meta.dirname, "../..");
let directory: string;
let child: ChildProcessWithoutNullStreams;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "securebase-killed-"));
});
afterEach(() => {
  child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<HttpTarget> {
  const args = ["--import", "tsx", join(root, "src/cli/bin.ts"), "serve", "--port", "0", "--data", directory];
  child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env["PATH"], SECUREBASE_JWT_SECRET: SECRET },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => (said += data.toString()));
  await expect.poll(() => said, { timeout: 25_000 }).toMatch(/listens on \S+/);
  return {
    fetch: (request) => fetch(request),
    baseUrl: /listens on (\S+)/.exec(said)?.[1] ?? "",
    secret: new TextEncoder().encode(SECRET),
    close: () => Promise.resolve(),
  };
}

const kill = async (): Promise<void> => {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
};

it("jobs of a server that was killed are taken up again by the next one, and none stays running", async () => {
  const first = await start();
  const tenant = { id: "alpha", name: "Alpha", accounts: ["999999999999"] };
  await ask(first, "POST /v1/tenants", { as: OPERATOR, body: tenant });
  await ask(first, "POST /v1/imports", { as: admin("alpha"), raw: focusCsv(CHARGES) });
  const query = { dataset: "cost", range: SEPTEMBER };
  const ids: string[] = [];
  for (const format of ["xlsx", "pdf", "csv", "xlsx"]) {
    const body = { query, format, delivery: "job" };
    const { json } = await ask(first, "POST /v1/analytics/export", { as: analyst("alpha"), body });
    ids.push((json as { id: string }).id);
  }
  await kill();

  const second = await start();
  for (const id of ids) {
    await expect
      .poll(async () => (await ask(second, `GET /v1/exports/${id}`, { as: analyst("alpha") })).json, {
        timeout: 20_000,
      })
      .toMatchObject({ status: "done" });
    const file = await ask(second, `GET /v1/exports/${id}/download`, { as: analyst("alpha") });
    expect([file.status, file.bytes.length > 0]).toEqual([200, true]);
  }
  const { json } = await ask(second, "GET /v1/jobs", { as: analyst("alpha") });
  const statuses = (json as { items: { status: string }[] }).items.map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set(["done"]));
}, 60_000);
