import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Budget, BudgetStore } from "../../src/ports/budget-store.ts";
import type { Fresh } from "./lib/fresh.ts";

/** Ids as the id maker gives them: they sort by time of creation. */
const idOf = (n: number): string => `01920000-0000-7${String(n).padStart(3, "0")}-8000-000000000000`;

function budget(n: number, more: Partial<Budget> = {}): Budget {
  return {
    id: idOf(n),
    name: `Budget ${n} – Größe 📊`,
    amount: "123456789012.000000000000000001",
    currency: "EUR",
    measure: "effective_cost",
    filters: [
      { field: "tag:team", op: "equals", value: null },
      { field: "account", op: "in", value: ["1", "2"] },
    ],
    thresholds: [50, 80, 100],
    createdBy: "alice",
    createdAt: "2024-10-01T00:00:00.000Z",
    updatedAt: "2024-10-01T00:00:00.000Z",
    etag: `etag-${n}`,
    ...more,
  };
}

/** What every budget store must do. @param create makes an empty store, for each test anew */
export function budgetStoreCases(name: string, create: () => Promise<Fresh<BudgetStore>>): void {
  describe(`budget store: ${name}`, () => {
    let fresh: Fresh<BudgetStore>;
    let store: BudgetStore;
    beforeEach(async () => {
      fresh = await create();
      store = fresh.store;
    });
    afterEach(() => fresh.close());

    it("gives back what was stored, in full, and nothing before that", async () => {
      const budgets = store.forTenant("acme");
      expect(await budgets.list({ limit: 10 })).toEqual([]);
      expect(await budgets.get(idOf(1))).toBeUndefined();
      await budgets.create(budget(1));
      expect(await budgets.get(idOf(1))).toEqual(budget(1));
      expect(await budgets.get(idOf(2))).toBeUndefined();
    });

    it("refuses an id that is taken, and keeps the budget there is", async () => {
      const budgets = store.forTenant("acme");
      await budgets.create(budget(1));
      await expect(budgets.create(budget(1, { etag: "other" }))).rejects.toMatchObject({
        code: "budget.exists",
      });
      expect((await budgets.get(idOf(1)))?.etag).toBe("etag-1");
    });

    it("keeps tenants apart, also with the same ids", async () => {
      await store.forTenant("acme").create(budget(1));
      const other = store.forTenant("other");
      expect(await other.get(idOf(1))).toBeUndefined();
      expect(await other.list({ limit: 10 })).toEqual([]);
      await other.create(budget(1, { createdBy: "bob" }));
      await other.remove(idOf(1));
      expect((await store.forTenant("acme").get(idOf(1)))?.createdBy).toBe("alice");
    });

    it("lists oldest first, page by page, also behind a budget that is gone by now", async () => {
      const budgets = store.forTenant("acme");
      for (const n of [3, 1, 5, 2, 4]) await budgets.create(budget(n));
      const page = async (after?: string): Promise<string[]> =>
        (await budgets.list({ limit: 2, ...(after !== undefined && { after }) })).map((b) => b.id);
      expect(await page()).toEqual([idOf(1), idOf(2)]);
      await budgets.remove(idOf(2));
      expect(await page(idOf(2))).toEqual([idOf(3), idOf(4)]);
      expect(await page(idOf(4))).toEqual([idOf(5)]);
      expect(await page(idOf(5))).toEqual([]);
    });

    it("replaces a budget that is as expected, and refuses what was changed meanwhile", async () => {
      const budgets = store.forTenant("acme");
      await budgets.create(budget(1));
      const changed = budget(1, { etag: "etag-1b", amount: "7" });
      await budgets.replace(changed, "etag-1");
      expect(await budgets.get(idOf(1))).toEqual(changed);
      const stale = { code: "budget.changed", kind: "precondition" };
      await expect(budgets.replace(budget(1), "etag-1")).rejects.toMatchObject(stale);
      await expect(budgets.remove(idOf(1), "etag-1")).rejects.toMatchObject(stale);
      expect(await budgets.list({ limit: 10 })).toEqual([changed]);
      await budgets.remove(idOf(1), "etag-1b");
      expect(await budgets.get(idOf(1))).toBeUndefined();
    });

    it("refuses to replace or remove what is not there", async () => {
      const missing = { code: "budget.not-found", kind: "not-found" };
      const budgets = store.forTenant("acme");
      await expect(budgets.replace(budget(1), "etag-1")).rejects.toMatchObject(missing);
      await expect(budgets.remove(idOf(1))).rejects.toMatchObject(missing);
      await store.forTenant("other").create(budget(1));
      await expect(budgets.remove(idOf(1), "etag-1")).rejects.toMatchObject(missing);
    });

    it("lets one of many win who replace at the same time", async () => {
      const budgets = store.forTenant("acme");
      await budgets.create(budget(1));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => budgets.replace(budget(1, { etag: `w${i}` }), "etag-1")),
      );
      const winner = outcomes.findIndex((outcome) => outcome.status === "fulfilled");
      expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
      expect((await budgets.get(idOf(1)))?.etag).toBe(`w${winner}`);
    });
  });
}
