import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds, systemClock } from "../../src/adapters/embedded/clock.ts";
import { importFiles } from "../../src/app/imports/import-files.ts";
import { careForJobs } from "../../src/app/jobs/care.ts";
import { cancelJob, getJob } from "../../src/app/jobs/jobs.ts";
import { LocalJobs } from "../../src/app/jobs/local-runner.ts";
import { performJob } from "../../src/app/jobs/perform.ts";
import { OPEN_JOBS } from "../../src/app/records/kinds.ts";
import { serviceRecords } from "../../src/app/records/records.ts";
import type { Services } from "../../src/app/services.ts";
import { getTenant, ownersByAccount, tenantRecords } from "../../src/app/tenants/registry.ts";
import { addTenant, updateTenant } from "../../src/app/tenants/tenants.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import type { Job } from "../../src/core/jobs/job.ts";
import { jobKey } from "../../src/core/jobs/key.ts";
import { makeTenant } from "../../src/core/tenants/tenant.ts";
import type { InputFile, LoadedFact } from "../../src/ports/load.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import type { RecordStore } from "../../src/ports/records.ts";
import { focusCsv } from "../runtimes/seed.ts";
import { loaderFor } from "../support/loading.ts";
import { Death } from "../support/death.ts";
import type { Fresh } from "./lib/fresh.ts";
import { ask, cost, inBatches, load } from "./lib/facts.ts";

export interface ClaimStore {
  metrics: MetricStore;
  records: RecordStore;
  /** Whether several processes share the jobs. */
  shared: boolean;
}

/** Accounts that change hands, with their facts, on any store. */
export function claimCases(name: string, create: () => Promise<Fresh<ClaimStore>>): void {
  describe(`claims of accounts: ${name}`, () => {
    let fresh: Fresh<ClaimStore>;
    let late: number;
    beforeEach(async () => {
      fresh = await create();
      late = 0;
    });
    afterEach(() => fresh.close());

    /** A process on the store. */
    function start(death = new Death()): Services {
      const { metrics, records, shared } = fresh.store;
      const clock = { now: () => new Date(Date.now() + late) };
      const jobs = new LocalJobs((key, run) => performJob(services, key, run), { shared });
      const mortal = { metrics: death.of(metrics), records: death.ofRecords(records) };
      const ids = createIds(systemClock);
      const services = {
        ...{ clock, ids, jobs, ...mortal, loader: loaderFor(mortal.metrics) },
      } as unknown as Services;
      return services;
    }

    const ended = async (services: Services, claim: Job | undefined): Promise<Job | undefined> => {
      if (claim === undefined) return undefined;
      await services.jobs.ended(jobKey(claim));
      return getJob(services, claim.tenant, claim.id);
    };

    /** Looks after the jobs as a process does that starts when the one before has died. */
    async function takeOver(services: Services): Promise<void> {
      late += 120_000;
      await careForJobs(services, { alone: !fresh.store.shared });
      for (const { record } of await serviceRecords(services, OPEN_JOBS).all())
        await services.jobs.ended(record.key);
      expect(await serviceRecords(services, OPEN_JOBS).all()).toEqual([]);
    }

    const fact = (tenant: string, account: string, source: string): LoadedFact =>
      cost("2024-09-01", { sub_account_id: account, billed_cost: "1" }, { tenant, source });
    const bill = (accounts: readonly string[], source = "focus:AWS:bill", tenant = "unassigned") =>
      load(fresh.store.metrics, [], {
        records: inBatches(
          accounts.map((account) => fact(tenant, account, source)),
          500,
        ),
      });

    /** Who holds the facts of each account, and how many. */
    async function holders(tenants: readonly string[]): Promise<Record<string, string>> {
      const held: Record<string, string> = {};
      for (const tenant of tenants) {
        const { rows } = await ask(fresh.store.metrics, { groupBy: ["account"], limit: 1_000 }, tenant);
        for (const [account, billed] of rows)
          held[String(account)] = `${held[String(account)] ?? ""}${tenant} ${String(billed)}`;
      }
      return held;
    }

    it("move the facts with the accounts, to the owner and back to nobody", async () => {
      const services = start();
      await bill(["1", "2", "3"]);
      const added = await addTenant(services, { id: "acme", name: "Acme", accounts: ["1", "2"] });
      expect(await ended(services, added.claim)).toMatchObject({ status: "done", result: { moved: 2 } });
      expect(await holders(["acme", "unassigned"])).toEqual({ 1: "acme 1", 2: "acme 1", 3: "unassigned 1" });
      const changed = await updateTenant(services, "acme", { accounts: ["2", "3"] });
      expect(await ended(services, changed.claim)).toMatchObject({ result: { moved: 2 } });
      expect(await holders(["acme", "unassigned"])).toEqual({ 1: "unassigned 1", 2: "acme 1", 3: "acme 1" });
    });

    it("hold for 500 accounts", async () => {
      const services = start();
      const accounts = Array.from({ length: 500 }, (_, i) => `9${String(i).padStart(11, "0")}`);
      await bill(accounts);
      const added = await addTenant(services, { id: "acme", name: "Acme", accounts });
      expect(await ended(services, added.claim)).toMatchObject({ result: { moved: 500 } });
      expect((await getTenant(services, "acme")).accounts).toEqual(accounts);
      const given = await updateTenant(services, "acme", { accounts: accounts.slice(250) });
      expect(await ended(services, given.claim)).toMatchObject({ result: { moved: 250 } });
      const rows = async (tenant: string) => (await ask(fresh.store.metrics, {}, tenant)).facts;
      expect([await rows("acme"), await rows("unassigned")]).toEqual([250, 250]);
    });

    it("are finished or were never begun when their process died, at any of its calls", async () => {
      const tenants = ["acme", "beta", "unassigned"];
      await addTenant(start(), { id: "acme", name: "Acme" });
      await addTenant(start(), { id: "beta", name: "Beta" });
      const states = new Set<string>();
      let call = 0;
      for (let died = true; died; call++)
        for (const answered of [false, true]) {
          const [kept, given, got] = ["kept", "given", "got"].map(
            (what) => `${call}-${what}-${String(answered)}`,
          ) as [string, string, string];
          const source = `focus:AWS:${call}-${String(answered)}`;
          const setUp = start();
          await ended(setUp, (await updateTenant(setUp, "acme", { accounts: [kept, given] })).claim);
          await load(fresh.store.metrics, [
            ...[kept, given].map((account) => fact("acme", account, source)),
            fact("unassigned", got, source),
          ]);

          const death = new Death(call, answered);
          const dying = start(death);
          await updateTenant(dying, "acme", { accounts: [kept, got] })
            .then(({ claim }) => dying.jobs.ended(jobKey(claim!)))
            .catch(() => undefined);
          died = death.came;

          const next = start();
          await takeOver(next);
          const owners = await ownersByAccount(next);
          const held = await holders(tenants);
          for (const account of [kept, given, got])
            expect(held[account], `${account}, call ${call}`).toBe(
              `${owners.get(account) ?? "unassigned"} 1`,
            );
          states.add(owners.has(got) ? "finished" : "not begun");
          // And the same call once more has it done, whatever became of the first.
          await ended(next, (await updateTenant(next, "acme", { accounts: [kept, got] })).claim);
          const after = await holders(tenants);
          expect([kept, given, got].map((account) => after[account])).toEqual([
            ...["acme 1", "unassigned 1", "acme 1"],
          ]);
        }
      expect([...states].sort()).toEqual(["finished", "not begun"]);
      expect(call).toBeGreaterThan(10);
    }, 120_000);

    it("of more accounts than a transaction holds are finished, or were never begun, just the same", async () => {
      const many = (from: number): string[] =>
        Array.from({ length: 200 }, (_, i) => `5${String(from + i).padStart(11, "0")}`);
      const states = new Set<number>();
      for (let call = 0, died = true; died; call++) {
        const id = `tenant-${call}`;
        const accounts = many(call * 1_000);
        await bill(accounts, `focus:AWS:${id}`);
        const death = new Death(call, call % 2 === 0);
        const dying = start(death);
        await addTenant(dying, { id, name: "Acme", accounts })
          .then(({ claim }) => dying.jobs.ended(claim === undefined ? "" : jobKey(claim)))
          .catch(() => undefined);
        died = death.came;
        const next = start();
        await takeOver(next);
        const has = (await tenantRecords(next).find(id))?.record.accounts ?? [];
        const facts = async (of: string): Promise<number> => (await ask(fresh.store.metrics, {}, of)).facts;
        expect([has.length, await facts(id)], `call ${call}`).toEqual(has.length === 0 ? [0, 0] : [200, 200]);
        states.add(has.length);
        // The accounts are nobody's now, or this one's: either way they can be claimed.
        const last = await updateOrAdd(next, id, accounts);
        expect((await getTenant(next, id)).accounts).toEqual(accounts);
        await ended(next, last.claim);
        expect(await facts(id)).toBe(200);
        const given = await updateTenant(next, id, { name: "Given", accounts: [] });
        await ended(next, given.claim);
        expect(await getTenant(next, id)).toMatchObject({ name: "Given", accounts: [] });
        expect(await facts(id)).toBe(0);
      }
      expect([...states].sort()).toEqual([0, 200]);
    }, 120_000);

    /** Says once more what a process that died had said. */
    async function updateOrAdd(services: Services, id: string, accounts: string[]) {
      const there = await tenantRecords(services).find(id);
      const settings = { id, name: "Acme", accounts };
      return there === undefined ? addTenant(services, settings) : updateTenant(services, id, settings);
    }

    it("take back what they began when one of many accounts turns out to be another's", async () => {
      const services = start();
      const accounts = Array.from({ length: 200 }, (_, i) => `6${String(i).padStart(11, "0")}`);
      let calls = 0;
      const racing = {
        ...services,
        records: {
          ...services.records,
          service: new Proxy(services.records.service, {
            get: (target, name, receiver) => {
              const member: unknown = Reflect.get(target, name, receiver);
              if (name !== "write") return member;
              return async (changes: Parameters<RecordStore["service"]["write"]>[0]) => {
                // After the first of the tenant's writes.
                if (changes[0]?.after?.kind === "tenant" && calls++ === 1)
                  await addTenant(services, { id: "rival", name: "Rival", accounts: [accounts[150] ?? ""] });
                return target.write(changes);
              };
            },
          }),
        },
      };
      const lost = addTenant(racing, { id: "acme", name: "Acme", accounts });
      await expect(lost).rejects.toMatchObject({ code: "tenant.account-taken" });
      expect(await tenantRecords(services).find("acme")).toBeUndefined();
      const free = await addTenant(services, {
        id: "other",
        name: "Other",
        accounts: accounts.slice(0, 150),
      });
      await ended(services, free.claim);
      expect((await getTenant(services, "rival")).accounts).toEqual([accounts[150]]);
    });

    it("mend what earlier versions left behind when they died, by the same call once more", async () => {
      const services = start();
      const accounts = ["1", "2"];
      const settings = { id: "acme", name: "Acme", accounts };
      await bill(["1", "2", "3"]);
      await tenantRecords(services).create(makeTenant(settings, "2024-09-01T00:00:00Z"));
      const again = await addTenant(services, settings);
      expect(again.added).toBe(false);
      expect(await ended(services, again.claim)).toMatchObject({ result: { moved: 2 } });
      // It had given up an account whose facts it still has.
      await bill(["4"], "focus:AWS:other", "acme");
      await ended(services, (await updateTenant(services, "acme", { accounts })).claim);
      expect(await holders(["acme", "unassigned"])).toEqual({
        ...{ 1: "acme 1", 2: "acme 1", 3: "unassigned 1", 4: "unassigned 1" },
      });
      await expect(addTenant(services, { ...settings, name: "Other" })).rejects.toMatchObject({
        code: "tenant.exists",
      });
    });

    it("lose nothing to others who change the same tenant, and are refused for a version that is gone", async () => {
      const services = start();
      const { tenant } = await addTenant(services, { id: "acme", name: "Acme" });
      for (let round = 0; round < 15; round++) {
        const accounts = Array.from({ length: round + 1 }, (_, i) => String(i));
        const [, changed] = await Promise.all([
          updateTenant(services, "acme", { name: `Acme ${round}`, contacts: [`c${round}@acme.example`] }),
          updateTenant(services, "acme", { accounts }),
          updateTenant(services, "acme", { tier: `tier ${round}` }),
        ]);
        await ended(services, changed.claim);
        expect(await getTenant(services, "acme")).toMatchObject({
          ...{ name: `Acme ${round}`, tier: `tier ${round}`, contacts: [`c${round}@acme.example`], accounts },
        });
      }
      const late = updateTenant(services, "acme", { accounts: ["99"] }, { etag: tenant.etag });
      await expect(late).rejects.toMatchObject({ code: "tenant.changed", kind: "precondition" });
      expect(await serviceRecords(services, OPEN_JOBS).all()).toEqual([]);
    });

    it("go on in another process when the store did not let them end, or say so and are mended by the same call", async () => {
      const services = start();
      await bill(["1"]);
      const assign = services.metrics.assign.bind(services.metrics);
      services.metrics.assign = () =>
        Promise.reject(new DomainError("store.unavailable", "unavailable", "gone for now", { fix: "Wait." }));
      const settings = { id: "acme", name: "Acme", accounts: ["1"] };
      const first = await ended(services, (await addTenant(services, settings)).claim);
      services.metrics.assign = assign;
      if (fresh.store.shared) {
        expect(first).toMatchObject({ status: "queued" });
        await takeOver(start());
      } else {
        expect(first).toMatchObject({ status: "failed", error: { code: "store.unavailable" } });
        await ended(services, (await addTenant(services, settings)).claim);
      }
      expect(await holders(["acme", "unassigned"])).toEqual({ 1: "acme 1" });
    });

    it("cannot be cancelled halfway", async () => {
      const services = start();
      const idle = { ...services, jobs: { ...services.jobs, dispatch: () => Promise.resolve() } };
      const { claim } = await addTenant(idle, { id: "acme", name: "Acme", accounts: ["1"] });
      await expect(cancelJob(services, null, claim!.id)).rejects.toMatchObject({
        code: "job.not-cancellable",
      });
      await takeOver(services);
      expect(await getJob(services, null, claim!.id)).toMatchObject({ status: "done" });
    });

    it("have an import that was under way load for the new owner, once", async () => {
      const services = start();
      const text = (billed: string) =>
        focusCsv([
          { account: "111111111111", service: "A", day: 1, billed },
          { account: "222222222222", service: "A", day: 1, billed: "1" },
        ]);
      const file = (billed: string, opened: () => Promise<void> = () => Promise.resolve()): InputFile => ({
        name: "bill.csv",
        async *open() {
          await opened();
          yield new TextEncoder().encode(text(billed));
        },
      });
      await importFiles(services, [file("5")], {});
      let opened = 0;
      const claimMeanwhile = async (): Promise<void> => {
        if (opened++ > 0) return;
        const added = await addTenant(services, { id: "acme", name: "Acme", accounts: ["111111111111"] });
        await ended(services, added.claim);
      };
      const report = await importFiles(services, [file("7", claimMeanwhile)], {});
      expect(opened).toBeGreaterThan(1);
      expect(report.partitions.map(({ tenant, rows }) => [tenant, rows])).toEqual([
        ["acme", 1],
        ["unassigned", 1],
      ]);
      expect(await holders(["acme", "unassigned"])).toEqual({
        ...{ 111111111111: "acme 7", 222222222222: "unassigned 1" },
      });
    });
  });
}
