import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Records } from "../../src/app/records/records.ts";
import type { ExportJob } from "../../src/core/exports/export-job.ts";
import type { ExportFiles, ExportLeg, TenantExportFiles } from "../../src/ports/export-files.ts";
import type { RecordStore } from "../../src/ports/records.ts";
import { collect } from "../support/documents.ts";
import { exportsIn } from "../support/stored.ts";
import type { Fresh } from "./lib/fresh.ts";

const ID = "01920000-0000-7001-8000-000000000000";
const running: ExportJob = {
  ...{ id: ID, title: "Costs", format: "csv", fileName: "costs.csv", status: "running" },
  ...{ rowsWritten: 0, rowsTotal: 9, bytes: null, manifest: null, error: null, requestedBy: "alice" },
  ...{ createdAt: "2024-10-01T00:00:00.000Z", finishedAt: null, expiresAt: "2030-12-30T00:00:00.000Z" },
};
const done: ExportJob = { ...running, status: "done", finishedAt: "2024-10-01T00:01:00.000Z" };
const LONG = 60_000;

interface Store {
  records: RecordStore;
  exportFiles: ExportFiles;
}

/** What every store must do whose export files can be written in legs. @param create makes an empty store */
export function exportLegsCases(name: string, create: () => Promise<Fresh<Store>>): void {
  describe(`files in legs: ${name}`, () => {
    let fresh: Fresh<Store>;
    let exports: TenantExportFiles;
    let jobs: Records<ExportJob>;
    beforeEach(async () => {
      fresh = await create();
      exports = fresh.store.exportFiles.forTenant("acme");
      jobs = exportsIn(fresh.store, "acme");
      await jobs.create(running);
    });
    afterEach(() => fresh.close());

    const take = async (milliseconds = LONG): Promise<ExportLeg> => {
      const leg = await exports.legs?.take(ID, milliseconds);
      if (leg === undefined) throw new Error("the leg was not given");
      return leg;
    };

    it.each([
      ["small", 10],
      ["of more bytes than are stored at once", 4_000_000],
    ])("stores a file that is %s over three legs, and shows it when it is whole", async (_name, size) => {
      const parts = [1, 2, 3].map((value) => Buffer.alloc(size, value));
      for (const [i, part] of parts.entries()) {
        const leg = await take();
        expect([leg.number, leg.checkpoint]).toEqual([
          i,
          i === 0 ? undefined : { at: i, seen: new Map([[i, "x"]]) },
        ]);
        await leg.add(part);
        if (i < 2)
          await leg.leave({ ...running, rowsWritten: i + 1 }, { at: i + 1, seen: new Map([[i + 1, "x"]]) });
        else {
          await expect(exports.read(ID)).rejects.toMatchObject({ code: "export.not-found" });
          expect(await leg.complete()).toBe(size * 3);
          await leg.end(done);
        }
        expect((await jobs.find(ID))?.record.rowsWritten).toBe(i < 2 ? i + 1 : 0);
      }
      expect((await jobs.get(ID)).record).toEqual(done);
      expect((await collect(await exports.read(ID))).equals(Buffer.concat(parts))).toBe(true);
    });

    it("gives a leg to one of many who ask at the same time", async () => {
      const asked = await Promise.all(Array.from({ length: 5 }, async () => exports.legs?.take(ID, LONG)));
      expect(asked.filter((leg) => leg !== undefined)).toHaveLength(1);
    });

    it("gives a leg again when whoever had it must be gone, who then changes nothing any more", async () => {
      const dead = await take(-1);
      const next = await take();
      const lost = { code: "export.leg-lost", kind: "conflict" };
      await expect(dead.tell({ ...running, rowsWritten: 5 })).rejects.toMatchObject(lost);
      await expect(dead.end(done)).rejects.toMatchObject(lost);
      await next.tell({ ...running, rowsWritten: 7 });
      expect((await jobs.get(ID)).record).toMatchObject({ status: "running", rowsWritten: 7 });
    });

    it("gives no leg of a job that is gone or has ended", async () => {
      expect(await exports.legs?.take("01920000-0000-7002-8000-000000000000", LONG)).toBeUndefined();
      const leg = await take();
      await leg.end({ ...running, status: "failed", error: { code: "x", message: "y" } });
      expect(await exports.legs?.take(ID, LONG)).toBeUndefined();
      await expect(exports.read(ID)).rejects.toMatchObject({ code: "export.not-found" });
    });

    it("forgets all bytes when it starts over", async () => {
      const first = await take();
      await first.add(Buffer.alloc(6_000_000, 1));
      await first.leave(running, 1);
      const leg = await take();
      await leg.add(Buffer.from("lost"));
      await leg.startOver();
      await leg.add(Buffer.from("kept"));
      expect(await leg.complete()).toBe(4);
      await leg.end(done);
      expect((await collect(await exports.read(ID))).toString()).toBe("kept");
    });

    it("has no file and no record when it was removed midway", async () => {
      const leg = await take();
      await leg.add(Buffer.from("x"));
      await exports.remove(ID);
      await jobs.remove(ID);
      await expect(leg.leave(running, 1)).rejects.toMatchObject({ code: "export.leg-lost" });
      expect(await jobs.find(ID)).toBeUndefined();
      await expect(exports.read(ID)).rejects.toMatchObject({ code: "export.not-found" });
    });
  });
}
