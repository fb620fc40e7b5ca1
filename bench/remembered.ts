/**
 * How many remembered answers a server gives, against the 404s of the same server in the same run: eight connections
 * that are kept alive, each asking again as soon as it has its answer, in alternating rounds.
 *
 *   npm run bench:remembered -- [--rounds 5] [--seconds 3]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { option, printTable } from "./lib/harness.ts";
import { authorizationOf, startServer } from "./lib/server.ts";

const ROUNDS = Number(option("rounds") ?? 5);
const SECONDS = Number(option("seconds") ?? 3);
const CONNECTIONS = 8;
/** What a remembered answer has to reach of the rate of a 404. */
const LEAST = 0.5;
const TENANT = "ledgerline";
const QUESTION = { dataset: "cost", range: { preset: "30d" }, groupBy: ["service"], limit: 10 };
const BY_URL = "/v1/analytics?groupBy=service&range=30d&limit=10";

interface Answer {
  status: number;
  etag: string | undefined;
  bytes: number;
}

const directory = await mkdtemp(join(tmpdir(), "securebase-bench-"));
const server = await startServer(["--demo", "--data", directory]);
try {
  const port = Number(new URL(server.url).port);
  const authorization = await authorizationOf({ role: "viewer", customerId: TENANT });
  const byUrl = request("GET", BY_URL, { authorization });
  const { etag } = await expectStatus(port, byUrl, 200);
  if (etag === undefined) throw new Error(`GET ${BY_URL} has no ETag`);
  const contenders = {
    "404": { bytes: request("GET", "/v1/nothing", {}), status: 404 },
    "GET, remembered": { bytes: byUrl, status: 200 },
    "POST, remembered": {
      bytes: request("POST", "/v1/analytics/query", { authorization }, JSON.stringify(QUESTION)),
      status: 200,
    },
    "GET, 304 by ETag": {
      bytes: request("GET", BY_URL, { authorization, "if-none-match": etag }),
      status: 304,
    },
  };
  const rates = new Map<string, number[]>();
  // The first round is warm-up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, { bytes, status }] of Object.entries(contenders)) {
      const rate = await rateOf(port, bytes, status);
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]);
    }
  }
  const base = median(rates.get("404") ?? []);
  const rows = [...rates].map(([name, list]) => ({ name, rate: median(list) }));
  printTable(
    ["answer", "a second", "of the 404's rate"],
    rows.map(({ name, rate }) => [name, rate.toFixed(0), (rate / base).toFixed(2)]),
  );
  if (rows.some(({ rate }) => rate < LEAST * base)) process.exitCode = 1;
} finally {
  await server.kill();
  await rm(directory, { recursive: true, force: true });
}

function request(method: string, path: string, headers: Record<string, string>, body = ""): Buffer {
  const all = {
    host: "localhost",
    ...headers,
    ...(body !== "" && { "content-type": "application/json", "content-length": String(body.length) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

async function expectStatus(port: number, bytes: Buffer, status: number): Promise<Answer> {
  let found: Answer | undefined;
  await talk(port, bytes, (answer) => {
    found = answer;
    return false;
  });
  if (found?.status !== status) throw new Error(`the server answered ${found?.status}, not ${status}`);
  return found;
}

/** Answers a second over all connections. */
async function rateOf(port: number, bytes: Buffer, status: number): Promise<number> {
  const started = performance.now();
  const until = started + SECONDS * 1000;
  let answers = 0;
  const count = (answer: Answer): boolean => {
    if (answer.status !== status) throw new Error(`the server answered ${answer.status}, not ${status}`);
    answers += 1;
    return performance.now() < until;
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, () => talk(port, bytes, count)));
  return answers / ((performance.now() - started) / 1000);
}

/** Sends a request again and again on one connection. @param onAnswer says whether to go on */
function talk(port: number, bytes: Buffer, onAnswer: (answer: Answer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setNoDelay(true);
    let held: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const answer = answerIn(held);
      if (answer === undefined) return;
      held = held.subarray(answer.bytes);
      try {
        if (onAnswer(answer)) socket.write(bytes);
        else socket.end();
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("error", reject);
    socket.on("close", () => resolve());
  });
}

/** The answer at the start of what has arrived, once it is whole. */
function answerIn(held: Buffer): Answer | undefined {
  const end = held.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = held.toString("latin1", 0, end);
  const status = Number(head.slice(9, 12));
  const etag = /\r\netag: ([^\r]+)/i.exec(head)?.[1];
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (status === 304) return { status, etag, bytes: end + 4 };
  if (length !== undefined) {
    const bytes = end + 4 + Number(length);
    return held.length < bytes ? undefined : { status, etag, bytes };
  }
  const last = held.indexOf("\r\n0\r\n\r\n", end + 2);
  return last === -1 ? undefined : { status, etag, bytes: last + 7 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
