import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { DeliveredFact, LoadedFact } from "../../src/ports/load.ts";
import type { StagedDataset, StagedFact } from "../../src/ports/staged.ts";
import { ask, cost, deliver, load } from "../conformance/lib/facts.ts";
import { metricStoreCases } from "../conformance/metric-store.case.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

metricStoreCases(
  "DynamoDB",
  async () => {
    const cloud = await startLocalCloud();
    const store = cloud.open();
    return {
      store: store.metrics,
      async close() {
        await store.close();
        await cloud.close();
      },
    };
  },
  // Each random plan loads its own tenants over HTTP; the emulator takes some 10 ms for each item.
  { randomRuns: 40, manyGroups: 10_000 },
);

describe("loads at the same time", () => {
  let cloud: LocalCloud;
  let stores: AwsStore[];
  beforeAll(async () => {
    cloud = await startLocalCloud();
    stores = [cloud.open(), cloud.open()];
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await cloud.close();
  });

  const facts = (tenant: string, day: string, billed: string, count: number): LoadedFact[] =>
    Array.from({ length: count }, () => cost(day, { billed_cost: billed }, { tenant }));

  /** A store that waits before the first facts of a load until they are let go on. */
  function held(store: AwsStore["metrics"]): {
    begun: Promise<void>;
    go: () => void;
    store: AwsStore["metrics"];
  } {
    let go = (): void => undefined;
    let tell = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const begun = new Promise<void>((resolve) => (tell = resolve));
    const loadStaged: AwsStore["metrics"]["loadStaged"] = (staged, options) => {
      async function* facts(dataset: StagedDataset): AsyncGenerator<readonly StagedFact[]> {
        tell();
        await gate;
        yield* staged.facts(dataset);
      }
      return store.loadStaged({ ...staged, facts }, options);
    };
    return { begun, go, store: { ...store, loadStaged } };
  }

  it("takes one of two loads of a partition whole, and tells the other", async () => {
    const [a, b] = stores.map((store) => store.metrics) as [AwsStore["metrics"], AwsStore["metrics"]];
    const slow = held(a);
    const loser = load(slow.store, facts("raced", "2024-09-01", "1", 50));
    await slow.begun;
    await load(b, facts("raced", "2024-09-02", "100", 7));
    slow.go();
    await expect(loser).rejects.toMatchObject({ code: "import.conflict", kind: "conflict" });
    const answer = await ask(a, { groupBy: ["day"] }, "raced");
    expect(answer.rows).toEqual([["2024-09-02", "700"]]);
    expect(await a.loads({ tenant: "raced" })).toHaveLength(1);
  });

  it("refuses a load whose partition was removed meanwhile, and takes it when it comes again", async () => {
    const [a, b] = stores.map((store) => store.metrics) as [AwsStore["metrics"], AwsStore["metrics"]];
    await load(a, facts("removed", "2024-09-01", "1", 3));
    const slow = held(a);
    const loser = load(slow.store, facts("removed", "2024-09-01", "2", 50));
    await slow.begun;
    const request = { tenant: "removed", datasets: ["cost"] as const, source: "focus:AWS:1", dryRun: false };
    expect(await b.remove(request)).toMatchObject([{ rows: 3 }]);
    slow.go();
    await expect(loser).rejects.toMatchObject({ code: "import.conflict" });
    expect((await ask(a, {}, "removed")).facts).toBe(0);
    await load(b, facts("removed", "2024-09-01", "2", 50));
    expect((await ask(a, {}, "removed")).rows).toEqual([["100"]]);
  });

  it("removes each of many sources once, however many remove and load at the same time", async () => {
    const tenant = "crowded";
    const sources = Array.from({ length: 8 }, (_, i) => `focus:AWS:${i}`);
    const charge = (source: string): LoadedFact =>
      cost("2024-09-01", { billed_cost: "1" }, { tenant, source });
    await load(stores[0]!.metrics, sources.map(charge));
    const removals = sources.map((source, i) =>
      stores[i % 2]!.metrics.remove({ tenant, datasets: ["cost"], source, dryRun: false }),
    );
    const other = load(stores[1]!.metrics, [charge("focus:AWS:other")]);
    expect((await Promise.all(removals)).map((removed) => removed.map(({ source }) => source))).toEqual(
      sources.map((source) => [source]),
    );
    await other;
    expect((await ask(stores[0]!.metrics, { groupBy: ["source"] }, tenant)).rows).toEqual([
      ["focus:AWS:other", "1"],
    ]);
  });

  it("sees a load that comes before any of a removal's calls whole, or not at all", async () => {
    const [remover, loader] = stores as [AwsStore, AwsStore];
    const datasets = ["findings", "controls"] as const;
    const observed = (tenant: string, days: readonly string[]): DeliveredFact[] =>
      days.flatMap((day) =>
        datasets.map((dataset) => ({
          ...{ dataset, tenant, source: "asff:1", period: day, day, values: { check_id: "1" } },
        })),
      );
    let before: (() => Promise<unknown>) | undefined;
    let calls = 0;
    remover.dynamo.client.middlewareStack.add(
      (next) => async (args) => {
        if (calls-- === 0) await before?.();
        return next(args);
      },
      { step: "initialize", name: "loadBetween" },
    );
    const left = new Set<string>();
    // New days while there are old ones, old ones again, and the first ones of all.
    for (const [n, [old, fresh]] of [
      [["2024-09-01"], ["2024-09-02"]],
      [["2024-09-01"], ["2024-09-01"]],
      [[], ["2024-09-01"]],
    ].entries())
      for (let call = 0; call < 9; call++) {
        const tenant = `between-${n}-${call}`;
        await deliver(loader.metrics, observed(tenant, old ?? []), {
          partitions: datasets.map((dataset) => ({
            dataset,
            tenant,
            source: "asff:0",
            period: "2024-09-01",
          })),
        });
        calls = call;
        const came: string[] = [];
        before = () => {
          came.push(...(fresh ?? []));
          return deliver(loader.metrics, observed(tenant, fresh ?? []));
        };
        const removed = await remover.metrics.remove({ tenant, datasets, source: "asff:1", dryRun: false });
        before = undefined;
        const of = (list: readonly { dataset: string; source: string; period: string }[]): string[] =>
          datasets.map((dataset) =>
            list
              .filter((each) => each.dataset === dataset && each.source === "asff:1")
              .map(({ period }) => period)
              .sort()
              .join(),
          );
        const held = of(await loader.metrics.loads({ tenant }));
        expect([held[0], of(removed)[0]], tenant).toEqual([held[1], of(removed)[1]]);
        // What is told to be gone and what is there are all there was, but for a day that was loaded twice.
        const days = new Set([...(old ?? []), ...came]);
        const known = [of(removed)[0] ?? "", held[0] ?? ""].flatMap((list) =>
          list.split(",").filter(Boolean),
        );
        expect(new Set(known), tenant).toEqual(days);
        for (const [i, dataset] of datasets.entries()) {
          const { facts: count } = await ask(loader.metrics, { dataset, groupBy: ["day"] }, tenant);
          expect(count).toBe(held[i] === "" ? 0 : 1);
        }
        left.add(held[0] ?? "");
      }
    remover.dynamo.client.middlewareStack.remove("loadBetween");
    expect([...left].sort()).toEqual(["", "2024-09-01", "2024-09-02"]);
  });

  it("ends with exactly one of two loads that run freely", async () => {
    const outcomes = await Promise.allSettled([
      load(stores[0]!.metrics, facts("free", "2024-09-01", "1", 3000)),
      load(stores[1]!.metrics, facts("free", "2024-09-01", "1000", 3000)),
    ]);
    const won = outcomes.filter((outcome) => outcome.status === "fulfilled").length;
    expect(won).toBeGreaterThanOrEqual(1);
    const total = (await ask(stores[0]!.metrics, {}, "free")).rows[0]?.[0];
    expect(["3000", "3000000"]).toContain(total);
  });

  it("takes loads of different partitions at the same time", async () => {
    const days = ["2024-01-05", "2024-02-05", "2024-03-05", "2024-04-05", "2024-05-05", "2024-06-05"];
    await Promise.all(
      days.map((day, i) => load(stores[i % 2]!.metrics, facts("parallel", day, String(i + 1), 10))),
    );
    const range = { from: "2024-01-01", to: "2024-07-01" };
    expect((await ask(stores[0]!.metrics, { range }, "parallel")).rows).toEqual([["210"]]);
    expect(await stores[1]!.metrics.loads({ tenant: "parallel" })).toHaveLength(6);
  });

  it("replaces the partitions of several tenants together or not at all", async () => {
    const tenants = ["many-a", "many-b", "many-c"];
    const all = (billed: string): LoadedFact[] =>
      tenants.flatMap((tenant) => facts(tenant, "2024-09-01", billed, 5));
    await load(stores[0]!.metrics, all("1"));
    const slow = held(stores[0]!.metrics);
    const loser = load(slow.store, all("2"));
    await slow.begun;
    await load(stores[1]!.metrics, facts("many-a", "2024-09-01", "9", 1));
    slow.go();
    await expect(loser).rejects.toMatchObject({ code: "import.conflict" });
    const totals = await Promise.all(tenants.map((t) => ask(stores[0]!.metrics, {}, t)));
    expect(totals.map((answer) => answer.rows[0]?.[0])).toEqual(["9", "5", "5"]);
  });
});
