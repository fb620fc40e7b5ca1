import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import type { Fresh } from "../../../test/conformance/lib/fresh.ts";
import { connectionsIn } from "../../../test/support/stored.ts";
import { type Connection, makeConnection } from "../../core/connections/connection.ts";
import type { SyncRun } from "../../core/connections/sync-run.ts";
import type { RecordStore } from "../../ports/records.ts";
import type { SyncRuns } from "./runs.ts";

const connection: Connection = makeConnection(
  {
    kind: "s3-cost-export",
    id: "a",
    region: "eu-west-1",
    tenant: "acme",
    roleArn: "arn:aws:iam::012345678901:role/r",
    externalId: "x-1",
    settings: { bucket: "bills", prefix: "földer" },
  },
  "2025-03-10T00:00:00.000Z",
);

const run = (id: string, more: Partial<SyncRun> = {}): SyncRun => ({
  id,
  status: "running",
  dryRun: false,
  startedAt: "2025-03-10T10:00:00.000Z",
  finishedAt: null,
  aliveUntil: "2025-03-10T10:05:00.000Z",
  progress: null,
  report: null,
  error: null,
  ...more,
});

describe("runs of a connection", () => {
  let fresh: Fresh<RecordStore>;
  let runs: SyncRuns;
  let stored: () => Promise<unknown>;
  beforeEach(async () => {
    fresh = await freshStore((store) => store.records);
    const { records: connections, runs: made } = connectionsIn({ records: fresh.store });
    runs = made;
    await connections.create({ connection, marks: {}, lastRun: null });
    stored = async () => (await connections.get("a")).record;
  });
  afterEach(() => fresh.close());

  it("leave the connection as it was added, and keep all that is told of them", async () => {
    expect(await stored()).toEqual({ connection, marks: {}, lastRun: null });
    const load = { dataset: "cost", format: "focus 1.0", rowsRead: 2, rowsAccepted: 1, rowsRejected: 1 };
    const totals = [{ currency: "USD", billed: "0.1", effective: null }];
    const deliveries = [
      {
        id: "2025-01",
        title: "billing period 2025-01",
        status: "loaded" as const,
        loads: [{ ...load, partitions: 1, unassigned: 0, totals }],
      },
    ];
    const soFar = { deliveries, calls: { "s3:GetObject": 1 }, warnings: ["!"] };
    const full = run("1", { part: 2, soFar, report: { connection: "a", dryRun: false, ...soFar } });
    await runs.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
    expect(await runs.update("a", full)).toBe(true);
    expect(await stored()).toEqual({ connection, marks: {}, lastRun: full });
  });

  it("hold it one at a time, until the run ends or is dead", async () => {
    await runs.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
    const second = () => runs.begin("a", run("2"), "2025-03-10T10:04:59.000Z");
    await expect(second()).rejects.toMatchObject({ code: "sync.running", kind: "conflict" });
    expect(await runs.update("a", run("1", { status: "done" }))).toBe(true);
    await second();
    await runs.begin("a", run("3"), "2025-03-10T10:05:00.000Z");
    expect(await stored()).toMatchObject({ lastRun: { id: "3" } });
  });

  it("are taken over by their next part, once, and by nobody from a later one", async () => {
    await runs.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
    const part = (part: number, now: string, id = "1") => runs.begin("a", run(id, { part }), now);
    await part(2, "2025-03-10T10:01:00.000Z");
    await expect(part(2, "2025-03-10T10:02:00.000Z")).rejects.toMatchObject({ code: "sync.running" });
    // Its event may come again when it died.
    await part(2, "2025-03-10T10:05:00.000Z");
    await part(3, "2025-03-10T10:02:00.000Z");
    await expect(part(2, "2025-03-10T10:09:00.000Z")).rejects.toMatchObject({ code: "sync.lost" });
    await expect(part(2, "2025-03-10T10:09:00.000Z", "2")).rejects.toMatchObject({ code: "sync.lost" });
    await runs.update("a", run("1", { part: 3, status: "done" }));
    await expect(part(4, "2025-03-10T10:02:00.000Z")).rejects.toMatchObject({ code: "sync.lost" });
    expect(await stored()).toMatchObject({ lastRun: { id: "1", part: 3, status: "done" } });
  });

  it("begin one of two that try at the same time", async () => {
    const begun = await Promise.allSettled(
      ["1", "2"].map((id) => runs.begin("a", run(id), "2025-03-10T10:00:00.000Z")),
    );
    expect(begun.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("add marks to those there are, and change nothing once another took over", async () => {
    await runs.begin("a", run("1"), "2025-03-10T10:00:00.000Z");
    await runs.update("a", run("1"), { "2025-01": "x", "2025-02": "y" });
    await runs.update("a", run("1", { progress: "…" }), { "2025-02": "z" });
    const now = { marks: { "2025-01": "x", "2025-02": "z" }, lastRun: { progress: "…" } };
    expect(await stored()).toMatchObject(now);
    expect(await runs.update("a", run("other"), { "2025-02": "lost" })).toBe(false);
    expect(await runs.update("nobody", run("1"))).toBe(false);
    expect(await stored()).toMatchObject(now);
    const nobody = runs.begin("nobody", run("1"), "2025-03-10T10:00:00.000Z");
    await expect(nobody).rejects.toMatchObject({ code: "connection.not-found" });
  });
});
