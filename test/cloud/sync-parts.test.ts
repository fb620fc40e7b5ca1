import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isDue, startDueSyncs } from "../../src/app/sync/due.ts";
import { getConnection, seenRun } from "../../src/app/sync/connections.ts";
import { timeIsUp } from "../../src/app/sync/out-of-time.ts";
import { runSync, startSync } from "../../src/app/sync/run-sync.ts";
import { MAX_PARTS, SyncTask } from "../../src/app/sync/sync-task.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import type { SyncRun } from "../../src/core/connections/sync-run.ts";
import type { JobRunner, SyncWork } from "../../src/ports/jobs.ts";
import { type StandIn, startStandIn } from "./aws-stand-in.ts";
import { type Connected, connect } from "./connected.ts";
import { deliver, downloads } from "./cost-export.ts";

/** How one run is spread over processes that have a time limit, without the function: its parts are called here. */
let aws: StandIn;
let on: Connected;
let sent: SyncWork[];
let refusal: Error | undefined;
beforeEach(async () => {
  aws = await startStandIn();
  on = await connect(aws.endpoint);
  sent = [];
  refusal = undefined;
  const jobs: JobRunner = {
    start: (_id, _task, work) => {
      if (refusal !== undefined) return Promise.reject(refusal);
      // As an event: what is left after JSON.
      sent.push(JSON.parse(JSON.stringify(work)) as SyncWork);
      return Promise.resolve();
    },
    isAlive: () => true,
    stop: () => Promise.resolve(),
  };
  on.services.jobs = jobs;
});
afterEach(async () => {
  await on.close();
  await aws.close();
});

const ACME = "111122223333";
const MONTHS = Array.from({ length: 14 }, (_, i) => new Date(Date.UTC(2024, i, 1)).toISOString().slice(0, 7));
const add = (): Promise<string> =>
  on.add({
    ...{ kind: "s3-cost-export", id: "one", region: "eu-west-1" },
    settings: { bucket: "bills", prefix: "exp/one" },
  });
const lastRun = async (): Promise<SyncRun | null> => (await getConnection(on.services, "one")).lastRun;
const billed = async (): Promise<unknown> => (await on.ask("acme", "cost", [], "billed_cost"))[0]?.[0];

/** A time limit that is over after so many downloads. */
function afterDownloads(count: number): AbortSignal {
  const controller = new AbortController();
  let left = count;
  aws.script["s3:GetObject"] = ({ path }) => {
    if (String(path).endsWith(".gz") && left-- <= 0) {
      controller.abort(timeIsUp());
      return "hang";
    }
    return undefined;
  };
  return controller.signal;
}

/** Performs the part that was sent last, each with time for so many deliveries. */
async function nextPart(count: number): Promise<string> {
  const task = await SyncTask.resume(on.services, sent.at(-1)!);
  return (await task.perform(afterDownloads(count))).status;
}

describe("a run of several parts", () => {
  it("loads every delivery once, also where all are to be loaded again, and reports the whole", async () => {
    for (const month of MONTHS.slice(0, 5)) deliver(aws, "one", month, [[ACME, "1.1"]]);
    const id = await add();
    await runSync(on.services, id);
    aws.inputs.length = 0;
    await startSync(on.services, id, { again: true, force: true }, () => undefined);
    expect(sent).toMatchObject([{ kind: "sync", part: 2, options: { again: true, force: true } }]);
    const parts = [await nextPart(2), await nextPart(2), await nextPart(2)];
    expect(parts).toEqual(["continued", "continued", "done"]);
    const run = await lastRun();
    expect(run).toMatchObject({ status: "done", part: 4, report: { dryRun: false } });
    expect(run).not.toHaveProperty("soFar");
    expect(run?.report?.deliveries.map((d) => [d.id, d.status])).toEqual(
      MONTHS.slice(0, 5)
        .toReversed()
        .map((month) => [month, "loaded"]),
    );
    // Two are begun a second time.
    expect(downloads(aws)).toHaveLength(7);
    expect(run?.report?.calls).toMatchObject({ "s3:ListBucket": 15 });
    expect(await billed()).toBe("5.5");
  });

  it("changes nothing in a dry run, and still comes to its end", async () => {
    for (const month of MONTHS.slice(0, 3)) deliver(aws, "one", month, [[ACME, "1.1"]]);
    await startSync(on.services, await add(), { dryRun: true }, () => undefined);
    const parts = [await nextPart(1), await nextPart(1), await nextPart(1)];
    expect(parts).toEqual(["continued", "continued", "done"]);
    expect((await lastRun())?.report?.deliveries.map(({ status }) => status)).toEqual(
      Array(3).fill("checked"),
    );
    expect((await getConnection(on.services, "one")).marks).toEqual({});
    expect(await billed()).toBeUndefined();
  });

  it("holds its connection in between, and says where it stands", async () => {
    for (const month of MONTHS.slice(0, 2)) deliver(aws, "one", month, [[ACME, "1.1"]]);
    const id = await add();
    await startSync(on.services, id, {}, () => undefined);
    await nextPart(1);
    expect(await lastRun()).toMatchObject({
      ...{ status: "running", finishedAt: null, error: null },
      progress: "Out of time after 1 delivery; goes on in part 3",
    });
    await expect(runSync(on.services, id)).rejects.toMatchObject({ code: "sync.running" });
    // The event of part 2 comes again.
    await expect(SyncTask.resume(on.services, sent[0]!)).rejects.toMatchObject({ code: "sync.running" });
    // The event of part 3 never comes: the connection is free after five minutes, and part 3 comes too late.
    on.setNow("2025-03-10T09:35:01.000Z");
    aws.script = {};
    expect((await runSync(on.services, id)).deliveries.map(({ status }) => status)).toEqual([
      "unchanged",
      "loaded",
    ]);
    await expect(SyncTask.resume(on.services, sent[1]!)).rejects.toMatchObject({ code: "sync.lost" });
    expect(await billed()).toBe("2.2");
  });

  it("ends after a bounded number of parts, though each made progress", async () => {
    for (const month of MONTHS) deliver(aws, "one", month, [[ACME, "1.1"]]);
    await startSync(on.services, await add(), {}, () => undefined);
    for (let part = 2; part < MAX_PARTS; part++) expect(await nextPart(1)).toBe("continued");
    await expect(nextPart(1)).rejects.toMatchObject({
      code: "sync.out-of-time",
      message: expect.stringMatching(/ran out of time.*11 deliveries loaded before stay/) as string,
      fix: expect.stringContaining("next scheduled pull") as string,
    });
    expect(sent.map(({ part }) => part)).toEqual(Array.from({ length: 11 }, (_, i) => i + 2));
    expect(await lastRun()).toMatchObject({ status: "failed", error: { code: "sync.out-of-time" } });
  });

  it("fails, and gives the connection back, when no process can be asked to go on", async () => {
    for (const month of MONTHS.slice(0, 2)) deliver(aws, "one", month, [[ACME, "1.1"]]);
    const id = await add();
    refusal = new DomainError("store.refused", "unavailable", "Invoke was refused", { fix: "Allow it." });
    await expect(startSync(on.services, id, {}, () => undefined)).rejects.toBe(refusal);
    expect(await lastRun()).toMatchObject({ status: "failed", error: { code: "store.refused" } });
    refusal = undefined;
    await startSync(on.services, id, {}, () => undefined);
    refusal = new DomainError("store.unavailable", "unavailable", "Invoke failed", { fix: "Try again." });
    await expect(nextPart(1)).rejects.toBe(refusal);
    expect(await lastRun()).toMatchObject({ status: "failed", error: { code: "store.unavailable" } });
  });

  it("whose process dies at its time limit is shown as what it is, and taken over at once", async () => {
    for (const month of MONTHS.slice(0, 2)) deliver(aws, "one", month, [[ACME, "1.1"]]);
    await startSync(on.services, await add(), {}, () => undefined);
    await SyncTask.resume(on.services, sent[0]!, new Date("2025-03-10T09:30:30.000Z"));
    const run = await lastRun();
    expect(run).toMatchObject({ part: 2, aliveUntil: "2025-03-10T09:30:30.000Z" });
    const before = new Date("2025-03-10T09:30:29.000Z");
    const after = new Date("2025-03-10T09:30:30.000Z");
    expect(seenRun(run!, before)).toBe(run);
    expect(seenRun(run!, after)).toMatchObject({
      status: "failed",
      error: { code: "sync.interrupted", fix: expect.any(String) as string },
    });
    // Lambda repeats the event.
    on.setNow("2025-03-10T09:31:30.000Z");
    expect(await nextPart(5)).toBe("done");
    expect(await billed()).toBe("2.2");
  });
});

describe("what is due", () => {
  const now = new Date("2025-03-10T09:30:00.000Z");
  const run = (more: Partial<SyncRun>): SyncRun => ({
    ...{ id: "1", status: "done", dryRun: false, progress: null, report: null, error: null },
    ...{ startedAt: "2025-03-10T09:20:00.000Z", finishedAt: "2025-03-10T09:21:00.000Z" },
    aliveUntil: "2025-03-10T09:25:00.000Z",
    ...more,
  });
  it.each<[string, SyncRun | null, boolean]>([
    ["never pulled", null, true],
    ["just pulled", run({}), false],
    ["pulled half an hour ago", run({ startedAt: "2025-03-10T09:00:00.000Z" }), true],
    ["only tried", run({ dryRun: true }), true],
    ["just failed", run({ status: "failed" }), true],
    ["being pulled", run({ status: "running", aliveUntil: "2025-03-10T09:31:00.000Z" }), false],
    ["pulled by a process that died", run({ status: "running" }), true],
  ])("%s", async (_, last, due) => {
    await add();
    const { connection } = await getConnection(on.services, "one");
    expect(isDue({ connection, marks: {}, lastRun: last }, now)).toBe(due);
  });

  it("is left for who repeats the event when the time is up", async () => {
    await add();
    await expect(
      startDueSyncs(on.services, AbortSignal.abort(timeIsUp()), () => undefined),
    ).rejects.toMatchObject({ code: "sync.out-of-time" });
    expect(sent).toEqual([]);
    expect(await startDueSyncs(on.services, new AbortController().signal, () => undefined)).toMatchObject({
      started: [{ connection: "one" }],
    });
  });
});
