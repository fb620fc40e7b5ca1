import { describe, expect, it } from "vitest";
import type { DatasetId } from "../../../src/core/metrics/datasets.ts";
import type { DeliveredFact, LoadedFact } from "../../../src/ports/load.ts";
import type { MetricStore, RemovalRequest, RemovedPartition } from "../../../src/ports/metric-store.ts";
import { ask, cost, deliver, finding, load, versionOf } from "../lib/facts.ts";

const FOCUS = "focus:AWS:1";
const CUR = "cur:AWS:1";
const SUMMER = { from: "2024-08-01", to: "2024-10-01" };

/** Each test has tenants of its own, named after what it shows. */
export function removalCases(store: () => MetricStore): void {
  const remove = (tenant: string, more: Partial<RemovalRequest> = {}): Promise<RemovedPartition[]> =>
    store().remove({ tenant, datasets: ["cost"], source: FOCUS, dryRun: false, ...more });
  const charge = (tenant: string, source: string, day: string, billed: string): LoadedFact =>
    cost(day, { billed_cost: billed, effective_cost: "1" }, { tenant, source });
  const bySource = async (tenant: string): Promise<unknown> =>
    (await ask(store(), { range: SUMMER, groupBy: ["source", "month"] }, tenant)).rows;
  const version = (tenant: string, dataset?: DatasetId) => versionOf(store(), tenant, dataset);

  describe("removing partitions", () => {
    it("takes out those of one source and period, and nothing else, to the last digit", async () => {
      const tenant = "removes-month";
      await load(store(), [
        charge(tenant, CUR, "2024-09-01", "10.000000000000000001"),
        charge(tenant, FOCUS, "2024-08-31", "20"),
      ]);
      const twice = [
        charge(tenant, FOCUS, "2024-09-01", "10.000000000000000001"),
        charge(tenant, FOCUS, "2024-09-30", "0.5"),
      ];
      await load(store(), twice, { loadedAt: "2024-10-02T00:00:00.000Z" });
      await load(store(), [charge("keeps-month", FOCUS, "2024-09-01", "7")]);
      const before = await version(tenant);
      const others = await version("keeps-month");
      expect(await remove(tenant, { period: "2024-09" })).toEqual([
        {
          ...{ tenant, dataset: "cost", source: FOCUS, period: "2024-09", rows: 2 },
          totals: [
            { currency: "USD", values: { billed_cost: "10.500000000000000001", effective_cost: "2" } },
          ],
        },
      ]);
      expect(await bySource(tenant)).toEqual([
        [FOCUS, "2024-08-01", "20"],
        [CUR, "2024-09-01", "10.000000000000000001"],
      ]);
      const after = await version(tenant);
      expect(after.version).not.toBe(before.version);
      expect([before.asOf, after.asOf]).toEqual(["2024-10-02T00:00:00.000Z", "2024-10-01T06:00:00.000Z"]);
      expect((await store().loads({ tenant })).map(({ source }) => source).sort()).toEqual([CUR, FOCUS]);
      expect(await ask(store(), {}, "keeps-month")).toMatchObject({ facts: 1 });
      expect(await version("keeps-month")).toEqual(others);
    });

    it("takes out all periods of a source when none is named, and leaves nothing of it", async () => {
      const tenant = "removes-all";
      const facts = ["2024-08-01", "2024-09-01"].map((day) => charge(tenant, FOCUS, day, "1"));
      await load(store(), facts);
      const seen = await version(tenant);
      expect((await remove(tenant)).map(({ period, rows }) => [period, rows])).toEqual([
        ["2024-08", 1],
        ["2024-09", 1],
      ]);
      expect(await ask(store(), { range: SUMMER }, tenant)).toMatchObject({ facts: 0 });
      expect(await store().loads({ tenant })).toEqual([]);
      expect((await version(tenant)).extent).toBeNull();
      const after = await version(tenant);
      expect(after.asOf).toBeNull();
      // A version that had been there before would find answers remembered then.
      expect([seen.version, "0"]).not.toContain(after.version);
      const report = await load(store(), facts);
      expect(report.partitions.map(({ replacedRows }) => replacedRows)).toEqual([0, 0]);
      expect(await ask(store(), { range: SUMMER }, tenant)).toMatchObject({ facts: 2 });
      expect([seen.version, after.version]).not.toContain((await version(tenant)).version);
    });

    it("tells in a dry run what would go, and changes nothing", async () => {
      const tenant = "removes-nothing";
      await load(store(), [charge(tenant, FOCUS, "2024-09-01", "1.50")]);
      const seen = await version(tenant);
      const told = await remove(tenant, { dryRun: true });
      expect(told).toMatchObject([{ rows: 1, totals: [{ values: { billed_cost: "1.5" } }] }]);
      expect(await version(tenant)).toEqual(seen);
      expect(await ask(store(), {}, tenant)).toMatchObject({ facts: 1 });
      expect(await remove(tenant)).toEqual(told);
    });

    it("finds nothing for another source, period, dataset or tenant, and changes no version", async () => {
      const tenant = "removes-none";
      await load(store(), [charge(tenant, FOCUS, "2024-09-01", "1")]);
      const seen = await version(tenant);
      expect(await remove(tenant, { source: CUR })).toEqual([]);
      expect(await remove(tenant, { period: "2024-10" })).toEqual([]);
      expect(await remove(tenant, { datasets: ["usage"] })).toEqual([]);
      expect(await remove("removes-nobody")).toEqual([]);
      expect(await version(tenant)).toEqual(seen);
      expect(await ask(store(), {}, tenant)).toMatchObject({ facts: 1 });
    });

    it("adds up each currency by itself, facts without one last, and what no fact tells is not 0", async () => {
      const tenant = "removes-currencies";
      const fact = (billing_currency: string | null, billed_cost: string | null): LoadedFact =>
        cost("2024-09-01", { billing_currency, billed_cost }, { tenant });
      await load(store(), [fact("USD", "1"), fact("EUR", "-2.5"), fact(null, "4"), fact("EUR", "0.25")]);
      await load(
        store(),
        [fact("JPY", null)].map((each) => ({ ...each, period: "2024-10" })),
      );
      const totals = [
        [
          { currency: "EUR", values: { billed_cost: "-2.25", effective_cost: null } },
          { currency: "USD", values: { billed_cost: "1", effective_cost: null } },
          { currency: null, values: { billed_cost: "4", effective_cost: null } },
        ],
        [{ currency: "JPY", values: { billed_cost: null, effective_cost: null } }],
      ];
      const listed = await store().loads({ tenant, totals: true });
      expect(listed.sort((a, b) => (a.period < b.period ? -1 : 1)).map((each) => each.totals)).toEqual(
        totals,
      );
      expect((await store().loads({ tenant, limit: 1 }))[0]).not.toHaveProperty("totals");
      expect((await remove(tenant)).map((each) => each.totals)).toEqual(totals);
    });

    it("of a large load tells its exact sum", async () => {
      const tenant = "removes-large";
      const facts = Array.from({ length: 5_000 }, (_, i) =>
        charge(tenant, FOCUS, `2024-09-${String((i % 30) + 1).padStart(2, "0")}`, `9007199254740993.${i}1`),
      );
      await load(store(), facts);
      const whole = (await ask(store(), {}, tenant)).totals[0]?.[0]?.value;
      const [removed] = await remove(tenant);
      expect([removed?.rows, removed?.totals[0]?.values["billed_cost"]]).toEqual([5_000, whole]);
      expect(await ask(store(), {}, tenant)).toMatchObject({ facts: 0 });
    });

    it("of a snapshot makes the one before the last one again, and of an empty one too", async () => {
      const tenant = "removes-snapshot";
      const at = (day: string, ids: readonly string[]): Promise<unknown> =>
        load(
          store(),
          ids.map((finding_id) => finding(day, { finding_id, severity: "high" }, { tenant })),
          { dataset: "findings", partitions: [{ tenant, source: "asff:1", period: day }] },
        );
      await at("2024-09-01", ["a", "b"]);
      await at("2024-09-02", ["a"]);
      await at("2024-09-03", []);
      const open = async (): Promise<unknown> =>
        (await ask(store(), { dataset: "findings" }, tenant)).totals[0]?.[0]?.value;
      const question = { datasets: ["findings"] as const, source: "asff:1" };
      expect(await open()).toBe("0");
      expect(await remove(tenant, { ...question, period: "2024-09-03" })).toMatchObject([
        { rows: 0, totals: [] },
      ]);
      expect(await open()).toBe("1");
      await remove(tenant, { ...question, period: "2024-09-02" });
      expect(await open()).toBe("2");
      await remove(tenant, question);
      expect(await store().loads({ tenant })).toEqual([]);
    });
  });

  describe("removing partitions of several datasets", () => {
    const DAY = "2024-09-03";
    const both = ["findings", "controls"] as const;
    const observed = (tenant: string, generation: string, day = DAY): DeliveredFact[] => {
      const at = { tenant, source: "asff:1", period: day, day };
      return [
        { ...at, dataset: "findings", values: { check_id: generation, finding_id: "f", severity: "high" } },
        {
          ...at,
          dataset: "controls",
          values: { check_id: generation, control_id: "1", control_status: "failed" },
        },
      ];
    };
    const held = async (tenant: string, dataset: DatasetId): Promise<string | null> => {
      const range = { from: DAY, to: "2024-09-04" };
      const { rows } = await ask(store(), { dataset, range, groupBy: ["check"] }, tenant);
      return rows[0]?.[0] ?? null;
    };
    const removeBoth = (tenant: string): Promise<RemovedPartition[]> =>
      store().remove({ tenant, datasets: both, source: "asff:1", period: DAY, dryRun: false });

    it("takes out all of them, those that only one of them has, and no other day", async () => {
      const tenant = "removes-together";
      await deliver(store(), [...observed(tenant, "1"), ...observed(tenant, "1", "2024-09-05")]);
      expect((await removeBoth(tenant)).map(({ dataset, period, rows }) => [dataset, period, rows])).toEqual([
        ["findings", DAY, 1],
        ["controls", DAY, 1],
      ]);
      expect([await held(tenant, "findings"), await held(tenant, "controls")]).toEqual([null, null]);
      expect((await store().loads({ tenant })).map(({ period }) => period)).toEqual([
        "2024-09-05",
        "2024-09-05",
      ]);
      await load(store(), [finding(DAY, { check_id: "2" }, { tenant })], { dataset: "findings" });
      expect(await removeBoth(tenant)).toMatchObject([{ dataset: "findings", rows: 1 }]);
      expect(await removeBoth(tenant)).toEqual([]);
    });

    it("comes before a load at the same time or after it, or refuses it, and never parts the datasets", async () => {
      const tenant = "removes-raced";
      for (let n = 1; n <= 12; n++) {
        await deliver(store(), observed(tenant, `${n} old`));
        const [loaded, removed] = await Promise.allSettled([
          deliver(store(), observed(tenant, `${n} new`)),
          removeBoth(tenant),
        ]);
        if (loaded.status === "rejected") expect(loaded.reason).toMatchObject({ code: "import.conflict" });
        if (removed.status === "rejected") expect(removed.reason).toMatchObject({ code: "import.conflict" });
        else expect(removed.value.map(({ dataset }) => dataset)).toEqual(both);
        const now = [await held(tenant, "findings"), await held(tenant, "controls")];
        expect(now[0]).toBe(now[1]);
        const landed = loaded.status === "fulfilled";
        expect([landed ? `${n} new` : null, null]).toContain(now[0]);
        expect(await store().loads({ tenant })).toHaveLength(now[0] === null ? 0 : 2);
        // A load that replaced facts came first, so they could not be removed after it without it.
        if (landed && removed.status === "fulfilled") {
          const replaced = loaded.value[0]?.partitions[0]?.replacedRows;
          expect(now[0] === null).toBe(replaced === 1);
        }
      }
    });

    it("shows readers all or nothing", async () => {
      const tenant = "removes-watched";
      let busy = true;
      const torn: string[] = [];
      const generation = async (dataset: DatasetId): Promise<number> => Number(await held(tenant, dataset));
      const watch = async (first: DatasetId, second: DatasetId): Promise<void> => {
        let seen = 0;
        while (busy) {
          const [old, now] = [await generation(first), await generation(second)];
          // What is asked for later can only be newer; and what is gone from one is gone from the other.
          const stale = old === 0 ? now <= seen : now < old;
          if (now !== 0 && stale) torn.push(`${first} ${old} after ${seen}, then ${second} ${now}`);
          seen = Math.max(seen, old, now);
        }
      };
      const watchers = [watch("findings", "controls"), watch("controls", "findings")];
      for (let n = 1; n <= 6; n++) {
        await deliver(store(), observed(tenant, String(n)));
        await removeBoth(tenant);
      }
      busy = false;
      await Promise.all(watchers);
      expect(torn).toEqual([]);
    });
  });
}
