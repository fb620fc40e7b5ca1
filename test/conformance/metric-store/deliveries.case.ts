import { describe, expect, it } from "vitest";
import type { DeliveredFact } from "../../../src/ports/load.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, deliver, inBatches, versionOf } from "../lib/facts.ts";

const DAY = "2024-09-03";

/** Each test has tenants of its own, named after what it shows. */
export function deliveryCases(store: () => MetricStore): void {
  describe("deliveries of several datasets", () => {
    /** A finding of a snapshot whose day comes at the end, and a control that it stands for. */
    const observed = (
      tenant: string,
      generation: string,
      key: Partial<DeliveredFact> = {},
    ): DeliveredFact[] => {
      const at = { tenant, source: "asff:1", period: "0", day: null, ...key };
      const shared = { sub_account_id: `account of ${at.source}`, check_id: generation };
      return [
        { ...at, dataset: "findings", values: { ...shared, finding_id: `f${generation}`, severity: "high" } },
        { ...at, dataset: "controls", values: { ...shared, control_id: "1.1", control_status: "failed" } },
      ];
    };
    const checks = async (tenant: string, dataset: "findings" | "controls", day = DAY): Promise<unknown> => {
      const range = {
        from: day,
        to: `${day.slice(0, 8)}${String(Number(day.slice(8)) + 1).padStart(2, "0")}`,
      };
      return (await ask(store(), { dataset, range, groupBy: ["check"] }, tenant)).rows;
    };
    const both = async (tenant: string, day = DAY): Promise<unknown> => [
      await checks(tenant, "findings", day),
      await checks(tenant, "controls", day),
    ];

    it("are dated at their end and reported by dataset", async () => {
      const tenant = "delivered";
      const facts = [...observed(tenant, "1"), ...observed(tenant, "2")];
      const reports = await deliver(store(), facts, {
        dayOf: (owner, period) => (owner === tenant && period === "0" ? DAY : "2024-01-01"),
        rejections: { count: 2, kept: [{ file: "a", line: 1, row: 1, field: null, reason: "is broken" }] },
      });
      expect(reports).toMatchObject([
        { dataset: "findings", rowsRead: 4, rowsAccepted: 2, rowsRejected: 2, rejections: [{ line: 1 }] },
        { dataset: "controls", rowsRead: 2, rowsAccepted: 2, rowsRejected: 0, rejections: [] },
      ]);
      for (const { partitions } of reports)
        expect(partitions).toEqual([{ tenant, source: "asff:1", period: DAY, rows: 2, replacedRows: 0 }]);
      expect(await both(tenant)).toEqual([
        [
          ["1", "1"],
          ["2", "1"],
        ],
        [
          ["1", "1"],
          ["2", "1"],
        ],
      ]);
      expect((await versionOf(store(), tenant, "findings")).extent).toEqual({ first: DAY, last: DAY });
      const again = await deliver(store(), observed(tenant, "3"), { dayOf: () => DAY });
      expect(again.map(({ partitions }) => partitions[0]?.replacedRows)).toEqual([2, 2]);
      expect(await both(tenant)).toEqual([[["3", "1"]], [["3", "1"]]]);
      expect(await store().loads({ tenant })).toHaveLength(2);
    });

    it("are one partition where two snapshots turn out to be of one day, and two where not", async () => {
      const tenant = "same-day";
      const facts = [
        ...observed(tenant, "1"),
        ...observed(tenant, "2", { period: "1" }),
        ...observed(tenant, "3", { period: "2" }),
      ];
      const dayOf = (_: string, period: string): string => (period === "2" ? "2024-09-07" : DAY);
      const [findings] = await deliver(store(), facts, { dayOf });
      expect(findings?.partitions.map(({ period, rows }) => [period, rows])).toEqual([
        [DAY, 2],
        ["2024-09-07", 1],
      ]);
      expect(await checks(tenant, "controls")).toEqual([
        ["1", "1"],
        ["2", "1"],
      ]);
      expect(await both(tenant, "2024-09-07")).toEqual([[["3", "1"]], [["3", "1"]]]);
    });

    it("empty what they name and have no facts for, in each dataset", async () => {
      const tenant = "named";
      await deliver(store(), observed(tenant, "1"), { dayOf: () => DAY });
      const key = { tenant, source: "asff:1", period: DAY };
      const reports = await deliver(store(), [], {
        partitions: [
          { ...key, dataset: "findings" },
          { ...key, dataset: "controls" },
        ],
      });
      expect(reports.map(({ partitions }) => partitions)).toMatchObject([
        [{ rows: 0, replacedRows: 1 }],
        [{ rows: 0, replacedRows: 1 }],
      ]);
      expect(await both(tenant)).toEqual([[], []]);
    });

    it("leave every dataset as it was when one of them, the source or the end fails, and in a dry run", async () => {
      const tenant = "all-or-none";
      await deliver(store(), observed(tenant, "1"), { dayOf: () => DAY });
      const next = observed(tenant, "2");
      const bad = { evaluated_at: "yesterday" };
      const broken = next.map((fact) => (fact.dataset === "controls" ? { ...fact, values: bad } : fact));
      await expect(deliver(store(), broken, { dayOf: () => DAY })).rejects.toMatchObject({
        code: "import.invalid-fact",
        field: "evaluated_at",
      });
      async function* failing(): AsyncGenerator<readonly DeliveredFact[]> {
        yield* inBatches(next, 1);
        throw new Error("the source broke");
      }
      await expect(deliver(store(), [], { facts: failing(), dayOf: () => DAY })).rejects.toThrow("broke");
      const useless = (): never => {
        throw new Error("nothing can be used");
      };
      await expect(deliver(store(), next, { end: useless })).rejects.toThrow("nothing can be used");
      const reason = new Error("no longer wanted");
      const aborted = deliver(store(), next, { dayOf: () => DAY }, { signal: AbortSignal.abort(reason) });
      await expect(aborted).rejects.toBe(reason);
      const checked = await deliver(store(), next, { dayOf: () => DAY, dryRun: true });
      expect(checked.map(({ partitions }) => partitions[0]?.replacedRows)).toEqual([1, 1]);
      expect(await both(tenant)).toEqual([[["1", "1"]], [["1", "1"]]]);
      expect(await store().loads({ tenant })).toHaveLength(2);
    });

    it("never show one dataset's new facts beside another's old ones", async () => {
      const tenant = "together";
      await deliver(store(), observed(tenant, "1"), { dayOf: () => DAY });
      let loading = true;
      const torn: string[] = [];
      const generation = async (dataset: "findings" | "controls"): Promise<number> =>
        Number(((await checks(tenant, dataset)) as string[][])[0]?.[0]);
      // What is asked for later can only be newer.
      const watch = async (
        first: "findings" | "controls",
        second: "findings" | "controls",
      ): Promise<void> => {
        while (loading) {
          const [old, now] = [await generation(first), await generation(second)];
          if (!(now >= old)) torn.push(`${first} ${old}, then ${second} ${now}`);
        }
      };
      const watchers = [watch("findings", "controls"), watch("controls", "findings")];
      for (let n = 2; n <= 8; n++) await deliver(store(), observed(tenant, String(n)), { dayOf: () => DAY });
      loading = false;
      await Promise.all(watchers);
      expect(torn).toEqual([]);
      expect(await both(tenant)).toEqual([[["8", "1"]], [["8", "1"]]]);
    });

    it("can be moved to another tenant and be replaced there", async () => {
      await deliver(store(), observed("unassigned", "1", { source: "asff:moved" }), { dayOf: () => DAY });
      expect((await store().assign(["account of asff:moved"], "took-over")).moved).toBe(2);
      expect(await both("took-over")).toEqual([[["1", "1"]], [["1", "1"]]]);
      const facts = observed("took-over", "2", { source: "asff:moved" });
      const reports = await deliver(store(), facts, { dayOf: () => DAY });
      expect(reports.map(({ partitions }) => partitions[0]?.replacedRows)).toEqual([1, 1]);
      expect(await both("took-over")).toEqual([[["2", "1"]], [["2", "1"]]]);
    });

    it("hold more facts than fit one batch, of several tenants and days, each once", async () => {
      const tenants = ["many-a", "many-b"];
      const days = ["2024-09-04", "2024-09-05", "2024-09-06"];
      const facts = Array.from({ length: 3_000 }, (_, i) =>
        observed(tenants[i % 2] ?? "", String(i), { period: String(i % 3) }),
      ).flat();
      const dayOf = (_: string, period: string): string => days[Number(period)] ?? "";
      await deliver(store(), [], { facts: inBatches(facts, 700), dayOf });
      for (const dataset of ["findings", "controls"] as const)
        for (const tenant of tenants)
          for (const day of days) {
            const to = `2024-09-0${Number(day.slice(-1)) + 1}`;
            const answer = await ask(
              store(),
              { dataset, range: { from: day, to }, groupBy: ["check"] },
              tenant,
            );
            expect([answer.facts, answer.groups]).toEqual([500, 500]);
          }
    });
  });
}
