import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { collect } from "../../../test/support/documents.ts";
import { readZip } from "../../../test/support/zip.ts";
import { directory, type ZipEntry, zipStream } from "./zip.ts";

// eslint-disable-next-line @typescript-eslint/require-await -- entries come as a stream
async function* entries(...list: ZipEntry[]): AsyncGenerator<ZipEntry, void, undefined> {
  yield* list;
}

// eslint-disable-next-line @typescript-eslint/require-await -- content comes as a stream
async function* blocks(...list: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of list) yield Buffer.from(text);
}

describe("the ZIP stream", () => {
  it("holds whole, stored and streamed entries as they were given", async () => {
    const text = "row ".repeat(100_000);
    const image = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7919) & 255));
    const archive = await collect(
      zipStream(
        entries(
          { name: "small.xml", content: Buffer.from("<a/>") },
          { name: "logo.png", content: image, stored: true },
          { name: "blätter/sheet1.xml", content: blocks(text, "", "middle", text) },
          { name: "empty.xml", content: blocks() },
        ),
      ),
    );
    const files = readZip(archive);
    expect([...files.keys()]).toEqual(["small.xml", "logo.png", "blätter/sheet1.xml", "empty.xml"]);
    expect(files.get("small.xml")?.toString()).toBe("<a/>");
    expect(files.get("logo.png")?.equals(image)).toBe(true);
    expect(files.get("blätter/sheet1.xml")?.toString()).toBe(`${text}middle${text}`);
    expect(files.get("empty.xml")?.length).toBe(0);
  });

  it("gives the same bytes for the same content", async () => {
    const make = (): Promise<Buffer> => collect(zipStream(entries({ name: "a", content: blocks("x", "y") })));
    expect((await make()).equals(await make())).toBe(true);
  });

  it("lists entries beyond 4 GiB with ZIP64 offsets and a ZIP64 end record", () => {
    const entry = (name: string, offset: number): Parameters<typeof directory>[0][number] => ({
      name: Buffer.from(name),
      method: 8,
      flags: 0x0808,
      crc: zlib.crc32("x"),
      size: 1,
      compressed: 3,
      offset,
    });
    const far = 5 * 1024 ** 3;
    const bytes = directory([entry("near", 0), entry("far", far)], far + 100);
    const second = 46 + 4;
    expect(bytes.readUInt32LE(second + 42)).toBe(0xffff_ffff);
    expect(bytes.readUInt16LE(second + 46 + 3)).toBe(1);
    expect(Number(bytes.readBigUInt64LE(second + 46 + 3 + 4))).toBe(far);
    const tail = bytes.length - 22;
    expect(bytes.readUInt32LE(tail + 16)).toBe(0xffff_ffff);
    const locator = tail - 20;
    expect(bytes.readUInt32LE(locator)).toBe(0x07064b50);
    const end = Number(bytes.readBigUInt64LE(locator + 8)) - (far + 100);
    expect(bytes.readUInt32LE(end)).toBe(0x06064b50);
    expect(Number(bytes.readBigUInt64LE(end + 48))).toBe(far + 100);
  });

  it("passes on the failure of an entry's content", async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- content comes as a stream
    async function* failing(): AsyncGenerator<Uint8Array, void, undefined> {
      yield Buffer.from("begin");
      throw new Error("gone");
    }
    await expect(collect(zipStream(entries({ name: "a", content: failing() })))).rejects.toThrow("gone");
  });
});
