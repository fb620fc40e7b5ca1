import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/limits/limits.ts";
import { silentLogger } from "../../src/http/logger.ts";
import { connectionOptions, stopServer } from "../../src/runtimes/connections.ts";
import { type RunningServer, serve } from "../../src/runtimes/node.ts";
import { OPERATOR, viewer } from "./seed.ts";
import { tokenFor } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const BOUNDARY = "b0undary";
const FILE = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n\r\n`;

interface Answered {
  status: number;
  type: string | undefined;
  problem: { code: string; status: number };
}

/** Reads until the server closes the connection. */
async function answerOf(socket: Socket): Promise<Answered> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return {
    status: Number(head.slice(9, 12)),
    type: /\r\ncontent-type: ([^\r]+)/i.exec(head)?.[1],
    problem: JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1)) as Answered["problem"],
  };
}

describe("a connection to a server", () => {
  let directory: string;
  let server: RunningServer;
  let tokens: { operator: string; viewer: string };
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-connections-"));
    const env = {
      SECUREBASE_JWT_SECRET: SECRET,
      SECUREBASE_STALL_SECONDS: "1",
      SECUREBASE_SHUTDOWN_SECONDS: "1",
    };
    const options = { port: 0, host: "127.0.0.1", demo: false, onProgress: (): void => undefined };
    server = await serve({ directory, env, logger: silentLogger, ...options });
    const secret = new TextEncoder().encode(SECRET);
    tokens = {
      operator: await tokenFor({ secret }, OPERATOR),
      viewer: await tokenFor({ secret }, viewer("acme")),
    };
    const body = JSON.stringify({ id: "acme", name: "Acme" });
    const headers = { authorization: `Bearer ${tokens.operator}`, "content-type": "application/json" };
    expect((await fetch(`${server.url}/v1/tenants`, { method: "POST", headers, body })).status).toBe(201);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function send(text: string): Socket {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(text);
    return socket;
  }
  const head = (line: string, token: string, type: string, length: string): string =>
    `${[`${line} HTTP/1.1`, "Host: localhost", `Authorization: Bearer ${token}`, `Content-Type: ${type}`, length].join("\r\n")}\r\n\r\n`;
  const form = (): string =>
    head(
      "POST /v1/imports",
      tokens.operator,
      `multipart/form-data; boundary=${BOUNDARY}`,
      "Content-Length: 100000",
    );

  const kept = (): string[] =>
    [join(directory, "tmp", "spool"), join(directory, "uploads")]
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  const open = (): string[] =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const path = readlinkSync(join("/proc/self/fd", fd));
        return path.startsWith(directory) && /[/](?:uploads|spool)[/]/.test(path) ? [path] : [];
      } catch {
        return [];
      }
    });

  it.each([
    ["headers", () => "GET /v1/health HTTP/1.1\r\nHost: loc"],
    [
      "JSON of a known length",
      () =>
        `${head("POST /v1/analytics/query", tokens.viewer, "application/json", "Content-Length: 50")}{"data`,
    ],
    [
      "JSON in chunks",
      () =>
        `${head("POST /v1/analytics/query", tokens.viewer, "application/json", "Transfer-Encoding: chunked")}5\r\n{"dat\r\n`,
    ],
    ["a form", () => form() + FILE + FILE.slice(0, -5)],
    ["a file", () => `${head("POST /v1/imports", tokens.operator, "text/csv", "Content-Length: 100")}a,b\n`],
  ])("is told when %s stop arriving, and closed, and nothing is kept", async (_, text) => {
    expect(await answerOf(send(text()))).toMatchObject({
      status: 408,
      type: "application/problem+json",
      problem: { code: "request.stalled", status: 408 },
    });
    await expect.poll(() => [kept(), open()]).toEqual([[], []]);
  });

  it.each([
    ["no HTTP", "hello\r\n\r\n", 400, "request.malformed"],
    ["too many headers", `GET / HTTP/1.1\r\nX-Y: ${"z".repeat(100_000)}`, 431, "request.headers-too-large"],
  ])("gets problem details for %s", async (_, text, status, code) => {
    expect(await answerOf(send(text))).toMatchObject({
      status,
      type: "application/problem+json",
      problem: { code, status },
    });
  });

  it("that is cut off leaves no file and no descriptor, wherever its form was", async () => {
    const body = FILE + FILE + `--${BOUNDARY}--`;
    for (let at = 0; at < body.length; at += 7) {
      const socket = send(form() + body.slice(0, at));
      await once(socket, "connect");
      // Both ways of leaving.
      if (at % 2 === 0) socket.destroy();
      else socket.end();
      socket.on("error", () => undefined).resume();
    }
    // Answered behind them all.
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
    await expect.poll(() => [kept(), open()]).toEqual([[], []]);
  });

  it("does not keep a server from stopping, half-sent as it may be", async () => {
    const sockets = [
      send("GET /v1/health HTT"),
      send(form() + FILE.slice(0, 40)),
      send("GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"),
    ];
    const closed = sockets.map((socket) => once(socket.on("error", () => undefined).resume(), "close"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    await server.close();
    await Promise.all(closed);
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

describe("a server that stops", () => {
  let server: Server;
  let answer: () => void;
  beforeAll(async () => {
    const asked = new Promise<void>((resolve) => (answer = resolve));
    server = createServer(connectionOptions(DEFAULT_LIMITS), (request, response) => {
      if (request.url === "/slow") void asked.then(() => response.end("done"));
      else Readable.from(endless()).pipe(response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  it("lets requests end that do, takes no other, and cuts off a download that nobody reads", async () => {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const download = connect(port, "127.0.0.1");
    download.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(download, "readable");
    const slow = fetch(`${url}/slow`);
    await expect.poll(() => connections(server)).toBe(2);
    const stopped = stopServer(server, 1);
    await expect(fetch(url)).rejects.toThrow();
    answer();
    expect(await (await slow).text()).toBe("done");
    await stopped;
    expect(await connections(server)).toBe(0);
    download.destroy();
  });

  it("has no limit on how long a request may take", () => {
    expect(server.requestTimeout).toBe(0);
  });
});

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
}
