import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { JOBS } from "../../src/app/records/kinds.ts";
import { serviceRecords } from "../../src/app/records/records.ts";
import { createIds, systemClock } from "../../src/adapters/embedded/clock.ts";
import { admin, focusCsv, OPERATOR, SEPTEMBER } from "../runtimes/seed.ts";
import { ask, type HttpTarget, type Reply } from "../runtimes/target.ts";
import { functionTarget } from "./function-target.ts";
import { buildPackages, FUNCTION_SECRET, type RunningFunction, runFunction } from "./packaged.ts";

/** Imports that the packaged worker carries out, and what becomes of them when it dies. */
let packages: Awaited<ReturnType<typeof buildPackages>>;
beforeAll(async () => {
  packages = await buildPackages();
}, 120_000);
afterAll(() => packages.remove());

let running: RunningFunction;
let http: HttpTarget;
beforeEach(async () => {
  running = await runFunction(packages, { concurrency: 4 });
  const secret = new TextEncoder().encode(FUNCTION_SECRET);
  http = functionTarget(running.lambda, "2.0", secret, () => running.close());
  const body = { id: "acme", name: "Acme", accounts: ["000000000001"] };
  await ask(http, "POST /v1/tenants", { as: OPERATOR, body });
});
afterEach(() => http.close());

const bill = (billed: string): string =>
  focusCsv([{ account: "000000000001", service: "Compute", day: 3, billed }]);
const send = (billed: string): Promise<Reply> =>
  ask(http, "POST /v1/imports", { as: OPERATOR, query: { name: "bill.csv" }, raw: bill(billed) });

async function billed(): Promise<string | null> {
  const body = { dataset: "cost", range: SEPTEMBER, measures: ["billed_cost"] };
  const { json } = await ask(http, "POST /v1/analytics/query", { as: admin("acme"), body });
  return (json as { rows: (string | null)[][] }).rows[0]?.[0] ?? null;
}

interface JobBody {
  id: string;
  status: string;
  error: { code: string } | null;
}

async function newestJob(): Promise<JobBody | undefined> {
  const { json } = await ask(http, "GET /v1/jobs", { as: OPERATOR, query: { limit: "1" } });
  return (json as { items: JobBody[] }).items[0];
}

/** Has the worker begin an import of `amount` that cannot get on, since the table takes no blocks. */
async function stuckImport(amount: string): Promise<{ job: JobBody; sent: Promise<Reply> }> {
  const before = (await newestJob())?.id;
  running.cloud.setFaults(({ operation }) => (operation === "BatchWriteItem" ? "throttle" : undefined));
  const sent = send(amount);
  await expect
    .poll(newestJob, { timeout: 20_000 })
    .toSatisfy((job?: JobBody) => job !== undefined && job.id !== before && job.status === "running");
  const job = await newestJob();
  if (job === undefined) throw new Error("there is no job");
  return { job, sent };
}

/** Lets the lease of a job run out. */
async function passLease(id: string): Promise<void> {
  const store = running.cloud.open();
  const jobs = serviceRecords({ records: store.records, ids: createIds(systemClock) }, JOBS);
  await jobs.change(`/${id}`, (job) => ({
    ...job,
    lease: job.lease === null ? null : { ...job.lease, until: "2024-01-01T00:00:00.000Z" },
  }));
  await store.close();
}

const lookAfterJobs = (): Promise<unknown> => running.lambda.invoke({ action: "jobs" });

describe("an import whose worker is killed", () => {
  it("leaves the old facts, is taken up once more, and then loads", async () => {
    expect((await send("1.5")).status).toBe(200);
    const { job, sent } = await stuckImport("2.25");
    await running.worker.recycle();
    running.cloud.setFaults(undefined);
    expect(await billed()).toBe("1.5");
    await lookAfterJobs();
    expect(await newestJob()).toMatchObject({ id: job.id, status: "running" });
    await passLease(job.id);
    expect(await lookAfterJobs()).toMatchObject({ payload: { body: { dispatched: 1, ended: 0 } } });
    await running.lambda.idle();
    expect(await newestJob()).toMatchObject({ id: job.id, status: "done" });
    expect(await billed()).toBe("2.25");
    expect([200, 202]).toContain((await sent).status);
  }, 90_000);

  it("is told as interrupted when it dies of it twice", async () => {
    expect((await send("1.5")).status).toBe(200);
    const { job, sent } = await stuckImport("2.25");
    for (let times = 0; times < 2; times++) {
      await running.worker.recycle();
      await passLease(job.id);
      await lookAfterJobs();
      if (times === 0) await expect.poll(async () => (await newestJob())?.status).toBe("running");
    }
    running.cloud.setFaults(undefined);
    expect(await newestJob()).toMatchObject({ status: "failed", error: { code: "job.interrupted" } });
    expect(await billed()).toBe("1.5");
    expect([202, 503]).toContain((await sent).status);
  }, 90_000);
});

describe("an import that is cancelled", () => {
  it("ends within seconds, and leaves the old facts", async () => {
    expect((await send("1.5")).status).toBe(200);
    const { job, sent } = await stuckImport("2.25");
    const cancelled = await ask(http, `DELETE /v1/jobs/${job.id}`, { as: OPERATOR });
    expect(cancelled.status).toBe(200);
    await expect
      .poll(newestJob, { timeout: 30_000 })
      .toMatchObject({ status: "cancelled", error: { code: "job.cancelled" } });
    running.cloud.setFaults(undefined);
    expect(await billed()).toBe("1.5");
    expect([202, 409]).toContain((await sent).status);
  }, 90_000);
});
