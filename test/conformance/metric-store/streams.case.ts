import { beforeAll, describe, expect, it } from "vitest";
import { parseDecimal } from "../../../src/core/money/decimal.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, cost, inBatches, load, open, plan } from "../lib/facts.ts";

export function streamCases(store: () => MetricStore, groups: number): void {
  describe("streams of groups", () => {
    const tenant = "streamed";
    const question = { groupBy: ["resource"], sort: [{ by: "resource", order: "asc" as const }] };
    beforeAll(async () => {
      const facts = Array.from({ length: groups }, (_, i) =>
        cost(
          "2024-09-01",
          { resource_id: `r-${String(i).padStart(8, "0")}`, billed_cost: "0.01" },
          { tenant },
        ),
      );
      await load(store(), [], { records: inBatches(facts, 5000) });
    });

    it("come in batches, whole and in order, after their totals", async () => {
      const aggregate = await open(store(), plan(question), tenant);
      expect([aggregate.groups, aggregate.facts]).toEqual([groups, groups]);
      expect(parseDecimal(aggregate.totals[0]?.[0]?.value ?? "")).toBe(parseDecimal("0.01") * BigInt(groups));
      let batches = 0;
      let rows = 0;
      for await (const batch of aggregate.batches) {
        batches++;
        for (const [resource] of batch) expect(resource).toBe(`r-${String(rows++).padStart(8, "0")}`);
        expect(batch.length).toBeLessThanOrEqual(10_000);
      }
      expect(rows).toBe(groups);
      expect(batches).toBeGreaterThan(1);
    });

    it("free what they hold when ended early, before the first row or midway", async () => {
      for (let i = 0; i < 40; i++) {
        const early = await open(store(), plan(question), tenant);
        await early.batches[Symbol.asyncIterator]().return?.();
        const midway = await open(store(), plan(question), tenant);
        for await (const batch of midway.batches) if (batch.length > 0) break;
        const after = midway.batches[Symbol.asyncIterator]();
        expect((await after.next()).done).toBe(true);
      }
      expect((await ask(store(), { ...question, limit: 2 }, tenant)).rows).toEqual([
        ["r-00000000", "0.01"],
        ["r-00000001", "0.01"],
      ]);
    });

    it("read on from the state they began in while loads replace it", async () => {
      const aggregate = await open(store(), plan(question), tenant);
      const iterator = aggregate.batches[Symbol.asyncIterator]();
      const first = await iterator.next();
      await load(store(), [
        cost("2024-09-01", { resource_id: "new", billed_cost: "1" }, { tenant: "streamed-else" }),
      ]);
      let rows = first.done === true ? 0 : first.value.length;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        rows += next.value.length;
      expect(rows).toBe(groups);
    });

    it("run side by side", async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          ask(
            store(),
            { ...question, filters: [{ field: "resource", op: "ends", value: String(i) }] },
            tenant,
          ),
        ),
      );
      expect(answers.map((answer) => answer.groups)).toEqual(Array.from({ length: 8 }, () => groups / 10));
    });
  });
}
