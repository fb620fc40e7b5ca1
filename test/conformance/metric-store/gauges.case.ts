import { describe, expect, it } from "vitest";
import type { LoadedFact } from "../../../src/ports/load.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, finding, load, type Question } from "../lib/facts.ts";

export function gaugeCases(store: () => MetricStore): void {
  describe("gauges", () => {
    const findings: Question = { dataset: "findings" };
    const snapshot = (
      tenant: string,
      day: string,
      severities: readonly string[],
      source = "asff:1",
    ): LoadedFact[] => severities.map((severity) => finding(day, { severity }, { tenant, source }));
    const loadFindings = (facts: readonly LoadedFact[]) => load(store(), facts, { dataset: "findings" });

    it("takes the last snapshot, and never adds snapshots up", async () => {
      const tenant = "last";
      await loadFindings([
        ...snapshot(tenant, "2024-09-01", ["high", "high", "low"]),
        ...snapshot(tenant, "2024-09-15", ["high", "high"]),
        ...snapshot(tenant, "2024-09-20", ["high"]),
      ]);
      const answer = await ask(store(), { ...findings, groupBy: ["severity"] }, tenant);
      expect(answer).toEqual({
        rows: [["high", "1"]],
        groups: 1,
        facts: 1,
        totals: [[{ unit: null, value: "1", missing: 0 }]],
      });
      const earlier = { from: "2024-09-01", to: "2024-09-20" };
      expect((await ask(store(), { ...findings, range: earlier }, tenant)).rows).toEqual([["2"]]);
    });

    it("takes the last snapshot of each time bucket; the total is the last of all", async () => {
      const tenant = "buckets";
      await loadFindings([
        ...snapshot(tenant, "2024-08-30", ["a", "b", "c", "d"]),
        ...snapshot(tenant, "2024-09-02", ["a", "b", "c"]),
        ...snapshot(tenant, "2024-09-04", ["a", "b"]),
        ...snapshot(tenant, "2024-09-10", ["a"]),
      ]);
      const range = { from: "2024-08-01", to: "2024-10-01" };
      const grouped = async (by: string) => ask(store(), { ...findings, range, groupBy: [by] }, tenant);
      expect((await grouped("day")).rows).toEqual([
        ["2024-08-30", "4"],
        ["2024-09-02", "3"],
        ["2024-09-04", "2"],
        ["2024-09-10", "1"],
      ]);
      expect((await grouped("week")).rows).toEqual([
        ["2024-08-26", "4"],
        ["2024-09-02", "2"],
        ["2024-09-09", "1"],
      ]);
      const monthly = await grouped("month");
      expect(monthly.rows).toEqual([
        ["2024-08-01", "4"],
        ["2024-09-01", "1"],
      ]);
      expect(monthly.totals).toEqual([[{ unit: null, value: "1", missing: 0 }]]);
    });

    it("takes the last snapshot of each source, whatever its day", async () => {
      const tenant = "sources";
      await loadFindings([
        ...snapshot(tenant, "2024-09-01", ["high", "high"], "asff:1"),
        ...snapshot(tenant, "2024-09-10", ["high"], "asff:1"),
        ...snapshot(tenant, "2024-09-03", ["high", "low"], "prowler:2"),
      ]);
      expect((await ask(store(), { ...findings, groupBy: ["severity"] }, tenant)).rows).toEqual([
        ["high", "2"],
        ["low", "1"],
      ]);
    });

    it("does not fall back to an older snapshot when a filter finds nothing in the last", async () => {
      const tenant = "fallback";
      await loadFindings([
        ...snapshot(tenant, "2024-09-01", ["critical", "low"]),
        ...snapshot(tenant, "2024-09-02", ["low"]),
      ]);
      const critical: Question = {
        ...findings,
        filters: [{ field: "severity", op: "equals", value: "critical" }],
      };
      expect((await ask(store(), critical, tenant)).rows).toEqual([]);
      const first: Question = {
        ...critical,
        filters: [...critical.filters!, { field: "day", op: "equals", value: "2024-09-01" }],
      };
      expect((await ask(store(), first, tenant)).rows).toEqual([["1"]]);
    });

    it("knows a count of 0 where there is a snapshot, and knows nothing where there is none", async () => {
      const tenant = "zero";
      await loadFindings(snapshot(tenant, "2024-09-01", ["low"]));
      const filters: Question["filters"] = [{ field: "severity", op: "equals", value: "critical" }];
      const total = async (question: Question): Promise<unknown> =>
        (await ask(store(), { ...findings, ...question }, tenant)).totals[0]?.[0]?.value ?? null;
      expect(await total({ filters })).toBe("0");
      expect(await total({ filters, range: { from: "2024-08-01", to: "2024-09-01" } })).toBeNull();
    });

    it("takes a snapshot without findings for what it says: nothing is left", async () => {
      const tenant = "fixed";
      await loadFindings(snapshot(tenant, "2024-09-01", ["high"]));
      await load(store(), [], {
        dataset: "findings",
        partitions: [{ tenant, source: "asff:1", period: "2024-09-05" }],
      });
      const answer = await ask(store(), { ...findings, groupBy: ["severity"] }, tenant);
      expect([answer.rows, answer.totals]).toEqual([[], [[{ unit: null, value: "0", missing: 0 }]]]);
      const before = { from: "2024-09-01", to: "2024-09-05" };
      expect((await ask(store(), { ...findings, range: before }, tenant)).rows).toEqual([["1"]]);
    });

    it("groups by source and by when findings were first observed, however the instant is spelled", async () => {
      const tenant = "origins";
      const at = (first_observed_at: string | null, source: string): LoadedFact =>
        finding("2024-09-10", { first_observed_at }, { tenant, source });
      await loadFindings([
        at("2024-09-01T06:00:00Z", "asff:1"),
        at("2024-09-01T23:59:59.999Z", "asff:1"),
        at("2024-09-02T00:00:00.000Z", "prowler:2"),
        at(null, "prowler:2"),
      ]);
      const grouped: Question = { ...findings, groupBy: ["source", "first_observed"] };
      const sort: Question["sort"] = [
        { by: "source", order: "asc" },
        { by: "first_observed", order: "asc" },
      ];
      expect((await ask(store(), { ...grouped, sort }, tenant)).rows).toEqual([
        ["asff:1", "2024-09-01", "2"],
        ["prowler:2", "2024-09-02", "1"],
        ["prowler:2", null, "1"],
      ]);
      const early: Question["filters"] = [{ field: "first_observed", op: "less", value: "2024-09-02" }];
      expect((await ask(store(), { ...findings, filters: early }, tenant)).rows).toEqual([["2"]]);
      const unknown: Question["filters"] = [
        { field: "first_observed", op: "equals", value: null },
        { field: "source", op: "equals", value: "prowler:2" },
      ];
      expect((await ask(store(), { ...findings, filters: unknown }, tenant)).rows).toEqual([["1"]]);
    });

    it("tells instants to the millisecond", async () => {
      const tenant = "instants";
      const facts = ["2024-09-10T06:00:00Z", null].map((evaluated_at) =>
        finding("2024-09-10", { evaluated_at }, { tenant }),
      );
      await load(store(), facts, { dataset: "controls" });
      const answer = await ask(store(), { dataset: "controls", groupBy: ["evaluated_at"] }, tenant);
      expect(answer.rows).toEqual([
        ["2024-09-10T06:00:00.000Z", "1"],
        [null, "1"],
      ]);
    });

    it("compares last with last", async () => {
      const tenant = "compared";
      await loadFindings([
        ...snapshot(tenant, "2024-08-10", ["high", "high", "high"]),
        ...snapshot(tenant, "2024-08-31", ["high", "high", "low"]),
        ...snapshot(tenant, "2024-09-30", ["high"]),
      ]);
      const answer = await ask(
        store(),
        { ...findings, groupBy: ["severity"], compare: "previous-period" },
        tenant,
      );
      expect(answer.rows).toEqual([
        ["high", "1", "2"],
        ["low", null, "1"],
      ]);
      expect(answer.totals).toEqual([[{ unit: null, value: "1", previous: "3", missing: 0 }]]);
    });

    it("sums a level over its last day, and a counter over all days", async () => {
      const tenant = "levels";
      const usage = (day: string, quantity: string, resource_id: string): LoadedFact => ({
        ...finding(
          day,
          { metric: "storage", unit: "GB", quantity, resource_id },
          { tenant, source: "cloudwatch", period: "2024-09" },
        ),
      });
      await load(
        store(),
        [
          usage("2024-09-01", "10", "a"),
          usage("2024-09-01", "5", "b"),
          usage("2024-09-02", "12.5", "a"),
          usage("2024-09-02", "6", "b"),
        ],
        { dataset: "usage" },
      );
      const asked = async (measure: string): Promise<unknown> =>
        (await ask(store(), { dataset: "usage", measures: [measure] }, tenant)).rows;
      expect(await asked("level")).toEqual([["18.5"]]);
      expect(await asked("quantity")).toEqual([["33.5"]]);
      const daily = await ask(store(), { dataset: "usage", measures: ["level"], groupBy: ["day"] }, tenant);
      expect(daily.rows).toEqual([
        ["2024-09-01", "15"],
        ["2024-09-02", "18.5"],
      ]);
      expect(daily.totals).toEqual([[{ unit: "GB", value: "18.5", missing: 0 }]]);
    });

    it("sorts severities by rank and not by name, whatever else they are grouped by, and unknown ones last", async () => {
      const tenant = "ranked";
      const words = ["low", "critical", null, "informational", "odd", "high", "medium", "aged"];
      const facts = words.flatMap((severity, i) =>
        Array.from({ length: i === 0 ? 2 : 1 }, () => finding("2024-09-04", { severity }, { tenant })),
      );
      await load(store(), facts, { dataset: "findings" });
      const sorted = async (order: "asc" | "desc", limit?: number) => {
        const question: Question = {
          ...findings,
          groupBy: ["severity"],
          sort: [{ by: "severity", order }],
        };
        const { rows } = await ask(store(), { ...question, ...(limit !== undefined && { limit }) }, tenant);
        return rows.map(([severity]) => severity);
      };
      const ranked = ["critical", "high", "medium", "low", "informational", "aged", "odd"];
      expect(await sorted("asc")).toEqual([...ranked, null]);
      expect(await sorted("desc")).toEqual([...ranked.toReversed(), null]);
      expect(await sorted("asc", 2)).toEqual(["critical", "high"]);
      // As many findings each: ties go by rank as well.
      const byCount = await ask(store(), { dataset: "findings", groupBy: ["severity"] }, tenant);
      expect(byCount.rows.map(([severity]) => severity)).toEqual([
        "low",
        ...ranked.filter((severity) => severity !== "low"),
        null,
      ]);
    });

    it("sorts what checks say with what failed first", async () => {
      const tenant = "verdicts";
      const facts = ["passed", "not_available", "failed"].map((control_status) =>
        finding("2024-09-04", { control_status }, { tenant }),
      );
      await load(store(), facts, { dataset: "controls" });
      const question = { dataset: "controls", groupBy: ["status"] } as const;
      const { rows } = await ask(store(), { ...question, sort: [{ by: "status", order: "asc" }] }, tenant);
      expect(rows.map(([status]) => status)).toEqual(["failed", "passed", "not_available"]);
    });
  });
}
