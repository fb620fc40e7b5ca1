import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { foreignToken } from "../support/foreign-token.ts";
import { OPERATOR } from "./seed.ts";
import { tokenFor } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const root = join(import.meta.dirname, "../..");
const LOSING = pathToFileURL(join(root, "test/support/losing-fetch.mjs")).href;

interface Answer {
  status: number | undefined;
  body: { code?: string; requestId?: string };
}

/** The server in a process of its own, which errors that nobody handles may end. */
describe("an error that nobody handled", { timeout: 30_000 }, () => {
  let directory: string;
  let child: ChildProcessWithoutNullStreams;
  let said = "";
  let log = "";
  let exit: Promise<number | null>;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "securebase-lost-"));
    [said, log] = ["", ""];
  });
  afterEach(() => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(how: string): Promise<string> {
    const args = ["--import", "tsx", "--import", LOSING, join(root, "src/cli/bin.ts"), "serve"];
    child = spawn(process.execPath, [...args, "--port", "0", "--data", directory], {
      cwd: root,
      env: {
        PATH: process.env["PATH"],
        SECUREBASE_JWT_SECRET: SECRET,
        SECUREBASE_JWKS_URL: `https://keys.test/${how}`,
      },
    });
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    child.stderr.on("data", (data: Buffer) => (log += data.toString()));
    // The log is whole once its pipe is closed, which can be after the process has ended.
    exit = new Promise((resolve) => child.once("close", resolve));
    await expect.poll(() => `${said}${log}`, { timeout: 25_000 }).toMatch(/listens on \S+/);
    return /listens on (\S+)/.exec(said)?.[1] ?? "";
  }

  const open = (url: string, method: string, token: string): ClientRequest =>
    httpRequest(url, { method, agent: false, headers: { authorization: `Bearer ${token}` } });
  const answerOf = (request: ClientRequest): Promise<Answer> =>
    new Promise((resolve, reject) => {
      request.on("error", reject).on("response", (response: IncomingMessage) => {
        let text = "";
        response.on("data", (data: Buffer) => (text += data.toString()));
        response.on("end", () => {
          resolve({ status: response.statusCode, body: JSON.parse(text) as Answer["body"] });
        });
      });
    });
  const get = (url: string, token = ""): Promise<Answer> => answerOf(open(url, "GET", token).end());

  it("in a rejection fails its own request, is logged with its id, and the server goes on", async () => {
    const url = await start("rejected");
    const { status, body } = await get(`${url}/v1/me`, foreignToken());
    expect([status, body.code]).toEqual([500, "service.internal"]);
    expect((await get(`${url}/v1/health`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
    const lines = log.split("\n").filter((line) => line.includes("nobody awaits this"));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: 50, requestId: body.requestId });
  });

  it("in an exception fails its own request; the others are finished, and the server ends", async () => {
    const url = await start("thrown");
    const secret = new TextEncoder().encode(SECRET);
    const operator = await tokenFor({ secret }, OPERATOR);
    const upload = open(`${url}/v1/imports`, "POST", operator);
    const uploaded = answerOf(upload);
    upload.write("a,b\n");
    await expect.poll(() => existsSync(join(directory, "uploads"))).toBe(true);

    const { status, body } = await get(`${url}/v1/me`, foreignToken());
    expect([status, body.code]).toEqual([500, "service.internal"]);
    await expect.poll(() => get(`${url}/v1/health`).catch(() => "refused")).toBe("refused");
    upload.end("1,2\n");
    expect(await uploaded).toMatchObject({ status: 422, body: { code: "import.unknown-format" } });
    expect(await exit).toBe(1);
    const line = log.split("\n").find((each) => each.startsWith("{") && each.includes("nobody catches this"));
    expect(JSON.parse(line ?? "")).toMatchObject({ requestId: body.requestId });
    expect(log).toContain("error serve.broken: ");
  });
});
