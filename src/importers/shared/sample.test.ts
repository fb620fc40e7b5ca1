import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { compressionOf, gunzip, peek } from "./bytes.ts";
import { inputFiles, localFile } from "./files.ts";
import { takeSample } from "./sample.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "securebase-sample-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const sample = (content: string | Uint8Array, size?: number): ReturnType<typeof takeSample> =>
  takeSample(memoryFile("f", content, size));

describe("what a file is, from its first bytes", () => {
  it.each([",", ";", "\t", "|"])("finds the delimiter %j and the header", async (delimiter) => {
    const other = delimiter === "," ? ";" : ",";
    const text = `\ufeffa${delimiter} b${delimiter}"c${other}d"\r\n1${delimiter}2${delimiter}3\r\n`;
    expect(await sample(text)).toMatchObject({ kind: "csv", delimiter, header: ["a", "b", `c${other}d`] });
  });

  it("reads a quoted header with line breaks, and one without a line end", async () => {
    expect(await sample('"a\nb","c ""d""",e\n1,2,3')).toMatchObject({ header: ["a\nb", 'c "d"', "e"] });
    expect(await sample("a,b", 1)).toMatchObject({ kind: "csv", header: ["a", "b"] });
  });

  it("unpacks gzip whatever the name, and sees a damaged one", async () => {
    const packed = gzipSync("a,b\n1,2\n");
    expect(await sample(packed, 3)).toMatchObject({ kind: "csv", compression: "gzip", header: ["a", "b"] });
    await expect(sample(packed.subarray(0, 20))).rejects.toMatchObject({ code: "import.damaged" });
  });

  it("unpacks Zstandard, several frames too, so that nobody else has to, and sees a damaged one", async () => {
    const packed = Buffer.from("KLUv/SQIQQAAYSxiCjEsMgo158rO", "base64");
    const found = await sample(Buffer.concat([packed, packed]), 3);
    expect(found).toMatchObject({ kind: "csv", compression: "none", header: ["a", "b"] });
    const { bytes } = await peek(found.file.open(), 100);
    expect(Buffer.from(bytes).toString()).toBe("a,b\n1,2\na,b\n1,2\n");
    await expect(sample(packed.subarray(0, 12))).rejects.toMatchObject({ code: "import.damaged" });
    await expect(sample(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]))).rejects.toMatchObject({
      code: "import.damaged",
    });
  });

  it.each(["", " \n", "\ufeff", "[]", "[ ]\n"])("finds nothing in %j", async (text) => {
    expect((await sample(text)).kind).toBe("empty");
    expect((await sample(gzipSync(text))).kind).toBe("empty");
  });

  it("tells JSON and the rest apart", async () => {
    expect((await sample(' {"a":1}')).kind).toBe("json");
    expect((await sample('[{"a":1}]')).kind).toBe("json");
    expect((await sample("<html>, </html>")).kind).toBe("other");
    expect((await sample("one word")).kind).toBe("other");
    expect((await sample(Buffer.from([1, 2, 0, 44, 10]))).kind).toBe("other");
  });

  it("lists Parquet columns from its footer, nested ones by their top, with and without a path", async () => {
    const path = join(folder, "x.parquet");
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const columns = [
      "1 AS a",
      "MAP {'k': 'v'} AS tags",
      "{'x': 1, 'y': [1, 2]} AS s",
      "'é' AS \"Größe\"",
      "1.5 AS z",
    ];
    await connection.run(
      `COPY (SELECT ${columns.join(", ")} FROM range(1000)) TO '${path}' (ROW_GROUP_SIZE 100)`,
    );
    connection.disconnectSync();
    instance.closeSync();
    const names = ["a", "tags", "s", "Größe", "z"];
    const file = localFile(path, 0);
    expect(await takeSample(file)).toMatchObject({ kind: "parquet", columns: names });
    expect(await takeSample({ name: "upload", open: () => file.open() })).toMatchObject({ columns: names });
    for (const broken of ["PAR1", "PAR1xxxxPAR1", `PAR1${"x".repeat(50)}\xff\xff\xff\x7fPAR1`]) {
      writeFileSync(join(folder, "broken"), broken, "latin1");
      const damaged = { code: "import.damaged" };
      await expect(takeSample(localFile(join(folder, "broken"), 0))).rejects.toMatchObject(damaged);
      await expect(sample(Buffer.from(broken, "latin1"))).rejects.toMatchObject(damaged);
    }
  });
});

describe("bytes", () => {
  it("knows compression by its magic numbers", () => {
    expect(compressionOf(gzipSync(""))).toBe("gzip");
    expect(compressionOf(Buffer.from("a,b"))).toBe("none");
    expect(compressionOf(Buffer.alloc(0))).toBe("none");
  });

  it("reads no more than it needs and closes the file", async () => {
    let closed = false;
    let pulled = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          pulled++;
          yield await Promise.resolve(Buffer.alloc(10));
        }
      } finally {
        closed = true;
      }
    }
    expect((await peek(endless(), 25)).bytes).toHaveLength(25);
    expect({ closed, pulled }).toEqual({ closed: true, pulled: 3 });
    expect(await peek(memoryFile("f", "abc").open(), 3)).toMatchObject({ whole: true });
  });

  it("passes on what its source throws", async () => {
    const reason = new Error("unplugged");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(gzipSync("abc").subarray(0, 5));
      throw reason;
    }
    await expect(peek(gunzip({ name: "f", open: failing }), 100)).rejects.toBe(reason);
  });
});

describe("files that paths name", () => {
  it("walks folders in order, leaves hidden files out, and takes no file twice", async () => {
    mkdirSync(join(folder, "in/b"), { recursive: true });
    mkdirSync(join(folder, "in/.git"));
    mkdirSync(join(folder, "none"));
    for (const name of ["in/c.csv", "in/b/1.csv", "in/.hidden", "in/.git/x", "in/a.csv"]) {
      writeFileSync(join(folder, name), name);
    }
    symlinkSync(join(folder, "in/a.csv"), join(folder, "link.csv"));
    const files = await inputFiles([join(folder, "in"), join(folder, "in/c.csv"), join(folder, "link.csv")]);
    expect(files.map((file) => [file.name, file.size])).toEqual([
      [join(folder, "in/a.csv"), 8],
      [join(folder, "in/b/1.csv"), 10],
      [join(folder, "in/c.csv"), 8],
    ]);
    expect((await peek(files[0]!.open(), 100)).bytes.toString()).toBe("in/a.csv");
  });

  it("names what is missing or empty", async () => {
    await expect(inputFiles([join(folder, "nope.csv")])).rejects.toMatchObject({
      code: "import.file-not-found",
    });
    await expect(inputFiles([join(folder, "none")])).rejects.toMatchObject({ code: "import.no-files" });
  });
});
