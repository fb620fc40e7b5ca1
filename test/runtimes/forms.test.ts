import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/http/logger.ts";
import { type RunningServer, serve } from "../../src/runtimes/node.ts";
import { OPERATOR } from "./seed.ts";
import { ask, type HttpTarget, type Reply, tokenFor } from "./target.ts";

const SECRET = "a secret for the tests, over 32 bytes";
const BOUNDARY = "b0undary";

const part = (headers: string, content: string): string =>
  `--${BOUNDARY}\r\n${headers}\r\n\r\n${content}\r\n`;
const file = (name: string): string =>
  part(
    `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/csv`,
    "a,b\n1,2\n",
  );
const END = `--${BOUNDARY}--`;
const FORM = file("one.csv") + file("two.csv") + END;

/** Forms as broken programs, proxies and attackers send them, on a server that is to live on. */
describe("a form that is broken", () => {
  let directory: string;
  let server: RunningServer;
  let target: HttpTarget;
  let bearer: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-forms-"));
    // More forms are sent here in a minute than anybody may send.
    const env = { SECUREBASE_JWT_SECRET: SECRET, SECUREBASE_IMPORTS_BURST: "100000" };
    const options = { port: 0, host: "127.0.0.1", demo: false, onProgress: (): void => undefined };
    server = await serve({ directory, env, logger: silentLogger, ...options });
    const secret = new TextEncoder().encode(SECRET);
    target = { fetch: (request) => fetch(request), baseUrl: server.url, secret, close: () => server.close() };
    bearer = `Bearer ${await tokenFor(target, OPERATOR)}`;
  });
  afterAll(async () => {
    await target.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const kept = (): string[] =>
    [join(directory, "tmp", "spool"), join(directory, "uploads")]
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const open = (): string[] =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const path = readlinkSync(join("/proc/self/fd", fd));
        return /[/](?:uploads|spool)[/]/.test(path) ? [path] : [];
      } catch {
        return [];
      }
    });
  afterEach(async () => {
    await expect.poll(() => [kept(), open()]).toEqual([[], []]);
    expect((await ask(target, "GET /v1/health")).status).toBe(200);
  });

  const send = (raw: string, type = `multipart/form-data; boundary=${BOUNDARY}`): Promise<Reply> =>
    ask(target, "POST /v1/imports", { as: bearer, raw, headers: { "content-type": type } });
  /** Some at a time, as a server gets them. */
  const sendAll = async (forms: readonly string[]): Promise<Reply[]> => {
    const replies: Reply[] = [];
    for (let at = 0; at < forms.length; at += 16)
      replies.push(...(await Promise.all(forms.slice(at, at + 16).map((form) => send(form)))));
    return replies;
  };
  const codeOf = (reply: Reply): unknown[] => [reply.status, (reply.json as { code: string }).code];
  const MALFORMED = [400, "request.malformed-multipart"];

  it("by its end, wherever that is", async () => {
    const replies = await sendAll(Array.from(FORM.slice(1), (_, i) => FORM.slice(0, i + 1)));
    for (const [i, reply] of replies.entries()) expect(codeOf(reply), `${i + 1} bytes`).toEqual(MALFORMED);
    // Whole, it is read to the end: the files are no format that can be imported.
    expect(codeOf(await send(FORM))).toEqual([422, "import.unknown-format"]);
  });

  it.each<[string, string]>([
    ["no boundary of its own", "some text"],
    ["another boundary", FORM.replaceAll(BOUNDARY, "other")],
    ["a boundary with more on its line", FORM.replace(`${BOUNDARY}\r\n`, `${BOUNDARY}0\r\n`)],
    ["a closing boundary with one dash", FORM.slice(0, -1)],
    ["line ends that are none", FORM.replaceAll("\r\n", "\n")],
    ["a part without headers", part("", "x") + END],
    ["a part without a disposition", part("Content-Type: text/csv", "x") + END],
    ["a file behind a part without a disposition", file("one.csv") + part("X-Y: z", "x") + END],
    ["a part that is an attachment", part('Content-Disposition: attachment; filename="x.csv"', "x") + END],
    ["a file without a field's name", part('Content-Disposition: form-data; filename="x.csv"', "x") + END],
    ["an unclosed quote", part('Content-Disposition: form-data; name="f"; filename="x.csv', "x") + END],
    ["a header without a name", part('Content-Disposition: form-data; name="f"\r\n: y', "x") + END],
    ["a header without a colon", part('Content-Disposition: form-data; name="f"\r\nwhat', "x") + END],
    [
      "two dispositions",
      part(Array(2).fill('Content-Disposition: form-data; name="f"').join("\r\n"), "x") + END,
    ],
    [
      "two file names",
      part('Content-Disposition: form-data; name="f"; filename="a"; filename="b"', "x") + END,
    ],
    [
      "a name that cannot be decoded",
      part("Content-Disposition: form-data; name=f; filename*=utf-8''%ff", "x") + END,
    ],
    [
      "a header of 100 KB",
      part(`Content-Disposition: form-data; name="f"\r\nX-Y: ${"z".repeat(100_000)}`, "x") + END,
    ],
    ["headers without an end", `--${BOUNDARY}\r\nContent-Disposition: ${"z".repeat(50_000)}`],
    ["a file name of 10 KB", file("n".repeat(10_000)) + END],
  ])("by %s", async (_, form) => {
    const reply = await send(form);
    expect(codeOf(reply)).toEqual(MALFORMED);
    expect(reply.bytes.length).toBeLessThan(2000);
  });

  it.each<[string, string]>([
    ["no boundary", "multipart/form-data"],
    ["an empty boundary", "multipart/form-data; boundary="],
    ["a boundary of 256 characters", `multipart/form-data; boundary=${"b".repeat(256)}`],
    ["a boundary of 8 KB", `multipart/form-data; boundary=${"b".repeat(8192)}`],
    ["two boundaries", `multipart/form-data; boundary=${BOUNDARY}; boundary=b`],
    ["an unclosed boundary", `multipart/form-data; boundary="${BOUNDARY}`],
  ])("by a Content-Type with %s", async (_, type) => {
    const reply = await send(FORM, type);
    expect(codeOf(reply)).toEqual(MALFORMED);
    expect(reply.bytes.length).toBeLessThan(2000);
  });

  it("by too many files", async () => {
    expect(codeOf(await send(file("x.csv").repeat(1001) + END))).toEqual([400, "request.too-many-files"]);
  });

  it("by a byte that is another one", async () => {
    const changed = Array.from(FORM, (_, at) => `${FORM.slice(0, at)}\u0001${FORM.slice(at + 1)}`);
    for (const [at, { status }] of (await sendAll(changed)).entries())
      expect([400, 422], `byte ${at} answered ${status}`).toContain(status);
  });

  it("by a client that goes away in the middle of a file", async () => {
    const lines = [
      `POST /v1/imports HTTP/1.1`,
      `Host: localhost`,
      `Authorization: ${bearer}`,
      `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
      `Content-Length: 1000000`,
    ];
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.write(`${lines.join("\r\n")}\r\n\r\n${file("one.csv")}${file("two.csv").slice(0, -5)}`);
    await expect.poll(() => kept().length).toBe(2);
    socket.destroy();
  });
});
