import { describe, expect, it } from "vitest";
import type { LoadedFact } from "../../../src/ports/load.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, cost, finding, inBatches, load, versionOf } from "../lib/facts.ts";

/** Each test has tenants of its own, named after what it shows. */
export function loadCases(store: () => MetricStore): void {
  describe("loads", () => {
    const sum = async (tenant: string, question = {}): Promise<string | null | undefined> =>
      (await ask(store(), question, tenant)).totals[0]?.[0]?.value;

    it("knows nothing of a tenant that was never loaded", async () => {
      expect(await ask(store(), { groupBy: ["service"] }, "nobody")).toEqual({
        rows: [],
        groups: 0,
        facts: 0,
        totals: [[]],
      });
      expect((await versionOf(store(), "nobody")).asOf).toBeNull();
      expect((await versionOf(store(), "nobody")).extent).toBeNull();
      expect(await store().loads({ tenant: "nobody" })).toEqual([]);
    });

    it("reports what it read, stored and replaced", async () => {
      const tenant = "reported";
      const facts = [
        cost("2024-09-01", { billed_cost: "1.5", effective_cost: "1" }, { tenant }),
        cost("2024-09-02", { billed_cost: "-0.5" }, { tenant }),
        cost("2024-09-02", { billed_cost: "7", billing_currency: "EUR" }, { tenant }),
        cost("2024-08-31", { billed_cost: "2.000000000000000001" }, { tenant }),
      ];
      const first = await load(store(), facts);
      expect(first).toMatchObject({
        rowsRead: 4,
        rowsAccepted: 4,
        rowsRejected: 0,
        dryRun: false,
        unassigned: [],
      });
      expect(first.partitions.map((p) => [p.tenant, p.source, p.period, p.rows, p.replacedRows])).toEqual([
        [tenant, "focus:AWS:1", "2024-08", 1, 0],
        [tenant, "focus:AWS:1", "2024-09", 3, 0],
      ]);
      const usd = first.totals.find((t) => t.currency === "USD");
      expect(usd?.source).toMatchObject({
        billed_cost: "3.000000000000000001",
        effective_cost: "1",
        list_cost: null,
      });
      expect(usd?.loaded).toEqual(usd?.source);
      expect(first.totals.find((t) => t.currency === "EUR")?.loaded).toMatchObject({ billed_cost: "7" });
      const again = await load(store(), facts);
      expect(again.partitions.map((p) => p.replacedRows)).toEqual([1, 3]);
    });

    it("changes nothing when the same load comes twice", async () => {
      const facts = ["2024-09-01", "2024-09-02"].map((day) =>
        cost(day, { billed_cost: "0.1" }, { tenant: "twice" }),
      );
      await load(store(), facts);
      await load(store(), facts);
      const answer = await ask(store(), {}, "twice");
      expect([answer.facts, answer.rows]).toEqual([2, [["0.2"]]]);
      expect(await store().loads({ tenant: "twice" })).toHaveLength(1);
    });

    it("replaces a partition and leaves other tenants, sources and periods alone", async () => {
      const [tenant, neighbour] = ["replaced", "neighbour"];
      await load(store(), [
        cost("2024-09-01", { billed_cost: "1" }, { tenant }),
        cost("2024-09-01", { billed_cost: "10" }, { tenant, source: "focus:AWS:2" }),
        cost("2024-08-01", { billed_cost: "100" }, { tenant }),
        cost("2024-09-01", { billed_cost: "1000" }, { tenant: neighbour }),
      ]);
      await load(store(), [cost("2024-09-09", { billed_cost: "2" }, { tenant })]);
      expect(await sum(tenant, { range: { from: "2024-08-01", to: "2024-10-01" } })).toBe("112");
      expect(await sum(neighbour)).toBe("1000");
    });

    it("holds datasets apart", async () => {
      const tenant = "datasets";
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant })]);
      await load(store(), [finding("2024-09-01", { severity: "high" }, { tenant })], { dataset: "findings" });
      await load(store(), [], {
        dataset: "findings",
        partitions: [{ tenant, source: "asff:1", period: "2024-09-01" }],
      });
      expect(await sum(tenant)).toBe("1");
    });

    it("empties a partition that a load names but has no facts for", async () => {
      const tenant = "emptied";
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant })]);
      const report = await load(store(), [], {
        partitions: [{ tenant, source: "focus:AWS:1", period: "2024-09" }],
      });
      expect(report.partitions).toMatchObject([{ rows: 0, replacedRows: 1 }]);
      expect((await ask(store(), {}, tenant)).facts).toBe(0);
      expect((await versionOf(store(), tenant)).extent).toBeNull();
    });

    it("checks and sums a dry run and changes nothing", async () => {
      const tenant = "dry";
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant })]);
      const before = await versionOf(store(), tenant);
      const report = await load(store(), [cost("2024-09-02", { billed_cost: "5" }, { tenant })], {
        dryRun: true,
      });
      expect(report).toMatchObject({
        dryRun: true,
        rowsAccepted: 1,
        totals: [{ source: { billed_cost: "5" } }],
      });
      expect(await sum(tenant)).toBe("1");
      expect(await versionOf(store(), tenant)).toEqual(before);
    });

    it("keeps the old facts when the records fail midway", async () => {
      const tenant = "failing";
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant })]);
      async function* failing(): AsyncGenerator<readonly LoadedFact[]> {
        yield [cost("2024-09-02", { billed_cost: "5" }, { tenant })];
        await Promise.resolve();
        throw new Error("the source broke");
      }
      await expect(load(store(), [], { records: failing() })).rejects.toThrow("the source broke");
      expect(await sum(tenant)).toBe("1");
      expect(await store().loads({ tenant })).toHaveLength(1);
    });

    it.each([
      ["a decimal with a 19th digit", "cost", { billed_cost: "0.1234567890123456789" }],
      ["text where a decimal belongs", "cost", { billed_cost: "12,50" }],
      ["NaN", "cost", { billed_cost: "NaN" }],
      ["a number that does not fit", "cost", { billed_cost: "1e400" }],
      ["tags that are no object", "cost", { tags: "[1]" }],
      ["tags that are no JSON", "cost", { tags: "{env" }],
      ["an instant that is none", "cost", { charge_period_start: "yesterday" }],
    ] as const)("refuses %s and keeps the old facts", async (_, dataset, values) => {
      const tenant = "refused";
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant })]);
      const broken = load(store(), [cost("2024-09-02", values, { tenant })], { dataset });
      await expect(broken).rejects.toMatchObject({
        code: "import.invalid-fact",
        field: Object.keys(values)[0],
      });
      expect(await sum(tenant)).toBe("1");
    });

    it("keeps the old facts when aborted, before and midway, and throws the signal's reason", async () => {
      const tenant = "aborted";
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant })]);
      const reason = new Error("no longer wanted");
      const facts = [cost("2024-09-02", { billed_cost: "5" }, { tenant })];
      await expect(load(store(), facts, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      async function* aborting(): AsyncGenerator<readonly LoadedFact[]> {
        yield facts;
        await Promise.resolve();
        controller.abort(reason);
        yield facts;
      }
      const late = load(store(), [], { records: aborting() }, { signal: controller.signal });
      await expect(late).rejects.toBe(reason);
      expect(await sum(tenant)).toBe("1");
    });

    it("shows readers the old facts or the new ones, whole, while loads go on", async () => {
      const tenant = "watched";
      const generation = (n: number): LoadedFact[] =>
        Array.from({ length: 40 }, (_, i) =>
          cost(`2024-09-${String((i % 30) + 1).padStart(2, "0")}`, { billed_cost: String(n) }, { tenant }),
        );
      await load(store(), generation(1));
      const seen = new Set<string>();
      let loading = true;
      const reader = async (): Promise<void> => {
        while (loading) {
          const answer = await ask(store(), { groupBy: ["day"] }, tenant);
          seen.add(`${answer.facts} facts, ${answer.groups} days, ${answer.totals[0]?.[0]?.value ?? "none"}`);
        }
      };
      const readers = [reader(), reader()];
      for (let n = 2; n <= 6; n++) await load(store(), generation(n));
      loading = false;
      await Promise.all(readers);
      const allowed = [1, 2, 3, 4, 5, 6].map((n) => `40 facts, 30 days, ${40 * n}`);
      expect([...seen].filter((state) => !allowed.includes(state))).toEqual([]);
      expect(await sum(tenant)).toBe("240");
    });

    it("pulls records no faster than it stores them", async () => {
      let asked = 0;
      async function* endless(): AsyncGenerator<readonly LoadedFact[]> {
        await Promise.resolve();
        for (;;) {
          asked++;
          yield [cost("2024-09-02", { billed_cost: "5" }, { tenant: "endless" })];
        }
      }
      const controller = new AbortController();
      const stopped = load(
        store(),
        [],
        { records: endless() },
        {
          signal: controller.signal,
          onProgress: ({ rows = 0 }) => rows >= 5 && controller.abort(new Error("enough")),
        },
      );
      await expect(stopped).rejects.toThrow("enough");
      expect(asked).toBeLessThan(10_000);
    });

    it("changes the version and the time with every load, of the tenant and dataset it touches", async () => {
      const version = (tenant: string, dataset: "cost" | "usage" = "cost") =>
        versionOf(store(), tenant, dataset);
      await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant: "other-version" })]);
      const untouched = await version("other-version");
      const seen = new Set<string>();
      for (const loadedAt of [
        "2024-10-01T06:00:00.000Z",
        "2024-10-02T06:00:00.000Z",
        "2024-10-03T06:00:00.000Z",
      ]) {
        await load(store(), [cost("2024-09-01", { billed_cost: "1" }, { tenant: "versions" })], { loadedAt });
        const now = await version("versions");
        expect(now.asOf).toBe(loadedAt);
        seen.add(now.version);
      }
      expect(seen.size).toBe(3);
      expect(await version("other-version")).toEqual(untouched);
      expect((await version("versions", "usage")).asOf).toBeNull();
    });

    it("remembers the loads behind the facts, newest first", async () => {
      const tenant = "remembered";
      await load(store(), [cost("2024-08-05", {}, { tenant })], { loadedAt: "2024-09-01T00:00:00.000Z" });
      await load(store(), [cost("2024-09-05", {}, { tenant })], { loadedAt: "2024-10-01T00:00:00.000Z" });
      await load(store(), [cost("2024-07-05", {}, { tenant })], { loadedAt: "2024-08-01T00:00:00.000Z" });
      const loads = await store().loads({ tenant });
      expect(loads.map((l) => [l.period, l.rows, l.loadedAt])).toEqual([
        ["2024-09", 1, "2024-10-01T00:00:00.000Z"],
        ["2024-08", 1, "2024-09-01T00:00:00.000Z"],
        ["2024-07", 1, "2024-08-01T00:00:00.000Z"],
      ]);
      expect(loads[0]).toMatchObject({ tenant, dataset: "cost", format: "test", files: ["facts.test"] });
      expect(await store().loads({ tenant, limit: 2 })).toHaveLength(2);
      expect((await store().loads()).filter((l) => l.tenant === tenant)).toHaveLength(3);
    });

    it("lists loads by pages that hold each once, whatever their size and however many are of one instant", async () => {
      const tenant = "paged";
      const facts = Array.from({ length: 125 }, (_, i) => {
        const source = `focus:AWS:${String(i).padStart(3, "0")}`;
        return [cost("2024-09-01", {}, { tenant, source }), cost("2024-08-01", {}, { tenant, source })];
      }).flat();
      await load(store(), facts, { loadedAt: "2024-10-01T00:00:00.000Z" });
      await load(store(), [cost("2024-07-01", {}, { tenant })], { loadedAt: "2024-09-01T00:00:00.000Z" });
      await load(store(), [cost("2024-06-01", {}, { tenant })], { loadedAt: "2024-11-01T00:00:00.000Z" });
      const all = await store().loads({ tenant });
      expect(all).toHaveLength(252);
      expect(all.slice(1, 4).map(({ source, period }) => [source.slice(-3), period])).toEqual([
        ["124", "2024-09"],
        ["124", "2024-08"],
        ["123", "2024-09"],
      ]);
      for (const limit of [99, 100, 101, 130, 250, 251]) {
        const pages = [await store().loads({ tenant, limit })];
        for (let last = pages.at(-1)?.at(-1); last !== undefined; last = pages.at(-1)?.at(-1))
          pages.push(await store().loads({ tenant, limit, after: last }));
        expect(pages.flat()).toEqual(all);
        expect(pages).toHaveLength(Math.ceil(252 / limit) + 1);
      }
    });

    it("tells the first and last day", async () => {
      const tenant = "extent";
      await load(
        store(),
        ["2024-09-05", "2024-02-29", "2024-09-01"].map((day) => cost(day, {}, { tenant })),
      );
      expect((await versionOf(store(), tenant)).extent).toEqual({
        first: "2024-02-29",
        last: "2024-09-05",
      });
    });

    it("holds facts of any day, and lets those of implausible ones stretch nothing", async () => {
      const tenant = "far-days";
      const fact = (day: string) => cost(day, { billed_cost: "1" }, { tenant });
      await load(store(), ["0001-01-01", "9999-12-31"].map(fact));
      expect((await versionOf(store(), tenant)).extent).toBeNull();
      await load(store(), ["0001-01-01", "1999-12-31", "2024-09-05", "2027-01-01", "9999-12-31"].map(fact));
      expect((await versionOf(store(), tenant)).extent).toEqual({
        first: "2024-09-05",
        last: "2024-09-05",
      });
      for (const grain of ["day", "week", "month"])
        expect((await ask(store(), { groupBy: [grain], compare: "previous-year" }, tenant)).rows).toEqual([
          [{ day: "2024-09-05", week: "2024-09-02", month: "2024-09-01" }[grain], "1", null],
        ]);
      await load(store(), ["2000-01-01", "2026-12-31"].map(fact));
      expect((await versionOf(store(), tenant)).extent).toEqual({
        first: "2000-01-01",
        last: "2026-12-31",
      });
    });

    it("tells the first and last day with the version, after every change of the facts", async () => {
      const tenant = "extent-changes";
      const extent = async (of = tenant) => (await versionOf(store(), of)).extent;
      const fact = (day: string, to = tenant) => cost(day, { sub_account_id: to }, { tenant: to });
      expect(await extent()).toBeNull();
      await load(store(), [fact("2024-08-05"), fact("2024-09-20")]);
      expect(await extent()).toEqual({ first: "2024-08-05", last: "2024-09-20" });
      // Earlier and later facts of others are not this tenant's.
      await load(store(), [fact("2024-01-01", "extent-other"), fact("2024-12-31", "extent-other")]);
      expect(await extent()).toEqual({ first: "2024-08-05", last: "2024-09-20" });
      // The period's facts are replaced by fewer days.
      await load(store(), [fact("2024-09-07")]);
      expect(await extent()).toEqual({ first: "2024-08-05", last: "2024-09-07" });
      await store().assign(["extent-other"], tenant);
      expect(await extent()).toEqual({ first: "2024-01-01", last: "2024-12-31" });
      expect(await extent("extent-other")).toBeNull();
      const [{ source } = { source: "" }] = await store().loads({ tenant });
      await store().remove({ tenant, datasets: ["cost"], source, period: "2024-12", dryRun: false });
      expect(await extent()).toEqual({ first: "2024-01-01", last: "2024-09-07" });
      await store().remove({ tenant, datasets: ["cost"], source, dryRun: false });
      expect(await extent()).toBeNull();
    });

    it("lists the accounts that nobody claims", async () => {
      const fact = (account: string | null) =>
        cost(
          "2024-09-01",
          { sub_account_id: account, sub_account_name: "Sandbox" },
          { tenant: "unassigned" },
        );
      const report = await load(store(), [fact("012"), fact("012"), fact("345")]);
      expect(report.unassigned).toEqual([
        { account: "012", name: "Sandbox", rows: 2 },
        { account: "345", name: "Sandbox", rows: 1 },
      ]);
    });
  });

  describe("large loads", () => {
    it("stores more rows than fit one batch, exactly", async () => {
      const facts = Array.from({ length: 5000 }, (_, i) =>
        cost(
          `2024-09-${String((i % 30) + 1).padStart(2, "0")}`,
          { billed_cost: `0.${String(i).padStart(18, "0")}` },
          { tenant: "large" },
        ),
      );
      await load(store(), [], { records: inBatches(facts, 2500) });
      const answer = await ask(store(), {}, "large");
      expect([answer.facts, answer.rows]).toEqual([5000, [["0.0000000000124975"]]]);
    });
  });
}
