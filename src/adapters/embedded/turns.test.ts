import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cost, load, plan } from "../../../test/conformance/lib/facts.ts";
import { Turns } from "../../core/limits/turns.ts";
import type { Aggregate, MetricStore } from "../../ports/metric-store.ts";
import { Database } from "./database.ts";
import { createMetricStore } from "./metric-store.ts";

describe("questions to the engine", () => {
  let directory: string;
  let database: Database;
  let turns: Turns;
  let store: MetricStore;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "securebase-test-"));
    database = await Database.open(directory);
    turns = new Turns({ atOnce: 1, ofOne: 1 });
    store = createMetricStore(database, { smallGroups: 0, turns });
    const facts = Array.from({ length: 10_000 }, (_, i) =>
      cost("2024-09-01", { resource_id: `r-${i}`, billed_cost: "1" }),
    );
    await load(store, facts);
  });
  afterAll(() => {
    database.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ask = async (signal?: AbortSignal): Promise<Aggregate> => {
    const snapshot = await store.forTenant("acme").snapshot("cost");
    return snapshot.aggregate(plan({ groupBy: ["resource"] }), signal);
  };

  it("wait for their turn, and leave the queue with who asked", async () => {
    const end = await turns.take({ owner: "other" });
    const leaving = new AbortController();
    const left = ask(leaving.signal);
    const staying = ask();
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    end();
    const aggregate = await staying;
    expect(aggregate.groups).toBe(10_000);
    await aggregate.batches[Symbol.asyncIterator]().return?.();
  });

  it("give their turn back with the first rows, so that a slow reader keeps nobody waiting", async () => {
    const open = [await ask(), await ask(), await ask()];
    expect(await store.loads({ totals: true })).toHaveLength(1);
    for (const { batches } of open) await batches[Symbol.asyncIterator]().return?.();
  });
});
