import { describe, expect, it } from "vitest";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, cost, load } from "../lib/facts.ts";

export function comparisonCases(store: () => MetricStore): void {
  describe("comparison", () => {
    const loadDays = (tenant: string, days: Readonly<Record<string, string>>) =>
      load(
        store(),
        Object.entries(days).map(([day, billed_cost]) => cost(day, { billed_cost }, { tenant })),
      );

    it("puts whole months beside whole months, each day beside its own", async () => {
      const tenant = "months";
      await loadDays(tenant, {
        "2024-07-31": "1000",
        "2024-08-01": "1",
        "2024-08-30": "2",
        "2024-08-31": "4",
        "2024-09-01": "10",
        "2024-09-30": "20",
      });
      const answer = await ask(store(), { groupBy: ["day"], compare: "previous-period" }, tenant);
      // September has no 31st: the last of August counts for its 30th.
      expect(answer.rows).toEqual([
        ["2024-09-01", "10", "1"],
        ["2024-09-30", "20", "6"],
      ]);
      expect(answer.totals).toEqual([[{ unit: "USD", value: "30", previous: "7", missing: 0 }]]);
      expect(answer.facts).toBe(2);
      const march = await ask(
        store(),
        { range: { from: "2024-09-01", to: "2024-10-01" }, groupBy: ["month"], compare: "previous-period" },
        tenant,
      );
      expect(march.rows).toEqual([["2024-09-01", "30", "7"]]);
    });

    it("puts a shorter month before a longer one", async () => {
      const tenant = "february";
      await loadDays(tenant, {
        "2024-02-28": "1",
        "2024-02-29": "2",
        "2024-03-29": "10",
        "2024-03-31": "20",
      });
      const range = { from: "2024-03-01", to: "2024-04-01" };
      const answer = await ask(store(), { range, groupBy: ["day"], compare: "previous-period" }, tenant);
      expect(answer.rows).toEqual([
        ["2024-03-28", null, "1"],
        ["2024-03-29", "10", "2"],
        ["2024-03-31", "20", null],
      ]);
    });

    it("goes back as many days as a range has when it is not whole months", async () => {
      const tenant = "days";
      await loadDays(tenant, {
        "2024-09-02": "1",
        "2024-09-03": "2",
        "2024-09-09": "4",
        "2024-09-10": "8",
        "2024-09-16": "16",
      });
      const range = { from: "2024-09-10", to: "2024-09-17" };
      const answer = await ask(store(), { range, groupBy: ["day"], compare: "previous-period" }, tenant);
      expect(answer.rows).toEqual([
        ["2024-09-10", "8", "2"],
        ["2024-09-16", "16", "4"],
      ]);
    });

    it("goes back a year over a leap day, in both directions", async () => {
      const tenant = "leap";
      await loadDays(tenant, {
        "2023-02-28": "1",
        "2023-03-01": "2",
        "2024-02-28": "4",
        "2024-02-29": "8",
        "2024-03-01": "16",
        "2025-02-28": "32",
        "2025-03-01": "64",
      });
      const asked = async (from: string, to: string): Promise<unknown> =>
        (await ask(store(), { range: { from, to }, groupBy: ["day"], compare: "previous-year" }, tenant))
          .rows;
      expect(await asked("2024-02-28", "2024-03-02")).toEqual([
        ["2024-02-28", "4", "1"],
        ["2024-02-29", "8", null],
        ["2024-03-01", "16", "2"],
      ]);
      expect(await asked("2025-02-28", "2025-03-02")).toEqual([
        ["2025-02-28", "32", "12"],
        ["2025-03-01", "64", "16"],
      ]);
      // The year before the 29th has only a 28th: it stands beside the range's one day.
      expect(await asked("2024-02-29", "2024-03-01")).toEqual([["2024-02-29", "8", "1"]]);
    });

    it("counts a fact for both ranges where they overlap", async () => {
      const tenant = "overlap";
      await loadDays(tenant, { "2022-06-15": "1", "2023-06-15": "2", "2024-06-15": "4" });
      const range = { from: "2023-01-01", to: "2025-01-01" };
      const answer = await ask(store(), { range, groupBy: ["month"], compare: "previous-year" }, tenant);
      expect(answer.rows).toEqual([
        ["2023-06-01", "2", "1"],
        ["2024-06-01", "4", "2"],
      ]);
      expect(answer.totals[0]).toMatchObject([{ value: "6", previous: "3" }]);
    });

    it("shows groups of either range, and sorts by value, previous and change", async () => {
      const tenant = "either";
      await load(store(), [
        cost("2024-08-05", { service_name: "gone", billed_cost: "100" }, { tenant }),
        cost("2024-08-05", { service_name: "grown", billed_cost: "1" }, { tenant }),
        cost("2024-09-05", { service_name: "grown", billed_cost: "50" }, { tenant }),
        cost("2024-09-05", { service_name: "new", billed_cost: "10" }, { tenant }),
      ]);
      const sorted = async (by: string, order: "asc" | "desc"): Promise<unknown> =>
        (
          await ask(
            store(),
            { groupBy: ["service"], compare: "previous-period", sort: [{ by, order }] },
            tenant,
          )
        ).rows;
      const [gone, grown, added] = [
        ["gone", null, "100"],
        ["grown", "50", "1"],
        ["new", "10", null],
      ];
      expect(await sorted("billed_cost", "desc")).toEqual([grown, added, gone]);
      expect(await sorted("billed_cost.previous", "asc")).toEqual([grown, gone, added]);
      expect(await sorted("billed_cost.change", "desc")).toEqual([grown, added, gone]);
      expect(await sorted("billed_cost.change", "asc")).toEqual([gone, added, grown]);
      const answer = await ask(
        store(),
        { groupBy: ["service"], compare: "previous-period", limit: 1 },
        tenant,
      );
      expect([answer.groups, answer.facts, answer.rows]).toEqual([3, 2, [grown]]);
    });

    it("filters both ranges, times in the dates of the range asked for, sums by the range's own value", async () => {
      const tenant = "filtered";
      await load(store(), [
        cost("2024-08-05", { service_name: "a", billed_cost: "1" }, { tenant }),
        cost("2024-08-06", { service_name: "a", billed_cost: "2" }, { tenant }),
        cost("2024-08-05", { service_name: "b", billed_cost: "4" }, { tenant }),
        cost("2024-09-05", { service_name: "a", billed_cost: "8" }, { tenant }),
        cost("2024-09-06", { service_name: "b", billed_cost: "16" }, { tenant }),
      ]);
      const question = { groupBy: ["service"], compare: "previous-period" as const };
      const onDay = await ask(
        store(),
        { ...question, filters: [{ field: "day", op: "equals", value: "2024-09-05" }] },
        tenant,
      );
      expect(onDay.rows).toEqual([
        ["a", "8", "1"],
        ["b", null, "4"],
      ]);
      const large = await ask(
        store(),
        { ...question, filters: [{ field: "billed_cost", op: "greater", value: "10" }] },
        tenant,
      );
      expect(large).toMatchObject({ rows: [["b", "16", "4"]], groups: 1, facts: 1 });
      expect(large.totals).toEqual([[{ unit: "USD", value: "16", previous: "4", missing: 0 }]]);
    });

    it("has no previous total where nothing was before", async () => {
      const tenant = "nothing-before";
      await loadDays(tenant, { "2024-09-05": "1" });
      const answer = await ask(store(), { compare: "previous-period" }, tenant);
      expect([answer.rows, answer.totals[0]?.[0]?.previous]).toEqual([[["1", null]], null]);
    });
  });
}
