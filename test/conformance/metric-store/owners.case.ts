import { describe, expect, it } from "vitest";
import type { Assignment, LoadedFact } from "../../../src/ports/load.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, cost, finding, inBatches, load, versionOf } from "../lib/facts.ts";

/** Each test has tenants and accounts of its own. */
export function ownerCases(store: () => MetricStore): void {
  describe("giving an account's facts to its owner", () => {
    const sum = async (tenant: string, question = {}): Promise<string | null | undefined> =>
      (await ask(store(), question, tenant)).totals[0]?.[0]?.value;
    const accountFact = (tenant: string, account: string, day: string, billed: string): LoadedFact =>
      cost(day, { sub_account_id: account, billed_cost: billed }, { tenant, source: `focus:AWS:${account}` });

    it("moves its facts to the tenant that claims it, and a new import replaces them there", async () => {
      const before = (owner: string): LoadedFact[] => [
        accountFact(owner, "777", "2024-09-01", "1"),
        accountFact(owner, "777", "2024-08-01", "2"),
      ];
      const kept = accountFact("unassigned", "778", "2024-09-01", "4");
      await load(store(), [...before("unassigned"), kept]);
      const versions = async () => [
        (await versionOf(store(), "claimer")).version,
        (await versionOf(store(), "unassigned")).version,
      ];
      const old = await versions();
      expect((await store().assign(["777"], "claimer")).moved).toBe(2);
      const now = await versions();
      expect(now[0]).not.toBe(old[0]);
      expect(now[1]).not.toBe(old[1]);
      const range = { from: "2024-08-01", to: "2024-10-01" };
      const question = { range, groupBy: ["month", "account"] };
      const moved = await ask(store(), question, "claimer");
      expect(moved.rows).toEqual([
        ["2024-08-01", "777", "2"],
        ["2024-09-01", "777", "1"],
      ]);
      expect(
        (
          await ask(
            store(),
            { ...question, filters: [{ field: "account", op: "equals", value: "777" }] },
            "unassigned",
          )
        ).facts,
      ).toBe(0);
      const loads = await store().loads({ tenant: "claimer" });
      expect(loads.map((l) => l.rows)).toEqual([1, 1]);
      const report = await load(store(), before("claimer"));
      expect(report.partitions.map((p) => p.replacedRows)).toEqual([1, 1]);
      expect(await ask(store(), question, "claimer")).toEqual(moved);
      expect((await store().assign(["777"], "claimer")).moved).toBe(0);
    });

    it("merges with what the claimer holds of the same source and period, and leaves the rest where it was", async () => {
      const fact = (tenant: string, account: string, billed: string): LoadedFact =>
        cost(
          "2024-09-01",
          { sub_account_id: account, billed_cost: billed },
          { tenant, source: "focus:AWS:shared" },
        );
      await load(store(), [fact("merger", "881", "1"), fact("giver", "882", "2"), fact("giver", "883", "4")]);
      expect((await store().assign(["882"], "merger")).moved).toBe(1);
      expect((await ask(store(), { groupBy: ["account"] }, "merger")).rows).toEqual([
        ["882", "2"],
        ["881", "1"],
      ]);
      expect((await ask(store(), { groupBy: ["account"] }, "giver")).rows).toEqual([["883", "4"]]);
      expect((await store().loads({ tenant: "merger" })).map((l) => l.rows)).toEqual([2]);
      expect((await store().loads({ tenant: "giver" })).map((l) => l.rows)).toEqual([1]);
      const report = await load(store(), [fact("merger", "881", "1"), fact("merger", "882", "2")]);
      expect(report.partitions).toMatchObject([{ rows: 2, replacedRows: 2 }]);
    });

    it("moves nothing of an account without facts", async () => {
      expect((await store().assign(["no-such-account"], "claimer")).moved).toBe(0);
    });

    it("leaves what was loaded for a tenant by name, and never counts a fact twice in the owner's place", async () => {
      const fact = (tenant: string, id: string): LoadedFact =>
        finding("2024-09-05", { finding_id: id, sub_account_id: "601" }, { tenant, source: "asff:601" });
      const setup = { dataset: "findings" } as const;
      const named = { ...setup, assignment: { kind: "named" } } as const;
      const count = async (tenant: string) => (await ask(store(), { dataset: "findings" }, tenant)).facts;
      await load(store(), [fact("by-name", "f")], named);
      await load(store(), [fact("other-name", "f")], named);
      await load(store(), [fact("unassigned", "f")], setup);
      const before = await count("unassigned");
      // The owner has the finding already, by name: the other copy stays where it is.
      expect(await store().assign(["601"], "by-name")).toEqual({ moved: 0, superseded: 0, kept: 1 });
      expect(await Promise.all(["by-name", "other-name", "unassigned"].map(count))).toEqual([1, 1, before]);
      // A third tenant gets the copy that is nobody's, and only that one.
      expect(await store().assign(["601"], "third")).toEqual({ moved: 1, superseded: 0, kept: 0 });
      const all = ["by-name", "other-name", "third", "unassigned"];
      expect(await Promise.all(all.map(count))).toEqual([1, 1, 1, before - 1]);
      expect(await store().accountsHeld("by-name")).toEqual([]);
      expect(await store().accountsHeld("third")).toEqual(["601"]);
      // What came by ownership goes with it, also out of a partition that was loaded by name.
      await load(
        store(),
        [fact("mixed", "own")].map((f) => ({ ...f, values: { ...f.values, sub_account_id: "602" } })),
        named,
      );
      await store().assign(["601"], "mixed");
      expect(await store().accountsHeld("mixed")).toEqual(["601"]);
      expect(await count("mixed")).toBe(2);
      expect(await store().assign(["601", "602"], "unassigned")).toMatchObject({ moved: 1 });
      expect(await Promise.all(["mixed", "third", "unassigned"].map(count))).toEqual([1, 0, before]);
    });

    it("keeps the newer of two deliveries of the same, wherever it is", async () => {
      const fact = (tenant: string, billed: string): LoadedFact =>
        accountFact(tenant, "610", "2024-09-01", billed);
      const at = (day: number) => ({ loadedAt: `2024-10-0${day}T00:00:00.000Z` });
      await load(store(), [fact("double", "1")], at(1));
      await load(store(), [fact("unassigned", "2")], at(2));
      expect(await store().assign(["610"], "double")).toEqual({ moved: 1, superseded: 1, kept: 0 });
      expect(await sum("double")).toBe("2");
      await load(store(), [fact("stale", "4")], at(1));
      expect(await store().assign(["610"], "double")).toEqual({ moved: 0, superseded: 1, kept: 0 });
      expect([await sum("double"), await sum("stale")]).toEqual(["2", undefined]);
      expect((await store().loads({ tenant: "double" })).map(({ rows }) => rows)).toEqual([1]);
      expect(await store().loads({ tenant: "stale" })).toEqual([]);
    });

    it("refuses a load by former owners, whenever they changed, and takes any other", async () => {
      const fact = (tenant: string, account: string): LoadedFact =>
        accountFact(tenant, account, "2024-09-01", "1");
      const former: Assignment = { kind: "owners", seen: await store().ownerChanges() };
      await store().assign(["620"], "new-owner");
      const stale = load(store(), [fact("unassigned", "620")], { assignment: former });
      await expect(stale).rejects.toMatchObject({ code: "import.owners-changed", kind: "conflict" });
      await load(store(), [fact("unassigned", "621")], { assignment: former });
      await load(store(), [fact("old-owner", "620")], { assignment: { kind: "named" } });
      // Between two batches of the facts.
      async function* meanwhile(): AsyncGenerator<readonly LoadedFact[]> {
        yield [fact("unassigned", "622")];
        await store().assign(["622"], "new-owner");
        yield [fact("unassigned", "623")];
      }
      await expect(load(store(), [], { records: meanwhile() })).rejects.toMatchObject({
        code: "import.owners-changed",
      });
      expect(await store().assign(["620", "622", "623"], "new-owner")).toMatchObject({ moved: 0 });
      await load(store(), [fact("new-owner", "622"), fact("unassigned", "623")]);
      expect(await sum("new-owner")).toBe("1");
    });

    it("moves the facts of 500 accounts of one bill, each once", async () => {
      const accounts = Array.from({ length: 500 }, (_, i) => `7${String(i).padStart(11, "0")}`);
      const facts = [...accounts, "800000000000"].flatMap((account) =>
        ["2024-08-03", "2024-09-03"].map((day) =>
          cost(
            day,
            { sub_account_id: account, billed_cost: "0.01" },
            { tenant: "unassigned", source: "focus:AWS:500" },
          ),
        ),
      );
      await load(store(), [], { records: inBatches(facts, 500) });
      expect(await store().assign(accounts, "many-accounts")).toEqual({
        moved: 1000,
        superseded: 0,
        kept: 0,
      });
      const range = { from: "2024-08-01", to: "2024-10-01" };
      expect(await sum("many-accounts", { range })).toBe("10");
      const rest = (await store().loads({ tenant: "unassigned" })).filter(
        ({ source }) => source === "focus:AWS:500",
      );
      expect(rest.map(({ rows }) => rows)).toEqual([1, 1]);
      expect(await store().accountsHeld("many-accounts")).toEqual(accounts);
      expect(await store().assign(accounts, "many-accounts")).toMatchObject({ moved: 0 });
    });

    it("keeps every fact while readers ask", async () => {
      const tenants = ["mover-a", "mover-b"];
      await load(
        store(),
        Array.from({ length: 30 }, () => accountFact("mover-a", "990", "2024-09-03", "1")),
      );
      for (const to of ["mover-b", "mover-a", "mover-b"]) {
        await store().assign(["990"], to);
        const answers = await Promise.all(tenants.map(async (tenant) => ask(store(), {}, tenant)));
        expect(answers.map((a) => a.facts)).toEqual(tenants.map((tenant) => (tenant === to ? 30 : 0)));
      }
    });
  });
}
