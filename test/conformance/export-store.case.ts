import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExportJob, ExportStore } from "../../src/ports/export-store.ts";
import type { Fresh } from "./lib/fresh.ts";

const idOf = (n: number): string => `01920000-0000-7${String(n).padStart(3, "0")}-8000-000000000000`;

function job(n: number, more: Partial<ExportJob> = {}): ExportJob {
  return {
    id: idOf(n),
    title: `Kosten ${n} 📊`,
    format: "csv",
    fileName: `costs-${n}.csv`,
    status: "pending",
    rowsWritten: 0,
    rowsTotal: null,
    bytes: null,
    manifest: null,
    error: null,
    requestedBy: "alice",
    createdAt: `2024-10-01T00:00:${String(n).padStart(2, "0")}.000Z`,
    finishedAt: null,
    expiresAt: "2030-12-30T00:00:00.000Z",
    ...more,
  };
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** What every export store must do. @param create makes an empty store, for each test anew */
export function exportStoreCases(name: string, create: () => Promise<Fresh<ExportStore>>): void {
  describe(`export store: ${name}`, () => {
    let fresh: Fresh<ExportStore>;
    let store: ExportStore;
    beforeEach(async () => {
      fresh = await create();
      store = fresh.store;
    });
    afterEach(() => fresh.close());

    it("remembers a job and every change of it", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      expect(await exports.get(idOf(1))).toEqual(job(1));
      const failed = job(1, {
        status: "failed",
        rowsWritten: 7,
        error: { code: "store.unavailable", message: "…" },
      });
      await exports.put(failed);
      expect(await exports.get(idOf(1))).toEqual(failed);
      expect(await exports.get(idOf(2))).toBeUndefined();
    });

    it("lists newest first, page by page", async () => {
      const exports = store.forTenant("acme");
      for (const n of [3, 1, 2]) await exports.put(job(n));
      await exports.put(job(1, { status: "done" }));
      const page = async (after?: string): Promise<string[]> =>
        (await exports.list({ limit: 2, ...(after !== undefined && { after }) })).map((j) => j.id);
      expect(await page()).toEqual([idOf(3), idOf(2)]);
      expect(await page(idOf(2))).toEqual([idOf(1)]);
    });

    it("stores a file byte by byte and tells its size", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      expect(await exports.write(idOf(1), chunks("day;", "", "é📊\r\n"))).toBe(12);
      expect(await textOf(await exports.read(idOf(1)))).toBe("day;é📊\r\n");
      expect(await exports.write(idOf(1), chunks("again"))).toBe(5);
      expect(await textOf(await exports.read(idOf(1)))).toBe("again");
    });

    it("stores an empty file", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      expect(await exports.write(idOf(1), chunks())).toBe(0);
      expect(await textOf(await exports.read(idOf(1)))).toBe("");
    });

    it("stores a large file, pulling no faster than it writes", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      const hash = createHash("sha256");
      async function* large(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 300; i++) {
          const part = Buffer.alloc(64 * 1024, i);
          hash.update(part);
          yield await Promise.resolve(part);
        }
      }
      expect(await exports.write(idOf(1), large())).toBe(300 * 64 * 1024);
      const read = createHash("sha256");
      for await (const part of await exports.read(idOf(1))) read.update(part);
      expect(read.digest("hex")).toBe(hash.digest("hex"));
    });

    it("shows no file before it is whole", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      const missing = { code: "export.not-found", kind: "not-found" };
      await expect(exports.read(idOf(1))).rejects.toMatchObject(missing);
      let seenMidway: unknown;
      async function* watched(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("half");
        seenMidway = await exports.read(idOf(1)).catch((error: unknown) => error);
        yield Buffer.from(" and half");
      }
      await exports.write(idOf(1), watched());
      expect(seenMidway).toMatchObject(missing);
      expect(await textOf(await exports.read(idOf(1)))).toBe("half and half");
    });

    it("stores nothing when the stream fails, keeps the file before, and rethrows the error", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      const reason = new Error("the query failed");
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(Buffer.from("half"));
        throw reason;
      }
      await expect(exports.write(idOf(1), failing())).rejects.toBe(reason);
      await expect(exports.read(idOf(1))).rejects.toMatchObject({ code: "export.not-found" });
      await exports.write(idOf(1), chunks("whole"));
      await expect(exports.write(idOf(1), failing())).rejects.toBe(reason);
      expect(await textOf(await exports.read(idOf(1)))).toBe("whole");
    });

    it("removes record and file, and does not mind when there are none", async () => {
      const exports = store.forTenant("acme");
      await exports.put(job(1));
      await exports.write(idOf(1), chunks("x"));
      await exports.remove(idOf(1));
      await exports.remove(idOf(1));
      expect(await exports.get(idOf(1))).toBeUndefined();
      await expect(exports.read(idOf(1))).rejects.toMatchObject({ code: "export.not-found" });
    });

    it("keeps tenants apart, also with the same ids", async () => {
      const [acme, other] = [store.forTenant("acme"), store.forTenant("other")];
      await acme.put(job(1));
      await acme.write(idOf(1), chunks("acme's"));
      expect(await other.get(idOf(1))).toBeUndefined();
      expect(await other.list({ limit: 10 })).toEqual([]);
      await expect(other.read(idOf(1))).rejects.toMatchObject({ code: "export.not-found" });
      await other.put(job(1));
      await other.write(idOf(1), chunks("other's"));
      await other.remove(idOf(1));
      expect(await textOf(await acme.read(idOf(1)))).toBe("acme's");
    });

    it.each(["../acme/stolen", "..", ".", "a/b", "a\\b", "%2e%2e", "/etc/passwd", "nul\u0000byte", "ä", " "])(
      "does not take the id %j for a path",
      async (id) => {
        const [acme, other] = [store.forTenant("acme"), store.forTenant("other")];
        await acme.put(job(1));
        await acme.write(idOf(1), chunks("acme's"));
        await other.put(job(2, { id }));
        await other.write(id, chunks("odd"));
        expect(await textOf(await other.read(id))).toBe("odd");
        expect(await textOf(await acme.read(idOf(1)))).toBe("acme's");
        await expect(acme.read("stolen")).rejects.toMatchObject({ code: "export.not-found" });
        await other.remove(id);
        await expect(other.read(id)).rejects.toMatchObject({ code: "export.not-found" });
        expect(await textOf(await acme.read(idOf(1)))).toBe("acme's");
      },
    );
  });
}
