import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeConnection } from "../../core/connections/connection.ts";
import type { SyncRun } from "../../core/connections/sync-run.ts";
import type { Services } from "../services.ts";
import { CurrentRun } from "./current-run.ts";
import type { SyncRuns } from "./runs.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2025-03-10T10:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

const connection = makeConnection({ kind: "security-hub", region: "eu-west-1" }, "2025-03-10T00:00:00Z");

/** A store that keeps what it is told of one run, and takes a while for it. */
async function begun(until?: Date): Promise<{ run: CurrentRun; stored: SyncRun[] }> {
  const stored: SyncRun[] = [];
  const runs: SyncRuns = {
    begin: (_, run) => Promise.resolve(void stored.push(run)),
    update: async (_, run) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return stored.push(run) > 0;
    },
  };
  const services = { clock: { now: () => new Date() }, ids: { next: () => "1" } } as unknown as Services;
  const options = { dryRun: false, ...(until !== undefined && { until }) };
  return { run: await CurrentRun.begin(runs, services, connection, options), stored };
}

it("is alive for as long as its work takes, though nothing is told of it", async () => {
  const { run, stored } = await begun();
  const work = run.during(() => new Promise((resolve) => setTimeout(resolve, 20 * 60_000)));
  await vi.advanceTimersByTimeAsync(19 * 60_000 + 10);
  expect(stored.at(-1)?.aliveUntil).toBe("2025-03-10T10:24:00.000Z");
  await vi.advanceTimersByTimeAsync(60_000);
  await work;
  const said = stored.length;
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(stored).toHaveLength(said);
});

it("is not alive beyond the end of its process", async () => {
  const { run, stored } = await begun(new Date("2025-03-10T10:00:30Z"));
  expect(stored[0]?.aliveUntil).toBe("2025-03-10T10:00:30.000Z");
  await vi.advanceTimersByTimeAsync(20_000);
  run.progress("Reading");
  await vi.advanceTimersByTimeAsync(10);
  expect(stored.at(-1)).toMatchObject({ progress: "Reading", aliveUntil: "2025-03-10T10:00:30.000Z" });
  // Unless another process is to take over.
  const handed = run.handOver("goes on");
  await vi.advanceTimersByTimeAsync(10);
  await handed;
  expect(stored.at(-1)).toMatchObject({ progress: "goes on", aliveUntil: "2025-03-10T10:05:20.010Z" });
});

it("has its end as the last word, whatever is still being said", async () => {
  const { run, stored } = await begun();
  await vi.advanceTimersByTimeAsync(16_000);
  run.progress("Reading");
  const ended = run.fail(new Error("broken"), false);
  run.progress("Reading on");
  await vi.advanceTimersByTimeAsync(60_000);
  await ended;
  expect(stored.map(({ status, progress }) => [status, progress])).toEqual([
    ["running", null],
    ["running", "Reading"],
    ["failed", null],
  ]);
});
