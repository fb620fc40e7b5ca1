import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sweepExportFiles } from "../../src/app/exports/sweep.ts";
import type { RecordStore } from "../../src/ports/records.ts";
import type { ExportFiles } from "../../src/ports/export-files.ts";
import type { Fresh } from "./lib/fresh.ts";

const idOf = (n: number): string => `01920000-0000-7${String(n).padStart(3, "0")}-8000-000000000000`;

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Records of exports of one tenant. */
function recordsOf(ids: readonly string[]): RecordStore {
  const body = {
    ...{
      title: "t",
      format: "csv",
      fileName: "t.csv",
      status: "done",
      rowsWritten: 0,
      rowsTotal: 0,
      bytes: 0,
    },
    ...{ manifest: null, error: null, requestedBy: "x", createdAt: "", finishedAt: null, expiresAt: "" },
  };
  const found = ids.map((id) => ({ id, revision: "r", version: 1, body: { ...body, id } }));
  const space = (own: typeof found) => ({
    get: () => Promise.resolve(undefined),
    list: () => Promise.resolve(own),
    write: () => Promise.resolve(),
  });
  return { forTenant: (tenant) => space(tenant === "acme" ? found : []), service: space([]) };
}

/** What every store of export files must do. @param create makes an empty store, for each test anew */
export function exportFilesCases(name: string, create: () => Promise<Fresh<ExportFiles>>): void {
  describe(`export files: ${name}`, () => {
    let fresh: Fresh<ExportFiles>;
    let store: ExportFiles;
    beforeEach(async () => {
      fresh = await create();
      store = fresh.store;
    });
    afterEach(() => fresh.close());

    it("stores a file byte by byte and tells its size", async () => {
      const exports = store.forTenant("acme");
      expect(await exports.write(idOf(1), chunks("day;", "", "é📊\r\n"))).toBe(12);
      expect(await textOf(await exports.read(idOf(1)))).toBe("day;é📊\r\n");
      expect(await exports.write(idOf(1), chunks("again"))).toBe(5);
      expect(await textOf(await exports.read(idOf(1)))).toBe("again");
    });

    it("stores an empty file", async () => {
      const exports = store.forTenant("acme");
      expect(await exports.write(idOf(1), chunks())).toBe(0);
      expect(await textOf(await exports.read(idOf(1)))).toBe("");
    });

    it("stores a large file, pulling no faster than it writes", async () => {
      const exports = store.forTenant("acme");
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

    it("names all files that are whole, by tenant", async () => {
      const ids = ["a", "A b/c", "ä%2e", idOf(1)];
      for (const id of ids) await store.forTenant("acme").write(id, chunks("x"));
      await store.forTenant("other").write(idOf(2), chunks("x"));
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(Buffer.from("x"));
        expect(new Set((await store.all()).get("acme"))).toEqual(new Set(ids));
        throw new Error("broken off");
      };
      await expect(store.forTenant("acme").write(idOf(3), failing())).rejects.toThrow("broken off");
      await store.forTenant("other").remove(idOf(2));
      const all = await store.all();
      expect(new Set(all.get("acme"))).toEqual(new Set(ids));
      expect(all.get("other") ?? []).toEqual([]);
    });

    it("keeps those files that a record names when it sweeps, and those being written", async () => {
      const services = { exportFiles: store, records: recordsOf(["named"]), ids: { next: () => "r" } };
      for (const id of ["named", "nobody's"]) await store.forTenant("acme").write(id, chunks("x"));
      await store.forTenant("gone").write("nobody's", chunks("x"));
      let swept = 0;
      const writing = async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(Buffer.from("half"));
        swept = await sweepExportFiles(services);
        yield Buffer.from("whole");
      };
      await store.forTenant("acme").write("written", writing());
      expect(swept).toBe(2);
      expect(new Set((await store.all()).get("acme"))).toEqual(new Set(["named", "written"]));
      expect(await textOf(await store.forTenant("acme").read("named"))).toBe("x");
    });

    it("shows no file before it is whole", async () => {
      const exports = store.forTenant("acme");
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

    it("removes a file, and does not mind when there is none", async () => {
      const exports = store.forTenant("acme");
      await exports.write(idOf(1), chunks("x"));
      await exports.remove(idOf(1));
      await exports.remove(idOf(1));
      await expect(exports.read(idOf(1))).rejects.toMatchObject({ code: "export.not-found" });
    });

    it("keeps tenants apart, also with the same ids", async () => {
      const [acme, other] = [store.forTenant("acme"), store.forTenant("other")];
      await acme.write(idOf(1), chunks("acme's"));
      await expect(other.read(idOf(1))).rejects.toMatchObject({ code: "export.not-found" });
      await other.write(idOf(1), chunks("other's"));
      await other.remove(idOf(1));
      expect(await textOf(await acme.read(idOf(1)))).toBe("acme's");
    });

    it.each(["../acme/stolen", "..", ".", "a/b", "a\\b", "%2e%2e", "/etc/passwd", "nul\u0000byte", "ä", " "])(
      "does not take the id %j for a path",
      async (id) => {
        const [acme, other] = [store.forTenant("acme"), store.forTenant("other")];
        await acme.write(idOf(1), chunks("acme's"));
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
