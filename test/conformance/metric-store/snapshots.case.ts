import { beforeAll, describe, expect, it } from "vitest";
import { type MetricStore, type Snapshot, SnapshotGone } from "../../../src/ports/metric-store.ts";
import { ask, cost, drain, inBatches, load, plan } from "../lib/facts.ts";

const BY_SERVICE = plan({ groupBy: ["service"] });
/** What the tenant is billed a service in its n-th load. */
const billed = (n: number): string => String(1000 + n);
const loadedAt = (n: number): string => new Date(Date.UTC(2024, 9, 1, 6, 0, n)).toISOString();

/** A snapshot's answer; undefined when its facts are gone. */
async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof SnapshotGone) return undefined;
    throw error;
  }
}

export function snapshotCases(store: () => MetricStore): void {
  const loadNth = async (tenant: string, n: number, services = 2): Promise<void> => {
    const facts = Array.from({ length: services }, (_, i) =>
      cost("2024-09-01", { service_name: `S${i}`, billed_cost: billed(n) }, { tenant }),
    );
    await load(store(), facts, { loadedAt: loadedAt(n) });
  };
  const snapshotOf = (tenant: string): Promise<Snapshot> => store().forTenant(tenant).snapshot("cost");
  const rowsOf = async (snapshot: Snapshot): Promise<unknown> =>
    (await drain(await snapshot.aggregate(BY_SERVICE))).rows;
  const rowsOfNth = (n: number): unknown => [
    ["S0", billed(n)],
    ["S1", billed(n)],
  ];

  describe("snapshots", () => {
    it("answer several questions of one version", async () => {
      await loadNth("steady", 1);
      const snapshot = await snapshotOf("steady");
      expect(await rowsOf(snapshot)).toEqual(rowsOfNth(1));
      const total = await drain(await snapshot.aggregate(plan({})));
      expect(total.rows).toEqual([[String(2 * Number(billed(1)))]]);
      expect(await snapshot.loads()).toEqual(await store().loads({ tenant: "steady" }));
      expect(snapshot).toMatchObject({
        asOf: loadedAt(1),
        extent: { first: "2024-09-01", last: "2024-09-01" },
      });
    });

    it("never mix what a load brought into what was there before", async () => {
      await loadNth("replaced", 1);
      const before = await snapshotOf("replaced");
      await loadNth("replaced", 2);
      expect([rowsOfNth(1), undefined]).toContainEqual(await orGone(rowsOf(before)));
      expect([[loadedAt(1)], undefined]).toContainEqual(
        (await orGone(before.loads()))?.map((each) => each.loadedAt),
      );
      const after = await snapshotOf("replaced");
      expect(after.version).not.toBe(before.version);
      expect(await rowsOf(after)).toEqual(rowsOfNth(2));
    });

    it("never lack what a removal took out", async () => {
      await loadNth("removed", 1);
      const before = await snapshotOf("removed");
      await store().remove({ tenant: "removed", datasets: ["cost"], source: "focus:AWS:1", dryRun: false });
      expect([rowsOfNth(1), undefined]).toContainEqual(await orGone(rowsOf(before)));
      expect(await rowsOf(await snapshotOf("removed"))).toEqual([]);
    });

    it("outlive loads of others, and of the tenant's other datasets", async () => {
      await loadNth("outlived", 1);
      const snapshot = await snapshotOf("outlived");
      await loadNth("outlived-else", 2);
      const usage = { tenant: "outlived", source: "usage:1", period: "2024-09", day: "2024-09-01" };
      await load(store(), [{ ...usage, values: { metric: "m", quantity: "1" } }], { dataset: "usage" });
      expect(await rowsOf(snapshot)).toEqual(rowsOfNth(1));
      expect(await snapshot.loads()).toHaveLength(1);
    });

    it("of a tenant without facts stay empty", async () => {
      const snapshot = await snapshotOf("latecomer");
      await loadNth("latecomer", 1);
      expect([[], undefined]).toContainEqual(await orGone(rowsOf(snapshot)));
      expect(await rowsOf(await snapshotOf("latecomer"))).toEqual(rowsOfNth(1));
    });

    it("belong to their version while loads land at any moment", async () => {
      const loads = 12;
      await loadNth("raced", 0);
      let done = false;
      const answered = new Set<string>();
      const read = async (): Promise<void> => {
        while (!done) {
          const snapshot = await snapshotOf("raced");
          const rows = await orGone(rowsOf(snapshot));
          if (rows === undefined) continue;
          const n = Array.from({ length: loads }, (_, i) => i).find((i) => loadedAt(i) === snapshot.asOf);
          expect(rows).toEqual(rowsOfNth(n ?? -1));
          answered.add(snapshot.version);
        }
      };
      const readers = Array.from({ length: 4 }, read);
      for (let n = 1; n < loads; n++) await loadNth("raced", n);
      done = true;
      await Promise.all(readers);
      expect(answered.size).toBeGreaterThan(1);
    });
  });

  describe("questions that nobody waits for any more", () => {
    const tenant = "abandoned";
    const asked = plan({ groupBy: ["resource"] });
    beforeAll(async () => {
      const facts = Array.from({ length: 9_000 }, (_, i) =>
        cost("2024-09-01", { resource_id: `r-${i}`, billed_cost: "1" }, { tenant }),
      );
      await load(store(), [], { records: inBatches(facts, 3_000) });
    });
    const left = new Error("left");

    it("are not answered, and say why", async () => {
      const snapshot = await snapshotOf(tenant);
      await expect(snapshot.aggregate(asked, AbortSignal.abort(left))).rejects.toBe(left);
      const controller = new AbortController();
      const answer = snapshot.aggregate(asked, controller.signal);
      controller.abort(left);
      await expect(answer).rejects.toBe(left);
      expect((await ask(store(), {}, tenant)).facts).toBe(9_000);
    });

    it("break off midway, which is no end", async () => {
      for (let i = 0; i < 20; i++) {
        const controller = new AbortController();
        const snapshot = await snapshotOf(tenant);
        const { batches } = await snapshot.aggregate(asked, controller.signal);
        const rows = batches[Symbol.asyncIterator]();
        expect((await rows.next()).done).toBe(false);
        controller.abort(left);
        await expect(rows.next()).rejects.toBe(left);
      }
      expect((await ask(store(), {}, tenant)).facts).toBe(9_000);
    });
  });
}
