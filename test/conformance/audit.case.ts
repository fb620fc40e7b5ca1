import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds, systemClock } from "../../src/adapters/embedded/clock.ts";
import { sha256 } from "../../src/runtimes/digest.ts";
import { type AuditPorts, appendAudit, entriesOf, hashOf, headsOf } from "../../src/app/audit/log.ts";
import { listAudit, verifyAudit } from "../../src/app/audit/read.ts";
import { AUDIT } from "../../src/app/records/kinds.ts";
import type { AuditEntry, AuditEvent } from "../../src/core/audit/entry.ts";
import type { RecordChange, RecordStore } from "../../src/ports/records.ts";
import type { Fresh } from "./lib/fresh.ts";

const event = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  action: "report.change",
  outcome: "done",
  actor: { subject: "ada", role: "analyst" },
  from: { ip: "192.0.2.7", agent: "test" },
  operation: "replaceReport",
  object: { kind: "report", id: "r" },
  asked: { params: { id: "r" } },
  changes: [{ kind: "report", id: "r", before: { title: "a" }, after: { title: "ä", "2": 1, "1": [null] } }],
  problem: null,
  requestId: "q",
  ...more,
});

/** The audit log, on any store of records. */
export function auditCases(name: string, open: () => Promise<Fresh<RecordStore>>): void {
  describe(`the audit log on ${name}`, () => {
    let fresh: Fresh<RecordStore>;
    let services: AuditPorts;
    beforeEach(async () => {
      fresh = await open();
      services = {
        digest: sha256,
        records: fresh.store,
        ids: createIds(systemClock),
        clock: systemClock,
      };
    });
    afterEach(() => fresh.close());

    const all = async (tenant: string | null): Promise<AuditEntry[]> =>
      (await entriesOf(services, tenant).all()).map(({ record }) => record).toReversed();

    /** Changes the store behind the log's back. */
    async function meddle(
      seq: number,
      change: ((entry: AuditEntry) => AuditEntry) | "remove",
    ): Promise<void> {
      const id = AUDIT.id({ seq } as AuditEntry);
      const space = fresh.store.forTenant("acme");
      const found = await space.get("audit", id);
      if (found === undefined) throw new Error("there is no such entry");
      const before = { ...found, kind: "audit" };
      const record: RecordChange =
        change === "remove"
          ? { before }
          : { before, after: { ...before, revision: "meddled", body: change(found.body as AuditEntry) } };
      await space.write([record]);
    }

    it("gives many writers at once a number each, and links all entries", async () => {
      const writers = Array.from({ length: 30 }, (_, i) =>
        appendAudit(services, "acme", event({ requestId: `request ${i}` })),
      );
      await Promise.all([
        ...writers,
        appendAudit(services, null, event()),
        appendAudit(services, "beta", event()),
      ]);
      const entries = await all("acme");
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
      expect(new Set(entries.map(({ requestId }) => requestId)).size).toBe(30);
      expect(await verifyAudit(services, "acme")).toMatchObject({ intact: true, entries: 30, broken: null });
      for (const other of [null, "beta"])
        expect(await verifyAudit(services, other)).toMatchObject({ intact: true, entries: 1 });
      expect(await verifyAudit(services, "nobody")).toEqual({
        ...{ intact: true, entries: 0, head: null, broken: null },
      });
    });

    describe("that holds ten entries", () => {
      beforeEach(async () => {
        for (let i = 1; i <= 10; i++) await appendAudit(services, "acme", event({ requestId: String(i) }));
      });

      it.each([
        ["an entry was changed", 4, (e: AuditEntry) => ({ ...e, actor: { ...e.actor, subject: "eve" } }), 4],
        ["what was before was changed", 7, (e: AuditEntry) => ({ ...e, changes: [] }), 7],
        ["the first was removed", 1, "remove", 1],
        ["one in the middle was removed", 5, "remove", 5],
        ["the last was removed", 10, "remove", 10],
      ] as const)("names the first broken link where %s", async (_, seq, change, broken) => {
        await meddle(seq, change);
        const check = await verifyAudit(services, "acme");
        expect(check).toMatchObject({ intact: false, broken: { seq: broken } });
      });

      it("names an entry that was written anew with a hash of its own", async () => {
        await meddle(6, (entry) => {
          const forged = { ...entry, actor: { ...entry.actor, subject: "eve" } };
          return { ...forged, hash: hashOf(forged, sha256()) };
        });
        expect(await verifyAudit(services, "acme")).toMatchObject({ broken: { seq: 7 } });
      });

      it("finds its end gone though its head was set back: the head is noted elsewhere, too", async () => {
        const { head: known } = await verifyAudit(services, "acme");
        await meddle(10, "remove");
        await meddle(9, "remove");
        const heads = headsOf(services, "acme");
        const [, , , , , , , eighth] = await all("acme");
        await heads.change("head", () => ({ id: "head", seq: 8, hash: eighth?.hash ?? "" }));
        const check = await verifyAudit(services, "acme");
        expect(check).toMatchObject({ intact: false, entries: 8, broken: { seq: 9 } });
        // And whoever kept a head needs no note of the store.
        if (known === null) throw new Error("there is a head");
        expect(await verifyAudit(services, "acme", known)).toMatchObject({ broken: { seq: 9 } });
        expect(await verifyAudit(services, "acme", { ...known, hash: "0".repeat(64) })).toMatchObject({
          intact: false,
        });
      });

      it("is listed by pages and filters, newest first", async () => {
        await appendAudit(
          services,
          "acme",
          event({ action: "report.delete", actor: { subject: "eve", role: null } }),
        );
        const ids = async (filter: Parameters<typeof listAudit>[2]): Promise<(string | null)[]> => {
          const found: (string | null)[] = [];
          let after: string | undefined;
          do {
            const page = await listAudit(services, "acme", {
              ...filter,
              ...(after !== undefined && { after }),
            });
            expect(page.items.length).toBeLessThanOrEqual(filter.limit ?? 50);
            found.push(...page.items.map(({ requestId }) => requestId));
            after = page.next ?? undefined;
          } while (after !== undefined);
          return found;
        };
        const newestFirst = ["q", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"];
        for (const limit of [1, 3, 10, 11, 12]) expect(await ids({ limit })).toEqual(newestFirst);
        expect(await ids({ action: "report.delete" })).toEqual(["q"]);
        expect(await ids({ actor: "ada", limit: 4 })).toEqual(newestFirst.slice(1));
        expect(await ids({ object: "r", limit: 4 })).toEqual(newestFirst);
        expect(await ids({ object: "other" })).toEqual([]);
        expect(await ids({ from: "2000-01-01T00:00:00Z", to: "2001-01-01T00:00:00Z" })).toEqual([]);
        expect(await ids({ from: "2000-01-01T00:00:00Z", to: "2999-01-01T00:00:00Z" })).toEqual(newestFirst);
      });
    });

    it("keeps long texts by their hash, so that an entry stays small", async () => {
      const logo = "data:".padEnd(300_000, "x");
      const changes = [{ kind: "tenant", id: "acme", before: null, after: { name: "Acme", logo } }];
      const { hash } = await appendAudit(services, "acme", event({ changes }));
      const [entry] = await all("acme");
      expect(entry).toMatchObject({ hash, changes: [{ before: null, after: { name: "Acme" } }] });
      expect(JSON.stringify(entry).length).toBeLessThan(2_000);
      expect(await verifyAudit(services, "acme")).toMatchObject({ intact: true });
    });
  });
}
