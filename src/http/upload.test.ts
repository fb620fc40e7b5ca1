import { describe, expect, it } from "vitest";
import type { Spool, SpooledFile } from "../ports/spool.ts";
import { disposeAll, receiveFiles, type UploadOptions } from "./upload.ts";

/** Keeps files in memory and counts those that were not disposed of. */
class MemorySpool implements Spool {
  readonly kept = new Map<string, Buffer>();

  async store(name: string, content: AsyncIterable<Uint8Array>): Promise<SpooledFile> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) {
      if (chunk[0] === 0) throw new Error("disk full");
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    this.kept.set(name, bytes);
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(bytes);
    };
    const dispose = (): Promise<void> => Promise.resolve(void this.kept.delete(name));
    return { name, size: bytes.byteLength, open, dispose };
  }
}

const options = (spool: Spool, maxBytes = 10_000_000): UploadOptions => ({
  spool,
  maxBytes,
  stallSeconds: 60,
  name: undefined,
  signal: new AbortController().signal,
});
const post = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}): Request =>
  new Request("http://x.test/", { method: "POST", body, headers, duplex: "half" });

describe("an upload", () => {
  it("is one file when it is no form", async () => {
    const spool = new MemorySpool();
    const files = await receiveFiles(post("a,b\n1,2\n"), { ...options(spool), name: "x.csv" });
    expect(files.map((file) => file.name)).toEqual(["x.csv"]);
    expect(spool.kept.get("x.csv")?.toString()).toBe("a,b\n1,2\n");
  });

  it("is every file of a form, in order, whatever the fields are called", async () => {
    const form = new FormData();
    form.append("comment", "not a file");
    form.append("file", new Blob(["one"]), "1.csv");
    form.append("other", new Blob(["x".repeat(1_000_000)]), "größe.csv");
    const spool = new MemorySpool();
    const files = await receiveFiles(post(form), options(spool));
    expect(files.map((file) => [file.name, file.size])).toEqual([
      ["1.csv", 3],
      ["größe.csv", 1_000_000],
    ]);
    await disposeAll(files);
    expect(spool.kept.size).toBe(0);
  });

  it("is pulled as fast as the spool writes and no faster", async () => {
    const chunk = new Uint8Array(65_536).fill(65);
    let sent = 0;
    let written = 0;
    let ahead = 0;
    async function* form(): AsyncGenerator<Uint8Array> {
      const text = (part: string): Uint8Array => new TextEncoder().encode(part);
      yield text('--b\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n');
      for (let i = 0; i < 300; i++) {
        sent += chunk.byteLength;
        ahead = Math.max(ahead, sent - written);
        yield await Promise.resolve(chunk);
      }
      yield text("\r\n--b--\r\n");
    }
    const slow: Spool = {
      async store(name, content) {
        for await (const part of content) {
          await new Promise((resolve) => setImmediate(resolve));
          written += part.byteLength;
        }
        return { name, size: written, open: () => form(), dispose: () => Promise.resolve() };
      },
    };
    const type = { "content-type": "multipart/form-data; boundary=b" };
    await receiveFiles(post(ReadableStream.from(form()), type), { ...options(slow), maxBytes: 1e9 });
    expect(written).toBe(300 * chunk.byteLength);
    expect(ahead).toBeLessThan(1_500_000);
  });

  it("takes no directory from a file name", async () => {
    const form = new FormData();
    form.append("file", new Blob(["x"]), "../../etc/passwd");
    expect((await receiveFiles(post(form), options(new MemorySpool())))[0]?.name).toBe("passwd");
  });

  it("is refused when it is larger than allowed, told or not, and nothing is kept", async () => {
    const spool = new MemorySpool();
    const chunks = ReadableStream.from([new Uint8Array(600).fill(65), new Uint8Array(600).fill(65)]);
    for (const request of [post("x".repeat(1200)), post(chunks)]) {
      await expect(receiveFiles(request, options(spool, 1000))).rejects.toMatchObject({
        code: "request.too-large",
      });
    }
    const form = new FormData();
    form.append("a", new Blob(["small"]), "a.csv");
    form.append("b", new Blob(["x".repeat(5000)]), "b.csv");
    await expect(receiveFiles(post(form), options(spool, 1000))).rejects.toMatchObject({
      code: "request.too-large",
    });
    expect(spool.kept.size).toBe(0);
  });

  it.each(["", undefined])("without content is refused", async (content) => {
    const body = content ?? new FormData();
    await expect(receiveFiles(post(body), options(new MemorySpool()))).rejects.toMatchObject({
      code: "import.no-file",
    });
  });

  it.each([
    ["multipart/form-data", "x"],
    [
      "multipart/form-data; boundary=b",
      '--b\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\nhalf',
    ],
    ["multipart/form-data; boundary=b", "no boundary in sight"],
  ])("that is a broken form is refused: %s", async (type, body) => {
    const spool = new MemorySpool();
    await expect(receiveFiles(post(body, { "content-type": type }), options(spool))).rejects.toMatchObject({
      code: "request.malformed-multipart",
    });
    expect(spool.kept.size).toBe(0);
  });

  it("passes on what the spool says when it cannot keep a file", async () => {
    const form = new FormData();
    form.append("a", new Blob(["fine"]), "a.csv");
    form.append("b", new Blob([new Uint8Array(100_000)]), "b.csv");
    const spool = new MemorySpool();
    await expect(receiveFiles(post(form), options(spool))).rejects.toThrow("disk full");
    expect(spool.kept.size).toBe(0);
  });

  it("ends when the client goes away", async () => {
    const abort = new AbortController();
    const spool = new MemorySpool();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([65]);
      abort.abort(new Error("gone"));
      yield await Promise.resolve(new Uint8Array([65]));
    }
    const request = post(ReadableStream.from(slowly()));
    await expect(receiveFiles(request, { ...options(spool), signal: abort.signal })).rejects.toThrow("gone");
    expect(spool.kept.size).toBe(0);
  });
});
