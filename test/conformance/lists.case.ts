import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIds } from "../../src/adapters/embedded/clock.ts";
import { listBudgets } from "../../src/app/cost/budgets.ts";
import { listExports } from "../../src/app/exports/exports.ts";
import { listJobs, makeJob } from "../../src/app/jobs/jobs.ts";
import type { Page, PageRequest } from "../../src/core/lists/pages.ts";
import { BUDGETS, CONNECTIONS, EXPORTS, JOBS, REPORTS, TENANTS } from "../../src/app/records/kinds.ts";
import { type Records, recordsOf, serviceRecords, writeTogether } from "../../src/app/records/records.ts";
import { listReports } from "../../src/app/reports/reports.ts";
import type { Services, TenantContext } from "../../src/app/services.ts";
import { pageConnections } from "../../src/app/sync/connections.ts";
import { pageVersioned } from "../../src/app/tenants/tenants.ts";
import { makeConnection } from "../../src/core/connections/connection.ts";
import { checkBudget } from "../../src/core/cost/budgets.ts";
import { templateOf, sampleDefinition } from "../../src/core/reports/templates/index.ts";
import { makeTenant } from "../../src/core/tenants/tenant.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { RecordStore } from "../../src/ports/records.ts";
import type { Fresh } from "./lib/fresh.ts";

const TOTAL = 250;
const NOW = new Date("2024-10-01T00:00:00Z");
const at = NOW.toISOString();
const idOf = (i: number): string => `item-${String(i).padStart(3, "0")}`;

/** Each list there is: how an item of it is stored, how it is asked, and how an item is told. */
function listsOf(context: TenantContext) {
  const { services } = context;
  const store = async <T>(records: Records<T>, make: (id: string) => T): Promise<void> => {
    for (let from = 0; from < TOTAL; from += 50) {
      const ids = Array.from({ length: 50 }, (_, i) => idOf(from + i));
      const stored = ids.map((id) => ({ record: make(id), revision: services.ids.next() }));
      await writeTogether(stored.map((each) => records.creating(each)));
    }
  };
  const by = { createdBy: "ada", createdAt: at, updatedAt: at };
  const definition = sampleDefinition(templateOf("cost-analysis"));
  const budget = checkBudget(
    { name: "All", amount: "1", currency: "USD", filters: [], thresholds: [100], measure: "billed_cost" },
    NOW,
  );
  const exported = {
    ...{ title: "t", format: "csv" as const, fileName: "t.csv", status: "done" as const, rowsWritten: 0 },
    ...{ rowsTotal: 0, bytes: 0, manifest: null, error: null, requestedBy: "ada", createdAt: at },
    ...{ finishedAt: at, expiresAt: "2099-01-01T00:00:00.000Z" },
  };
  const job = { kind: "export" as const, tenant: "acme", title: "t", input: null, requestedBy: "ada" };
  const source = { kind: "s3-cost-export", region: "eu-west-1", settings: { bucket: "acme-billing" } };
  const list = <T>(
    fill: () => Promise<void>,
    ask: (page: PageRequest) => Promise<Page<T>>,
    told: (item: T) => string,
  ) => ({
    fill,
    ask: async (page: PageRequest): Promise<Page<string>> => {
      const { items, next } = await ask(page);
      return { items: items.map(told), next };
    },
  });
  return {
    reports: list(
      () => store(recordsOf(context, REPORTS), (id) => ({ id, definition, ...by })),
      (page) => listReports(context, page),
      ({ id }) => id,
    ),
    exports: list(
      () => store(recordsOf(context, EXPORTS), (id) => ({ id, ...exported })),
      (page) => listExports(context, page),
      ({ id }) => id,
    ),
    budgets: list(
      () => store(recordsOf(context, BUDGETS), (id) => ({ ...budget, id, ...by })),
      (page) => listBudgets(context, page),
      ({ id }) => id,
    ),
    jobs: list(
      () => store(serviceRecords(services, JOBS), (id) => makeJob(services, job, id)),
      (page) => listJobs(services, "acme", page),
      ({ id }) => id,
    ),
    connections: list(
      () =>
        store(serviceRecords(services, CONNECTIONS), (id) => {
          return { connection: makeConnection({ ...source, id }, at), marks: {}, lastRun: null };
        }),
      (page) => pageConnections(services, page),
      ({ connection }) => connection.id,
    ),
    tenants: list(
      () => store(serviceRecords(services, TENANTS), (id) => makeTenant({ id, name: id }, at)),
      (page) => pageVersioned(services, page),
      ({ id }) => id,
    ),
  };
}

type Name = keyof ReturnType<typeof listsOf>;
const NAMES: readonly Name[] = ["reports", "exports", "budgets", "jobs", "connections", "tenants"];
const NEWEST_FIRST: readonly Name[] = ["reports", "exports", "jobs"];

/** Lists hold every item once, whatever the size of their pages; on any store of records. */
export function listCases(name: string, open: (clock: Clock) => Promise<Fresh<RecordStore>>): void {
  describe(`lists on ${name}`, () => {
    let fresh: Fresh<RecordStore>;
    let context: TenantContext;
    beforeAll(async () => {
      const clock = { now: () => NOW };
      fresh = await open(clock);
      const services = { records: fresh.store, clock, ids: createIds(clock), sync: {}, jobs: {} };
      context = { services: services as unknown as Services, tenant: { id: "acme" } } as TenantContext;
    });
    afterAll(() => fresh.close());

    describe.each(NAMES)("of %s", (kind) => {
      const expected = Array.from({ length: TOTAL }, (_, i) => idOf(i));
      if (NEWEST_FIRST.includes(kind)) expected.reverse();
      beforeAll(() => listsOf(context)[kind].fill());

      it.each([99, 100, 101, 130, 200, 249, 250])("by pages of %i", async (limit) => {
        const { ask } = listsOf(context)[kind];
        const pages: Page<string>[] = [];
        for (let after: string | null = ""; after !== null; after = pages.at(-1)?.next ?? null)
          pages.push(await ask(after === "" ? { limit } : { limit, after }));
        expect(pages.flatMap(({ items }) => items)).toEqual(expected);
        expect(
          pages
            .map(({ items }) => items.length)
            .slice(0, -1)
            .every((size) => size === limit),
        ).toBe(true);
        expect(pages).toHaveLength(Math.ceil(TOTAL / limit));
      });

      it("by pages of 50 where no size is given", async () => {
        expect((await listsOf(context)[kind].ask({})).items).toEqual(expected.slice(0, 50));
      });
    });
  });
}
