import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonLimits, type Located, readJsonRecords } from "./json-stream.ts";

const WRAPPERS = ["Findings", "findings", "Records"];

// eslint-disable-next-line @typescript-eslint/require-await
async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string | Uint8Array, size = 7, limits?: JsonLimits): Promise<Located[]> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const found: Located[] = [];
  const options = { name: "file.json", wrappers: WRAPPERS, ...(limits !== undefined && { limits }) };
  for await (const batch of readJsonRecords(chunked(bytes, size), options)) found.push(...batch);
  return found;
}
const values = async (text: string | Uint8Array, size?: number) =>
  (await read(text, size)).map((r) => r.value);

describe("the shapes a JSON file of records comes in", () => {
  const a = { Id: "a", note: 'quo"te \\ [{' };
  const b = { Id: "b", nested: { Findings: [1, { x: [] }] } };
  it.each([
    ["an array", JSON.stringify([a, b])],
    ["a pretty array", JSON.stringify([a, b], null, 2)],
    ["a wrapping object", JSON.stringify({ Findings: [a, b], NextToken: "x" })],
    [
      "a wrapping object with members before the list",
      JSON.stringify({ Meta: { n: [1] }, findings: [a, b] }, null, 1),
    ],
    ["one record a line", `${JSON.stringify(a)}\n${JSON.stringify(b)}\n`],
    ["one record a line with CRLF", `${JSON.stringify(a)}\r\n${JSON.stringify(b)}\r\n`],
    ["records one after another", `${JSON.stringify(a)}${JSON.stringify(b)}`],
    ["pretty records one after another", `${JSON.stringify(a, null, 2)}\n${JSON.stringify(b, null, 2)}`],
    [
      "wrapping objects one after another",
      `{"Records":[${JSON.stringify(a)}]}{"Records" : [${JSON.stringify(b)}]}`,
    ],
    ["a byte-order mark", `\ufeff${JSON.stringify([a, b])}`],
    ["a JSON text sequence", `\u001e${JSON.stringify(a)}\n\u001e${JSON.stringify(b)}\n`],
    ["trailing commas", `[${JSON.stringify(a)}, {"Id":"b","nested":{"Findings":[1,{"x":[],},],},},]`],
  ])("%s", async (_, text) => {
    for (const size of [1, 2, 5, 64, 100_000]) expect(await values(text, size)).toEqual([a, b]);
  });

  it("a single record, and none at all", async () => {
    expect(await values(JSON.stringify(a))).toEqual([a]);
    for (const text of ["", "  \n", "[]", "[ ]\n", '{"Findings":[]}', "\ufeff"])
      expect(await values(text)).toEqual([]);
  });

  it("an object whose member is no list is itself the record", async () => {
    expect(await values('{"Findings": 3, "x": "Findings"}')).toEqual([{ Findings: 3, x: "Findings" }]);
  });

  it("gives every record its number and line", async () => {
    const found = await read('[\n{"a":1},\n\n{"b":\n2},{"c":3}]');
    expect(found.map((r) => [r.record, r.line])).toEqual([
      [1, 2],
      [2, 4],
      [3, 5],
    ]);
  });

  it("reads any list of objects in any pieces", async () => {
    const json = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        json,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(undefined, 1),
        async (list, size, space) => {
          const plain = JSON.parse(JSON.stringify(list)) as unknown[];
          expect(await values(JSON.stringify(list, null, space), size)).toEqual(plain);
          expect(await values(JSON.stringify({ Findings: list }, null, space), size)).toEqual(plain);
        },
      ),
    );
  });
});

describe("what is wrong with a file", () => {
  it("passes broken records out with their reason and goes on", async () => {
    const found = await read('[{"a":1},{"b":NaN},5,"five",null,{"c":1e400},{"d":4}]');
    expect(found.map((r) => r.problem !== undefined)).toEqual([
      false,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(found[1]?.problem).toContain("is not JSON");
    expect(found.slice(2, 5).map((r) => r.value)).toEqual([5, "five", null]);
    expect(found.at(-1)?.value).toEqual({ d: 4 });
  });

  it("names records that are not UTF-8", async () => {
    const bytes = Buffer.concat([Buffer.from('[{"a":"'), Buffer.from([0xe9]), Buffer.from('"},{"b":1}]')]);
    const found = await read(bytes);
    expect(found.map((r) => r.problem ?? r.value)).toEqual(["is not UTF-8", { b: 1 }]);
  });

  it.each([
    ['[{"a":1},\n{"b":2', "import.truncated", "line 2"],
    ['{"Findings":[{"a":1}', "import.truncated", "line 1"],
    ['[{"a":"unfinished', "import.truncated", "record 1"],
    ["[1, 2", "import.truncated", "line 1"],
    ["hello", "import.not-json", '"h"'],
    ['{"a":1}\n]', "import.not-json", "line 2"],
    ["AUTH;TIME", "import.not-json", '"A"'],
    ["[".repeat(200), "import.too-deep", "100 levels"],
    [`{"a":${'{"a":'.repeat(200)}`, "import.too-deep", "100 levels"],
  ])("refuses %j", async (text, code, part) => {
    const error: unknown = await read(text).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, kind: "unprocessable" });
    expect((error as Error).message).toContain("file.json");
    expect((error as Error).message).toContain(part);
  });

  it("refuses UTF-16", async () => {
    await expect(read(Buffer.from("\ufeff[]", "utf16le"))).rejects.toMatchObject({ code: "import.encoding" });
  });

  it("refuses a record that never ends, before it is in memory", async () => {
    let handed = 0;
    // eslint-disable-next-line @typescript-eslint/require-await
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('[{"a":"');
      for (;;) {
        handed += 1024;
        yield Buffer.alloc(1024, "x");
      }
    }
    const limits = { recordBytes: 10_000, depth: 100 };
    const reading = readJsonRecords(endless(), { name: "f", wrappers: [], limits }).next();
    await expect(reading).rejects.toMatchObject({ code: "import.record-too-large" });
    expect(handed).toBeLessThan(20_000);
  });

  it("never hangs or fails with anything but its own errors", async () => {
    const bytes = fc.array(fc.constantFrom(...'{}[]",:\\ \n1aéFindings'.split("")), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 9 }), async (parts, size) => {
        try {
          await read(parts.join(""), size);
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^import\./);
        }
      }),
      { numRuns: 500 },
    );
  });
});
