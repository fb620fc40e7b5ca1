import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DATASETS } from "../../src/core/metrics/datasets.ts";
import { stageDelivery } from "../../src/duckdb/stage-delivery.ts";
import { stagedFacts } from "../../src/duckdb/staged-facts.ts";
import { type Engine, readingEngine } from "../../src/loading/engine.ts";
import type { DeliveryEnd, LoadedFact } from "../../src/ports/load.ts";
import type { StagedFact } from "../../src/ports/staged.ts";
import { cost, inBatches } from "../conformance/lib/facts.ts";

let folder: string;
let engine: Engine;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "securebase-staged-"));
  engine = readingEngine(folder);
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Stages cost facts. @returns them as a store gets them, with the partitions their indices are of */
async function staged(facts: readonly LoadedFact[]): Promise<{ tenants: string[]; found: StagedFact[] }> {
  const end = (): DeliveryEnd => ({
    datasets: ["cost"],
    dayOf: (_, period) => period,
    partitions: [],
    rejections: { count: 0, kept: [] },
  });
  const delivery = {
    ...{ format: "test", files: [], loadedAt: "2024-10-01T06:00:00.000Z", dryRun: false, end },
    assignment: { kind: "named" as const },
    facts: inBatches(
      facts.map((fact) => ({ ...fact, dataset: "cost" as const })),
      100,
    ),
  };
  const path = join(folder, String(facts.length));
  const { datasets } = await stageDelivery(engine.connect, delivery, path, {});
  const [dataset] = datasets;
  if (dataset === undefined) throw new Error("nothing staged");
  const connection = await engine.connect();
  const found: StagedFact[] = [];
  for await (const batch of stagedFacts(connection, dataset)) found.push(...batch);
  connection.disconnectSync();
  return { tenants: dataset.partitions.map(({ tenant }) => tenant), found };
}

it("staged facts come as they were made, to the last digit and character", async () => {
  const values = {
    billed_cost: "12345678901234567890.123456789012345678",
    effective_cost: "-0.000000000000000001",
    list_cost: "100",
    contracted_cost: "0",
    consumed_quantity: "1.5",
    service_name: 'é "quoted" \\ \u0001\u2028 \n 🙂',
    resource_id: "",
    tags: '{"a":"\\u0000"}',
    charge_period_start: "2024-09-03T04:05:06.123456Z",
    charge_period_end: "0001-01-01T00:00:00.000Z",
  };
  const { found } = await staged([cost("2024-09-03", values)]);
  const names = DATASETS.cost.columns.map(({ name }) => name);
  const read = Object.fromEntries(names.map((name, i) => [name, found[0]?.values[i]]));
  expect(found).toMatchObject([{ part: 0, day: "2024-09-03" }]);
  expect(read).toMatchObject({
    ...values,
    charge_period_end: "0001-01-01T00:00:00.000000Z",
    billing_currency: "USD",
    region_id: null,
  });
});

it("staged facts come together by tenant and day", async () => {
  const facts = Array.from({ length: 30_000 }, (_, i) =>
    cost(`2024-09-${String(((i * 7) % 30) + 1).padStart(2, "0")}`, {}, { tenant: `t${(i * 11) % 4}` }),
  );
  const { tenants, found } = await staged(facts);
  const places = found.map(({ part, day }) => `${tenants[part] ?? ""} ${day}`);
  const runs = places.filter((place, i) => place !== places[i - 1]);
  expect(found).toHaveLength(30_000);
  expect(runs).toHaveLength(new Set(places).size);
});
