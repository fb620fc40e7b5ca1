import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AwsStore } from "../../src/adapters/aws/store.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import type { LoadedFact } from "../../src/ports/load.ts";
import { ask, cost, load } from "../conformance/lib/facts.ts";
import { type LocalCloud, startLocalCloud } from "./local-cloud.ts";

const [FORMER, OWNER] = ["unassigned", "owner"];

describe("an account that changes hands on DynamoDB", () => {
  let cloud: LocalCloud;
  let mover: AwsStore;
  let loader: AwsStore;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    const config = { retry: { attempts: 2, firstPause: 1, maxPause: 2 } };
    [mover, loader] = [cloud.open({ config }), cloud.open({ config })];
  });
  afterAll(async () => {
    await mover.close();
    await loader.close();
    await cloud.close();
  });

  /** A bill of the account and a neighbour that stays. */
  const bill = (scene: string, owner: string, amount: string): LoadedFact[] =>
    [
      { tenant: owner, account: `${scene}-moving` },
      { tenant: FORMER, account: `${scene}-staying` },
    ].flatMap(({ tenant, account }) =>
      ["2024-09-01", "2024-09-02"].map((day) =>
        cost(day, { sub_account_id: account, billed_cost: amount }, { tenant, source: `focus:AWS:${scene}` }),
      ),
    );

  /** Amounts of a scene's accounts with each tenant. */
  const held = async (scene: string): Promise<unknown> => {
    const filters = [{ field: "source", op: "equals" as const, value: `focus:AWS:${scene}` }];
    const [former, owner] = await Promise.all(
      [FORMER, OWNER].map(
        async (tenant) => (await ask(loader.metrics, { groupBy: ["account"], filters }, tenant)).rows,
      ),
    );
    return { former, owner };
  };
  const moved = (scene: string, amount: string) => ({
    former: [[`${scene}-staying`, amount]],
    owner: [[`${scene}-moving`, amount]],
  });
  /** The bill's file was split: the second one has the moving account alone, and replaces nothing of the neighbour. */
  const alone = (facts: readonly LoadedFact[]) =>
    facts.filter(({ values }) => values["sub_account_id"]?.endsWith("moving"));

  /** Loads by the owner that the registry names then, as importing does. @returns how often it took */
  async function loadByOwner(
    scene: string,
    registry: () => string,
    amount: string,
    part = (facts: LoadedFact[]) => facts,
  ): Promise<number> {
    for (let tries = 1; ; tries++) {
      const seen = await loader.metrics.ownerChanges();
      try {
        await load(loader.metrics, part(bill(scene, registry(), amount)), {
          assignment: { kind: "owners", seen },
        });
        return tries;
      } catch (error) {
        if (!(error instanceof DomainError) || error.code !== "import.owners-changed") throw error;
      }
    }
  }

  /** Does something before one of a store's calls. @returns whether it came to that call */
  async function between(
    store: AwsStore,
    call: number,
    task: () => Promise<unknown>,
    work: () => Promise<unknown>,
  ): Promise<boolean> {
    let calls = call;
    store.dynamo.client.middlewareStack.add(
      (next) => async (args) => {
        if (calls-- === 0) await task();
        return next(args);
      },
      { step: "initialize", name: "between" },
    );
    try {
      await work();
    } finally {
      store.dynamo.client.middlewareStack.remove("between");
    }
    return calls < 0;
  }

  it("has its facts once with the owner, whichever call of the move a load comes before", async () => {
    let call = 0;
    for (let came = true; came; call++) {
      const scene = `move-${call}`;
      await loadByOwner(scene, () => FORMER, "1");
      came = await between(
        mover,
        call,
        () => loadByOwner(scene, () => OWNER, "2", alone),
        () => mover.metrics.assign([`${scene}-moving`], OWNER),
      );
      expect(await held(scene), scene).toEqual({
        ...moved(scene, "2"),
        owner: [[`${scene}-moving`, came ? "4" : "2"]],
      });
    }
    expect(call).toBeGreaterThan(10);
  });

  it("has its facts once with the owner, whichever call of a load the move comes before", async () => {
    let call = 0;
    const tries = new Set<number>();
    for (; ; call++) {
      const scene = `load-${call}`;
      await loadByOwner(scene, () => FORMER, "1");
      let owner = FORMER;
      const came = await between(
        loader,
        call,
        async () => {
          owner = OWNER;
          await mover.metrics.assign([`${scene}-moving`], OWNER);
        },
        async () => tries.add(await loadByOwner(scene, () => owner, "2")),
      );
      if (!came) break;
      expect(await held(scene), scene).toEqual(moved(scene, "4"));
    }
    expect(call).toBeGreaterThan(5);
    expect([...tries].sort()).toEqual([1, 2]);
  });

  it("has its facts once, and with the owner when a move that died at any of its calls is repeated", async () => {
    for (let call = 0, done = false; !done; call++)
      for (const last of ["reset", "lose-answer"] as const) {
        const scene = `die-${call}-${last}`;
        await loadByOwner(scene, () => FORMER, "1");
        let left = call;
        cloud.setFaults(() => (left-- > 0 ? undefined : left === -1 ? last : "reset"));
        done = await mover.metrics.assign([`${scene}-moving`], OWNER).then(
          () => true,
          () => false,
        );
        cloud.setFaults(undefined);
        const before = {
          former: [
            [`${scene}-moving`, "2"],
            [`${scene}-staying`, "2"],
          ],
          owner: [],
        };
        expect([before, moved(scene, "2")]).toContainEqual(await held(scene));
        await mover.metrics.assign([`${scene}-moving`], OWNER);
        expect(await held(scene)).toEqual(moved(scene, "2"));
        expect(call).toBeLessThan(80);
      }
  });
});
