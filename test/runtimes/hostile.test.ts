import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request as sendRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, analyst, focusCsv, OPERATOR, SEPTEMBER } from "./seed.ts";
import { ask, type AskOptions, type HttpTarget, type Reply } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const BIN = join(import.meta.dirname, "../../src/cli/bin.ts");
const HOSTILE = { ...admin("alpha"), role: "admin" };
const ALPHA = "111111111111";
const BETA = "222222222222";

/**
 * A server in a process of its own, and what strangers and one tenant do to it, while another tenant asks the same two
 * questions all the time: every answer it gets is right, whatever goes on.
 */
describe("a tenant that means harm", () => {
  let directory: string;
  let server: ChildProcess;
  let target: HttpTarget;
  let honest: { stop(): Promise<{ answers: number; wrong: unknown[] }> };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-hostile-"));
    const args = ["--import", "tsx", BIN, "serve", "--port", "0", "--data", directory];
    server = spawn(process.execPath, args, {
      env: { ...process.env, SECUREBASE_JWT_SECRET: SECRET, SECUREBASE_LOG: "silent" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const baseUrl = await new Promise<string>((resolve, reject) => {
      let said = "";
      server.stdout?.on("data", (data: Buffer) => {
        said += data.toString();
        const url = /listens on (\S+)/.exec(said)?.[1];
        if (url !== undefined) resolve(url);
      });
      server.once("exit", (code) => reject(new Error(`the server ended with ${String(code)}: ${said}`)));
    });
    target = {
      fetch: (request) => fetch(request),
      baseUrl,
      secret: new TextEncoder().encode(SECRET),
      close: () => Promise.resolve(),
    };
    for (const [id, account] of [
      ["alpha", ALPHA],
      ["beta", BETA],
    ] as const) {
      const body = { id, name: id, accounts: [account] };
      expect((await ask(target, "POST /v1/tenants", { as: OPERATOR, body })).status).toBe(201);
    }
    await upload(OPERATOR, focusCsv([{ account: BETA, service: "Amazon S3", day: 3, billed: "12.5" }]));
    honest = honestClient({ ...target, fetch: ownConnections() });
  }, 120_000);
  afterAll(() => {
    server.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  function upload(as: AskOptions["as"], content: string | Buffer): Promise<Reply> {
    return ask(target, "POST /v1/imports", {
      ...(as !== undefined && { as }),
      raw: Buffer.from(content),
      headers: { "content-type": "application/octet-stream" },
    });
  }

  it("breaks off forms wherever it likes", async () => {
    const whole = `--b\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n1,2\r\n--b--\r\n`;
    for (const length of [1, 30, 60, 75, 77, whole.length - 5]) {
      const reply = await ask(target, "POST /v1/imports", {
        as: HOSTILE,
        raw: whole.slice(0, length),
        headers: { "content-type": "multipart/form-data; boundary=b" },
      });
      expect(reply).toMatchObject({ status: 400, json: { code: "request.malformed-multipart" } });
    }
  });

  it("sends text that is not UTF-8 in a column far behind", async () => {
    const [header = "", row = ""] = focusCsv([
      { account: ALPHA, service: "Amazon EC2", day: 2, billed: "1" },
    ]).split("\n");
    const columns = header.split(",");
    const bad = row.replace(",name,", ",Z\u00fcrich,");
    const reply = await upload(HOSTILE, Buffer.from(`${header}\n${bad}\n${row}\n`, "latin1"));
    expect(columns).toContain("SubAccountName");
    expect(reply).toMatchObject({
      status: 200,
      json: {
        rowsAccepted: 1,
        rejections: [{ line: 2, row: 1, field: "SubAccountName", reason: "is not UTF-8" }],
      },
    });
  });

  it("has the process die that reads its file", async () => {
    const charges = Array.from({ length: 200_000 }, () => ({
      ...{ account: ALPHA, service: "Amazon EC2", day: 2, billed: "1" },
    }));
    const reading = upload(HOSTILE, focusCsv(charges));
    await anyOf(() => staging(directory));
    process.kill(await anyOf(() => readersOf(server.pid ?? 0)), "SIGKILL");
    expect(await reading).toMatchObject({ status: 422, json: { code: "import.out-of-memory" } });
    expect((await upload(HOSTILE, focusCsv(charges.slice(0, 2)))).status).toBe(200);
  });

  it("sends words of thousands of letters, thousands of names, and brackets without end", async () => {
    const long = "x".repeat(7_000);
    const many = Object.fromEntries(Array.from({ length: 90_000 }, (_, i) => [`key${i}`, 1]));
    const requests: [line: string, options: AskOptions][] = [
      [`GET /v1/${long}/${long.replaceAll("x", "y")}`, {}],
      [
        "POST /v1/analytics/query",
        { as: HOSTILE, body: { dataset: "cost", groupBy: ["g".repeat(900_000)] } },
      ],
      ["POST /v1/analytics/query", { as: HOSTILE, body: many }],
      [
        "POST /v1/analytics/query",
        {
          as: HOSTILE,
          raw: `{"filters":${"[".repeat(100_000)}`,
          headers: { "content-type": "application/json" },
        },
      ],
      [
        "POST /v1/imports",
        {
          as: HOSTILE,
          raw: "x",
          headers: { "content-type": `multipart/form-data; boundary=${"b".repeat(256)}` },
        },
      ],
    ];
    for (const [line, options] of requests) {
      const { status, bytes } = await ask(target, line, options);
      expect([400, 404, 413], line.slice(0, 40)).toContain(status);
      expect(bytes.length, line.slice(0, 40)).toBeLessThan(10_000);
    }
  });

  it("sends charges of the year 9999, and can still be answered itself", async () => {
    const csv = focusCsv([{ account: ALPHA, service: "Amazon EC2", day: 2, billed: "1" }]);
    const [header = "", row = ""] = csv.split("\n");
    const insane = row.replaceAll("2024-09-0", "9999-12-3").replaceAll("2024-10-01", "9999-12-31");
    const reply = await upload(HOSTILE, `${header}\n${insane}\n${row}\n`);
    expect(reply).toMatchObject({ status: 200, json: { rowsAccepted: 1, rowsRejected: 1 } });
    for (const path of ["", "/summary", "/costs/savings", "/costs/forecast", "/costs/anomalies"])
      expect((await ask(target, `GET /v1/analytics${path}`, { as: HOSTILE })).status, path).toBe(200);
  });

  it("has a weekday without cost", async () => {
    const charges = Array.from({ length: 30 }, (_, i) => i + 1).flatMap((day) =>
      new Date(Date.UTC(2024, 8, day)).getUTCDay() === 0
        ? []
        : [{ account: ALPHA, service: "Amazon EC2", day, billed: "10" }],
    );
    expect((await upload(HOSTILE, focusCsv(charges))).status).toBe(200);
    const reply = await ask(target, "GET /v1/analytics/costs/forecast", { as: HOSTILE });
    expect([reply.status, reply.bytes.includes("NaN")]).toEqual([200, false]);
  });

  it("has not been noticed by the other tenant", async () => {
    const { answers, wrong } = await honest.stop();
    expect(wrong).toEqual([]);
    expect(answers).toBeGreaterThan(5);
    expect(server.exitCode).toBeNull();
  });
});

/** Asks what is known, some times a second: within the rate limit. */
function honestClient(target: HttpTarget): { stop(): Promise<{ answers: number; wrong: unknown[] }> } {
  const wrong: unknown[] = [];
  let answers = 0;
  let going = true;
  const run = async (): Promise<void> => {
    while (going) {
      const query = { ...SEPTEMBER, groupBy: "service" };
      const reply = await ask(target, "GET /v1/analytics", { as: analyst("beta"), query });
      const health = await ask(target, "GET /v1/health");
      const right =
        reply.status === 200 &&
        health.status === 200 &&
        JSON.stringify((reply.json as { rows: unknown }).rows) === JSON.stringify([["Amazon S3", "12.5"]]);
      answers++;
      if (!right) wrong.push({ query: reply.json, health: health.json });
      await delay(150);
    }
  };
  const running = run().catch((error: unknown) => wrong.push(error));
  return {
    async stop() {
      going = false;
      await running;
      return { answers, wrong };
    },
  };
}

/** The first of what there is, once there is any. */
async function anyOf<T>(find: () => readonly T[]): Promise<T> {
  for (;;) {
    const [found] = find();
    if (found !== undefined) return found;
    await delay(2);
  }
}

/** Folders of loads whose files are being read: the reader's engine has made its own there. */
function staging(directory: string): string[] {
  const spool = join(directory, "tmp", "spool");
  return existsSync(spool) ? readdirSync(spool).filter((name) => existsSync(join(spool, name, "spill"))) : [];
}

/** The processes that read files for a server. */
function readersOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, "utf8");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
        return status.includes(`PPid:\t${pid}\n`) && command.includes("reader") ? [Number(name)] : [];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

/** Sends each request over a connection of its own, which nobody else's requests spoil. */
function ownConnections(): HttpTarget["fetch"] {
  return (request) =>
    new Promise((resolve, reject) => {
      const { method, url } = request;
      const sent = sendRequest(
        url,
        { method, agent: false, headers: Object.fromEntries(request.headers) },
        (got) => {
          const parts: Buffer[] = [];
          got.on("data", (part: Buffer) => parts.push(part));
          got.on("error", reject);
          got.on("end", () => {
            const headers = Object.entries(got.headers).map(([name, value]): [string, string] => [
              name,
              String(value),
            ]);
            resolve(new Response(Buffer.concat(parts), { status: got.statusCode ?? 0, headers }));
          });
        },
      );
      sent.on("error", reject);
      sent.end();
    });
}
