import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createSpool } from "./spool.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "securebase-spool-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function* breaking(error: Error): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from("a"));
  throw error;
}

it("says that the disk is full, and leaves nothing there", async () => {
  const spool = createSpool(folder, () => "one");
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  await expect(spool.store("bill.csv", breaking(full))).rejects.toMatchObject({
    ...{ code: "store.unavailable", message: expect.stringContaining("bill.csv") as string, cause: full },
    fix: expect.stringContaining("disk space") as string,
  });
  const other = new Error("reset");
  await expect(spool.store("bill.csv", breaking(other))).rejects.toBe(other);
  expect(readdirSync(join(folder, "tmp", "spool"))).toEqual([]);
});

it("hears of a stream that breaks at once, and leaves nothing of it there", async () => {
  const spool = createSpool(folder, () => "one");
  for (let i = 0; i < 20; i++) {
    const content = new Readable({ read: () => undefined });
    const stored = spool.store("bill.csv", content);
    const broken = new Error("reset");
    content.destroy(broken);
    await expect(stored).rejects.toBe(broken);
    expect(readdirSync(join(folder, "tmp", "spool"))).toEqual([]);
  }
});
