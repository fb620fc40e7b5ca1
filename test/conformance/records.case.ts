import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../src/ports/clock.ts";
import {
  type RecordChange,
  RecordConflict,
  type RecordEntry,
  type RecordPage,
  type RecordSpace,
  type RecordStore,
} from "../../src/ports/records.ts";
import type { Fresh } from "./lib/fresh.ts";

const START = Date.parse("2024-10-01T00:00:00Z");
const later = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

let revisions = 0;
const entry = (id: string, more: Partial<RecordEntry> = {}): RecordEntry => ({
  kind: "thing",
  id,
  revision: `r${++revisions}`,
  version: 1,
  body: { id, text: "Größe 📊", list: [1, null, "x"] },
  ...more,
});
const account = (...values: string[]) => ({
  uniqueKeys: values.map((value) => ({ name: "account", value })),
});

/** What every store of records must do. @param create makes an empty store, for each test anew */
export function recordCases(name: string, create: (clock: Clock) => Promise<Fresh<RecordStore>>): void {
  describe(`records: ${name}`, () => {
    let fresh: Fresh<RecordStore>;
    let store: RecordStore;
    let space: RecordSpace;
    let now: Date;
    beforeEach(async () => {
      now = new Date(START);
      fresh = await create({ now: () => now });
      store = fresh.store;
      space = store.forTenant("acme");
    });
    afterEach(() => fresh.close());

    const add = async (after: RecordEntry, to = space): Promise<RecordEntry> => {
      await to.write([{ after }]);
      return after;
    };
    const refusal = async (...changes: RecordChange[]): Promise<RecordConflict> => {
      const error: unknown = await space.write(changes).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error instanceof RecordConflict) return error;
      throw new Error("it was not refused", { cause: error });
    };
    const ids = async (page: Partial<RecordPage>, from = space, kind = "thing"): Promise<string[]> =>
      (await from.list(kind, { limit: 100, by: "id", descending: false, ...page })).map(({ id }) => id);

    it("gives back what was written, in full, and nothing before that", async () => {
      expect(await space.get("thing", "a")).toBeUndefined();
      expect(await ids({})).toEqual([]);
      const { id, revision, version, body } = await add(entry("a", { version: 3 }));
      expect(await space.get("thing", "a")).toEqual({ id, revision, version, body });
      expect(await space.get("thing", "b")).toBeUndefined();
      expect(await space.list("thing", { limit: 1, by: "id", descending: false })).toEqual([
        { id, revision, version, body },
      ]);
    });

    it("keeps tenants, the service and kinds apart, also with the same ids and unique keys", async () => {
      const spaces = [space, store.forTenant("other"), store.forTenant("acm"), store.service];
      const kinds = ["thing", "things", "thin"];
      for (const [i, each] of spaces.entries()) {
        for (const kind of kinds) await add(entry("a", { kind, body: `${i} ${kind}`, position: "p" }), each);
        await add(entry("b", { ...account("1"), body: i }), each);
      }
      for (const [i, each] of spaces.entries()) {
        for (const kind of kinds) {
          expect((await each.get(kind, "a"))?.body).toBe(`${i} ${kind}`);
          expect(await ids({}, each, kind)).toEqual(kind === "thing" ? ["a", "b"] : ["a"]);
          expect(await ids({ by: "position" }, each, kind)).toEqual(["a"]);
        }
      }
      const before = entry("a");
      await space.write([{ before: { ...before, ...(await space.get("thing", "a"))!, position: "p" } }]);
      expect(await ids({})).toEqual(["b"]);
      for (const each of spaces.slice(1)) expect(await ids({}, each)).toEqual(["a", "b"]);
    });

    it("refuses to create what is there, and keeps that", async () => {
      const there = await add(entry("a"));
      expect((await refusal({ after: entry("a", { body: "other" }) })).conflict).toEqual({
        reason: "exists",
      });
      expect((await space.get("thing", "a"))?.revision).toBe(there.revision);
    });

    it("replaces and removes what is as it was read, and refuses what was changed meanwhile", async () => {
      const first = await add(entry("a"));
      const second = entry("a", { body: "second", version: 2 });
      await space.write([{ before: first, after: second }]);
      expect(await space.get("thing", "a")).toMatchObject({ body: "second", version: 2 });
      const changed = { kind: "thing", id: "a", conflict: { reason: "changed" } };
      expect(await refusal({ before: first, after: entry("a") })).toMatchObject(changed);
      expect(await refusal({ before: first })).toMatchObject(changed);
      expect((await space.get("thing", "a"))?.body).toBe("second");
      await space.write([{ before: second }]);
      expect(await space.get("thing", "a")).toBeUndefined();
      expect(await ids({})).toEqual([]);
    });

    it("refuses to replace or remove what is not there", async () => {
      const gone = entry("a");
      await add(gone, store.forTenant("other"));
      expect((await refusal({ before: gone, after: entry("a") })).conflict).toEqual({ reason: "missing" });
      expect((await refusal({ before: gone })).conflict).toEqual({ reason: "missing" });
      expect(await space.get("thing", "a")).toBeUndefined();
    });

    it.each(["../b", "a/b", "a#b", "thing#a", "é📊", " ", "a\u0000b", "x".repeat(500)])(
      "takes the id %j as it is",
      async (id) => {
        await add(entry(id));
        expect((await space.get("thing", id))?.id).toBe(id);
        expect(await ids({})).toEqual([id]);
      },
    );

    it("lists by id, either way, page by page, also behind a record that is gone by now", async () => {
      for (const id of ["3", "1", "5", "2", "4"]) await add(entry(id));
      expect(await ids({ limit: 2 })).toEqual(["1", "2"]);
      await space.write([{ before: { ...entry("2"), ...(await space.get("thing", "2"))! } }]);
      expect(await ids({ limit: 2, after: "2" })).toEqual(["3", "4"]);
      expect(await ids({ limit: 2, after: "4" })).toEqual(["5"]);
      expect(await ids({ limit: 2, after: "5" })).toEqual([]);
      expect(await ids({ limit: 4, descending: true })).toEqual(["5", "4", "3", "1"]);
      expect(await ids({ descending: true, after: "3" })).toEqual(["1"]);
      expect(await ids({ descending: true, after: "9" })).toEqual(["5", "4", "3", "1"]);
      expect(await ids({ descending: true, after: "0" })).toEqual([]);
    });

    it("sorts as bytes do, and not as words", async () => {
      const sorted = ["10", "2", "B", "a", "a-b", "ab", "é", "📊"];
      for (const id of sorted.toReversed()) await add(entry(id));
      expect(await ids({})).toEqual(sorted);
    });

    it("lists what begins with a text", async () => {
      for (const id of ["a", "b/1", "b/2", "b/3", "b0", "c"]) await add(entry(id));
      expect(await ids({ prefix: "b/" })).toEqual(["b/1", "b/2", "b/3"]);
      expect(await ids({ prefix: "b/", limit: 2, descending: true })).toEqual(["b/3", "b/2"]);
      expect(await ids({ prefix: "b/", after: "b/2" })).toEqual(["b/3"]);
      expect(await ids({ prefix: "b/", after: "a" })).toEqual(["b/1", "b/2", "b/3"]);
      expect(await ids({ prefix: "b/", after: "c" })).toEqual([]);
      expect(await ids({ prefix: "b/", after: "c", descending: true })).toEqual(["b/3", "b/2", "b/1"]);
      expect(await ids({ prefix: "b/", after: "a", descending: true })).toEqual([]);
      expect(await ids({ prefix: "d" })).toEqual([]);
    });

    it("lists by position, which changes with the record, and leaves out records without one", async () => {
      const first = await add(entry("a", { position: "2024-10-03" }));
      await add(entry("b", { position: "2024-10-01" }));
      await add(entry("c", { position: "2024-10-02" }));
      await add(entry("d"));
      const by = "position";
      expect(await ids({ by })).toEqual(["b", "c", "a"]);
      expect(await ids({ by, descending: true, limit: 2 })).toEqual(["a", "c"]);
      expect(await ids({ by, after: "2024-10-02" })).toEqual(["a"]);
      expect(await ids({ by, prefix: "2024-10-02" })).toEqual(["c"]);
      const second = entry("a", { position: "2024-10-00", body: "moved" });
      await space.write([{ before: first, after: second }]);
      expect(await ids({ by })).toEqual(["a", "b", "c"]);
      const listed = await space.list("thing", { limit: 1, by, descending: false });
      expect(listed).toMatchObject([{ id: "a", body: "moved", revision: second.revision }]);
      await space.write([{ before: second }]);
      expect(await ids({ by })).toEqual(["b", "c"]);
    });

    it("lists more than one request of a database gives", async () => {
      const all = Array.from({ length: 230 }, (_, i) => String(i).padStart(3, "0"));
      const body = "x".repeat(8_000);
      for (let at = 0; at < all.length; at += 10)
        await space.write(
          all.slice(at, at + 10).map((id) => ({ after: entry(id, { body: body + id, position: id }) })),
        );
      expect(await ids({ limit: 229 })).toEqual(all.slice(0, 229));
      expect(await ids({ limit: 1000, by: "position" })).toEqual(all);
    });

    it("gives a unique key to one record, and names who has it", async () => {
      await add(entry("a", account("1", "2")));
      const taken = await refusal({ after: entry("b", account("3", "2")) });
      expect(taken).toMatchObject({
        id: "b",
        conflict: { reason: "taken", key: { name: "account", value: "2" }, holder: "a" },
      });
      expect(await space.get("thing", "b")).toBeUndefined();
      const second = await add(entry("b", account("3")));
      expect(
        (await refusal({ before: second, after: entry("b", account("3", "1")) })).conflict,
      ).toMatchObject({
        holder: "a",
      });
    });

    it("frees the unique keys that a record gives up, with the change that does so", async () => {
      let a = await add(entry("a", account("1", "2", "3")));
      const change = async (next: RecordEntry): Promise<void> => {
        await space.write([{ before: a, after: next }]);
        a = next;
      };
      await change(entry("a", account("2", "4")));
      const b = await add(entry("b", account("1")));
      await change(entry("a", account("2", "3")));
      await space.write([{ before: b }]);
      await change(entry("a", account("1", "2", "3", "4")));
      expect((await refusal({ after: entry("c", account("4")) })).conflict).toMatchObject({ holder: "a" });
      await space.write([{ before: a }]);
      await add(entry("c", account("1", "2", "3", "4")));
    });

    it("takes a record with more unique keys than fit into a transaction, or none of them", async () => {
      const many = (from: number) => account(...Array.from({ length: 230 }, (_, i) => `${from + i}`));
      const taken = await add(entry("a", account("1229")));
      expect((await refusal({ after: entry("b", many(1000)) })).conflict).toMatchObject({ holder: "a" });
      const free = await add(entry("c", account("1000", "1100")));
      await space.write([{ before: free }, { before: taken }]);
      const large = await add(entry("b", many(1000)));
      await space.write([{ before: large, after: entry("b", many(1230)) }]);
      await add(entry("d", many(1000)));
    });

    it("makes several changes together, or none of them", async () => {
      const [a, b] = [await add(entry("a")), await add(entry("b"))];
      const next = entry("a", { body: "next" });
      await space.write([
        { before: a, after: next },
        { before: b },
        { after: entry("c", { kind: "other" }) },
      ]);
      expect([await ids({}), await ids({}, space, "other")]).toEqual([["a"], ["c"]]);
      const refused = await refusal(
        { before: next, after: entry("a", { body: "lost" }) },
        { after: entry("d") },
        { after: entry("c", { kind: "other" }) },
      );
      expect(refused).toMatchObject({ kind: "other", id: "c", conflict: { reason: "exists" } });
      expect(await ids({})).toEqual(["a"]);
      expect((await space.get("thing", "a"))?.body).toBe("next");
      const stale = await refusal({ after: entry("d") }, { before: a, after: entry("a") });
      expect(stale).toMatchObject({ id: "a", conflict: { reason: "changed" } });
      expect(await ids({})).toEqual(["a"]);
      const missing = await refusal({ after: entry("d") }, { before: b });
      expect(missing).toMatchObject({ id: "b", conflict: { reason: "missing" } });
    });

    it("lets one of many win who create, or replace, at the same time", async () => {
      const win = async (changes: RecordChange[]): Promise<RecordEntry> => {
        const outcomes = await Promise.allSettled(changes.map((change) => space.write([change])));
        const winners = changes.filter((_, i) => outcomes[i]?.status === "fulfilled");
        expect(winners).toHaveLength(1);
        const after = winners[0]!.after!;
        expect((await space.get("thing", "a"))?.revision).toBe(after.revision);
        return after;
      };
      const writers = Array.from({ length: 8 }, (_, i) => i);
      const before = await win(writers.map((body) => ({ after: entry("a", { body }) })));
      await win(writers.map((body) => ({ before, after: entry("a", { body }) })));
      const claims = await Promise.allSettled(
        writers.map((i) => space.write([{ after: entry(`c${i}`, account("9")) }])),
      );
      expect(claims.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    it("forgets a record when its time is over, whether or not it was read before", async () => {
      const short = await add(entry("a", { expiresAt: later(60), position: "1", ...account("1") }));
      await add(entry("b", { expiresAt: later(120), position: "2" }));
      await add(entry("c", { position: "3" }));
      expect([await ids({ limit: 2 }), await ids({ by: "position" })]).toEqual([
        ["a", "b"],
        ["a", "b", "c"],
      ]);
      now = new Date(START + 60_000);
      expect(await space.get("thing", "a")).toBeUndefined();
      expect([await ids({ limit: 2 }), await ids({ by: "position" })]).toEqual([
        ["b", "c"],
        ["b", "c"],
      ]);
      expect((await refusal({ before: short, after: entry("a") })).conflict).toEqual({ reason: "missing" });
      expect((await refusal({ before: short })).conflict).toEqual({ reason: "missing" });
      await add(entry("d", account("1")));
      await add(entry("a", { body: "again" }));
      expect((await space.get("thing", "a"))?.body).toBe("again");
    });

    it("answers with what was written, however often it was asked before", async () => {
      let before = await add(entry("a", { body: 0 }));
      for (let i = 1; i <= 5; i++) {
        expect([await ids({}), (await space.get("thing", "a"))?.body]).toEqual([["a"], i - 1]);
        const after = entry("a", { body: i });
        await space.write([{ before, after }]);
        await refusal({ before, after: entry("a", { body: "lost" }) });
        before = after;
      }
      expect((await space.get("thing", "b"))?.body).toBeUndefined();
      await add(entry("b"));
      expect([await ids({}), (await space.get("thing", "b"))?.id]).toEqual([["a", "b"], "b"]);
    });
  });
}
