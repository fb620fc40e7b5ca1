import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { ask, cost, inBatches, load } from "../conformance/lib/facts.ts";
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

  /** Records that begin a load and then wait until they are let go on. */
  function held(list: readonly LoadedFact[]): {
    begun: Promise<void>;
    go: () => void;
    records: AsyncIterable<readonly LoadedFact[]>;
  } {
    let go = (): void => undefined;
    let tell = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const begun = new Promise<void>((resolve) => (tell = resolve));
    async function* records(): AsyncGenerator<readonly LoadedFact[]> {
      yield list.slice(0, 1);
      tell();
      await gate;
      yield* inBatches(list.slice(1), 100);
    }
    return { begun, go, records: records() };
  }

  it("takes one of two loads of a partition whole, and tells the other", async () => {
    const [a, b] = stores.map((store) => store.metrics) as [MetricStore, MetricStore];
    const slow = held(facts("raced", "2024-09-01", "1", 50));
    const loser = load(a, [], { records: slow.records });
    await slow.begun;
    await load(b, facts("raced", "2024-09-02", "100", 7));
    slow.go();
    await expect(loser).rejects.toMatchObject({ code: "import.conflict", kind: "conflict" });
    const answer = await ask(a, { groupBy: ["day"] }, "raced");
    expect(answer.rows).toEqual([["2024-09-02", "700"]]);
    expect(await a.loads({ tenant: "raced" })).toHaveLength(1);
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
    const slow = held(all("2"));
    const loser = load(stores[0]!.metrics, [], { records: slow.records });
    await slow.begun;
    await load(stores[1]!.metrics, facts("many-a", "2024-09-01", "9", 1));
    slow.go();
    await expect(loser).rejects.toMatchObject({ code: "import.conflict" });
    const totals = await Promise.all(tenants.map((t) => ask(stores[0]!.metrics, {}, t)));
    expect(totals.map((answer) => answer.rows[0]?.[0])).toEqual(["9", "5", "5"]);
  });
});
