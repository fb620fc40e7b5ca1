import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Connection, makeConnection } from "../../src/core/connections/connection.ts";
import type { ConnectionStore, SyncRun } from "../../src/ports/connection-store.ts";
import type { Fresh } from "./lib/fresh.ts";

const connection = (id: string): Connection =>
  makeConnection(
    {
      ...{ kind: "s3-cost-export", id, region: "eu-west-1", tenant: "acme" },
      roleArn: "arn:aws:iam::012345678901:role/r",
      externalId: "x-1",
      settings: { bucket: "bills", prefix: "földer" },
    },
    "2025-03-10T00:00:00.000Z",
  );

const run = (id: string, more: Partial<SyncRun> = {}): SyncRun => ({
  ...{ id, status: "running", dryRun: false, finishedAt: null, progress: null, report: null, error: null },
  startedAt: "2025-03-10T10:00:00.000Z",
  aliveUntil: "2025-03-10T10:05:00.000Z",
  ...more,
});

/** What every connection store must do. @param create makes an empty store, for each test anew */
export function connectionStoreCases(name: string, create: () => Promise<Fresh<ConnectionStore>>): void {
  describe(`connection store: ${name}`, () => {
    let fresh: Fresh<ConnectionStore>;
    let store: ConnectionStore;
    beforeEach(async () => {
      fresh = await create();
      store = fresh.store;
    });
    afterEach(() => fresh.close());

    it("gives back what was added, in full, and lists by id", async () => {
      expect(await store.list()).toEqual([]);
      for (const id of ["b", "a", "c-1"]) await store.add(connection(id));
      expect(await store.get("a")).toEqual({ connection: connection("a"), marks: {}, lastRun: null });
      expect(await store.get("d")).toBeUndefined();
      expect((await store.list()).map((stored) => stored.connection.id)).toEqual(["a", "b", "c-1"]);
    });

    it("refuses an id that is taken, and forgets what is removed", async () => {
      await store.add(connection("a"));
      await expect(store.add(connection("a"))).rejects.toMatchObject({ code: "connection.exists" });
      await store.remove("a");
      expect(await store.get("a")).toBeUndefined();
      await expect(store.remove("a")).rejects.toMatchObject({ code: "connection.not-found" });
      await expect(store.begin("a", run("1"), "2025-03-10T10:00:00.000Z")).rejects.toMatchObject({
        code: "connection.not-found",
      });
    });

    it("gives a connection to one run at a time, until that ends or is dead", async () => {
      await store.add(connection("a"));
      await store.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
      const second = () => store.begin("a", run("2"), "2025-03-10T10:04:59.000Z");
      await expect(second()).rejects.toMatchObject({ code: "sync.running", kind: "conflict" });
      expect(await store.update("a", run("1", { status: "done" }))).toBe(true);
      await second();
      await store.begin("a", run("3"), "2025-03-10T10:05:00.000Z");
      expect((await store.get("a"))?.lastRun?.id).toBe("3");
    });

    it("lets the next part of a run take over from the part before, once, and nobody from a later one", async () => {
      await store.add(connection("a"));
      await store.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
      const part = (part: number, now: string, id = "1") => store.begin("a", run(id, { part }), now);
      await part(2, "2025-03-10T10:01:00.000Z");
      await expect(part(2, "2025-03-10T10:02:00.000Z")).rejects.toMatchObject({ code: "sync.running" });
      // Its event may come again when it died.
      await part(2, "2025-03-10T10:05:00.000Z");
      await part(3, "2025-03-10T10:02:00.000Z");
      await expect(part(2, "2025-03-10T10:09:00.000Z")).rejects.toMatchObject({ code: "sync.lost" });
      await expect(part(2, "2025-03-10T10:09:00.000Z", "2")).rejects.toMatchObject({ code: "sync.lost" });
      await store.update("a", run("1", { part: 3, status: "done" }));
      await expect(part(4, "2025-03-10T10:02:00.000Z")).rejects.toMatchObject({ code: "sync.lost" });
      expect((await store.get("a"))?.lastRun).toMatchObject({ id: "1", part: 3, status: "done" });
    });

    it("lets one of two win that begin at the same time", async () => {
      await store.add(connection("a"));
      const begun = await Promise.allSettled(
        ["1", "2"].map((id) => store.begin("a", run(id), "2025-03-10T10:00:00.000Z")),
      );
      expect(begun.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    it("adds marks to those there are, and takes nothing from a run that was taken over", async () => {
      await store.add(connection("a"));
      await store.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
      await store.update("a", run("1"), { "2025-01": "x", "2025-02": "y" });
      await store.update("a", run("1", { progress: "…" }), { "2025-02": "z" });
      expect(await store.get("a")).toMatchObject({
        marks: { "2025-01": "x", "2025-02": "z" },
        lastRun: { progress: "…" },
      });
      expect(await store.update("a", run("other"), { "2025-02": "lost" })).toBe(false);
      expect(await store.update("nobody", run("1"))).toBe(false);
      expect((await store.get("a"))?.marks["2025-02"]).toBe("z");
    });
  });
}
