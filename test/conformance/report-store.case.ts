import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReportStore, SavedReport } from "../../src/ports/report-store.ts";
import type { Fresh } from "./lib/fresh.ts";

/** Ids as the id maker gives them: they sort by time of creation. */
const idOf = (n: number): string => `01920000-0000-7${String(n).padStart(3, "0")}-8000-000000000000`;

function report(n: number, more: Partial<SavedReport> = {}): SavedReport {
  return {
    id: idOf(n),
    definition: {
      title: `Report ${n} – Übersicht 📊`,
      description: "",
      range: { preset: "30d" },
      sections: [],
    },
    createdBy: "alice",
    createdAt: `2024-10-01T00:00:${String(n).padStart(2, "0")}.000Z`,
    updatedAt: `2024-10-01T00:00:${String(n).padStart(2, "0")}.000Z`,
    etag: `etag-${n}`,
    ...more,
  };
}

/** What every report store must do. @param create makes an empty store, for each test anew */
export function reportStoreCases(name: string, create: () => Promise<Fresh<ReportStore>>): void {
  describe(`report store: ${name}`, () => {
    let fresh: Fresh<ReportStore>;
    let store: ReportStore;
    beforeEach(async () => {
      fresh = await create();
      store = fresh.store;
    });
    afterEach(() => fresh.close());

    it("gives back what was saved, in full", async () => {
      const reports = store.forTenant("acme");
      await reports.create(report(1));
      expect(await reports.get(idOf(1))).toEqual(report(1));
      expect(await reports.get(idOf(2))).toBeUndefined();
    });

    it("refuses an id that is taken, and keeps the report there is", async () => {
      const reports = store.forTenant("acme");
      await reports.create(report(1));
      await expect(reports.create(report(1, { etag: "other" }))).rejects.toMatchObject({
        code: "report.exists",
      });
      expect((await reports.get(idOf(1)))?.etag).toBe("etag-1");
    });

    it("keeps tenants apart, also with the same ids", async () => {
      await store.forTenant("acme").create(report(1));
      const other = store.forTenant("other");
      expect(await other.get(idOf(1))).toBeUndefined();
      expect(await other.list({ limit: 10 })).toEqual([]);
      await other.create(report(1, { createdBy: "bob" }));
      await other.remove(idOf(1));
      expect((await store.forTenant("acme").get(idOf(1)))?.createdBy).toBe("alice");
    });

    it("lists newest first, page by page, also behind a report that is gone by now", async () => {
      const reports = store.forTenant("acme");
      for (const n of [3, 1, 5, 2, 4]) await reports.create(report(n));
      const page = async (after?: string): Promise<string[]> =>
        (await reports.list({ limit: 2, ...(after !== undefined && { after }) })).map((r) => r.id);
      expect(await page()).toEqual([idOf(5), idOf(4)]);
      await reports.remove(idOf(4));
      expect(await page(idOf(4))).toEqual([idOf(3), idOf(2)]);
      expect(await page(idOf(2))).toEqual([idOf(1)]);
      expect(await page(idOf(1))).toEqual([]);
    });

    it("replaces a report that is as expected", async () => {
      const reports = store.forTenant("acme");
      await reports.create(report(1));
      const changed = report(1, { etag: "etag-1b", updatedAt: "2024-10-02T00:00:00.000Z" });
      await reports.replace(changed, "etag-1");
      expect(await reports.get(idOf(1))).toEqual(changed);
      expect(await reports.list({ limit: 10 })).toEqual([changed]);
    });

    it("refuses to replace or remove what was changed meanwhile", async () => {
      const reports = store.forTenant("acme");
      await reports.create(report(1));
      await reports.replace(report(1, { etag: "newer" }), "etag-1");
      const stale = { code: "report.changed", kind: "precondition" };
      await expect(reports.replace(report(1, { etag: "mine" }), "etag-1")).rejects.toMatchObject(stale);
      await expect(reports.remove(idOf(1), "etag-1")).rejects.toMatchObject(stale);
      expect((await reports.get(idOf(1)))?.etag).toBe("newer");
      await reports.remove(idOf(1), "newer");
      expect(await reports.get(idOf(1))).toBeUndefined();
    });

    it("refuses to replace or remove what is not there", async () => {
      const missing = { code: "report.not-found", kind: "not-found" };
      const reports = store.forTenant("acme");
      await expect(reports.replace(report(1), "etag-1")).rejects.toMatchObject(missing);
      await expect(reports.remove(idOf(1))).rejects.toMatchObject(missing);
      await store.forTenant("other").create(report(1));
      await expect(reports.remove(idOf(1), "etag-1")).rejects.toMatchObject(missing);
    });

    it("lets one of many win who replace at the same time", async () => {
      const reports = store.forTenant("acme");
      await reports.create(report(1));
      const writers = Array.from({ length: 8 }, (_, i) =>
        reports.replace(report(1, { etag: `w${i}` }), "etag-1"),
      );
      const outcomes = await Promise.allSettled(writers);
      const winner = outcomes.findIndex((o) => o.status === "fulfilled");
      expect(outcomes.filter((o) => o.status === "fulfilled")).toHaveLength(1);
      expect((await reports.get(idOf(1)))?.etag).toBe(`w${winner}`);
    });
  });
}
