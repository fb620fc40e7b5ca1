import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { discard, readForm } from "./multipart.ts";

const TYPE = "multipart/form-data; boundary=b";

/** The files of a form, read from chunks. */
async function filesOf(chunks: readonly Uint8Array[], type = TYPE): Promise<[name: string, bytes: Buffer][]> {
  const files: [string, Buffer][] = [];
  for await (const { fileName, body } of readForm(type, from(chunks))) {
    const bytes: Uint8Array[] = [];
    for await (const chunk of body) bytes.push(chunk);
    if (fileName !== undefined) files.push([fileName, Buffer.concat(bytes)]);
  }
  return files;
}

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

const chunked = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

/** A form of one file whose headers are given. */
const formOf = (headers: string, content = "x"): Buffer =>
  Buffer.from(`--b\r\n${headers}\r\n\r\n${content}\r\n--b--\r\n`);
const nameOf = async (disposition: string): Promise<string | undefined> =>
  (await filesOf([formOf(`Content-Disposition: form-data; ${disposition}`)]))[0]?.[0];

describe("a form", () => {
  it("is what other readers of forms see in it, however its bytes arrive", async () => {
    // Content of pieces that could be taken for a boundary.
    const content = fc.array(fc.constantFrom("\r", "\n", "-", "--", "b", "\r\n--", "\r\n--c", "ä", "\0"), {
      maxLength: 30,
    });
    const files = fc.array(fc.record({ name: fc.stringMatching(/^[\w. ß]{1,12}$/), content }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 40 }), async (parts, size) => {
        const form = new FormData();
        for (const part of parts) {
          form.append("comment", part.content.join(""));
          form.append("file", new Blob([part.content.join("")]), part.name);
        }
        const sent = new Response(form);
        const type = sent.headers.get("content-type") ?? "";
        const bytes = Buffer.from(await sent.arrayBuffer());
        const read = await filesOf(chunked(bytes, size), type);
        const want = parts.map(({ name, content }) => [name, Buffer.from(content.join(""))]);
        expect(read).toEqual(want);
      }),
    );
  });

  it("may have text around it, and spaces behind its boundaries", async () => {
    const form =
      'preamble\r\n--b \t\r\nContent-Disposition:\r\n  form-data; name="f"; filename="f.csv"\r\n\r\n\r\n--b--  \r\nepilogue\r\n--b';
    expect(await filesOf(chunked(Buffer.from(form), 3))).toEqual([["f.csv", Buffer.alloc(0)]]);
  });

  it.each<[string, string | undefined]>([
    ["name=f", undefined],
    ["name=f; filename=plain.csv", "plain.csv"],
    ["NAME=f; FileName = plain.csv ;", "plain.csv"],
    ['name="f"; filename="a;b=\\"c\\".csv"', 'a;b="c".csv'],
    ['name="f"; filename="C:\\bills\\may.csv"', "may.csv"],
    ['name="f"; filename="../../etc/passwd"', "passwd"],
    ['name="f"; filename="größe.csv"', "größe.csv"],
    [`name="f"; filename="gr__e.csv"; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv`, "größe.csv"],
    ['name="f"; filename=""', ""],
  ])("has a file by the name in %s", async (disposition, name) => {
    expect(await nameOf(disposition)).toBe(name);
  });

  it("has a file where a script sends binary data without a name", async () => {
    const headers = "content-disposition: form-data; name=f\r\ncontent-type: Application/Octet-Stream";
    expect(await filesOf([formOf(headers)])).toEqual([["", Buffer.from("x")]]);
  });

  it("passes on what its source throws, in the middle of a file or before it", async () => {
    const gone = new Error("gone");
    for (const length of [0, 10, 60]) {
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(
          formOf("Content-Disposition: form-data; name=f; filename=f").subarray(0, length),
        );
        throw gone;
      };
      const reading = (async () => {
        for await (const { body } of readForm(TYPE, failing())) await discard(body);
      })();
      await expect(reading).rejects.toBe(gone);
    }
  });

  it("ends its source when its reader stops", async () => {
    let ended = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield formOf("Content-Disposition: form-data; name=f; filename=f").subarray(0, 60);
        for (;;) yield await Promise.resolve(Buffer.from("more"));
      } finally {
        ended = true;
      }
    };
    for await (const { fileName } of readForm(TYPE, endless())) if (fileName === "f") break;
    expect(ended).toBe(true);
  });
});
