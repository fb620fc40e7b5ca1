import { describe, expect, it } from "vitest";
import { DomainError } from "../errors/errors.ts";
import {
  careForJob,
  claimJob,
  endedByTime,
  endedJob,
  type Job,
  LEASE_SECONDS,
  outOfTime,
  requeuedJob,
} from "./job.ts";

const START = Date.parse("2025-03-10T10:00:00.000Z");
const after = (seconds: number): Date => new Date(START + seconds * 1000);

const waiting: Job = {
  id: "1",
  kind: "import",
  tenant: null,
  title: "Import a.csv",
  status: "queued",
  phase: null,
  fraction: null,
  rows: null,
  input: {},
  result: null,
  error: null,
  requestedBy: "ops",
  createdAt: after(0).toISOString(),
  startedAt: null,
  finishedAt: null,
  expiresAt: after(9_000).toISOString(),
  attempts: 0,
  dispatchedAt: after(0).toISOString(),
  dispatches: 1,
  lease: null,
  cancelRequested: false,
};

const claim = (job: Job, holder: string, at: Date, leased = true): Job => {
  const claimed = claimJob(job, holder, at, { leased });
  if (claimed === undefined) throw new Error("refused");
  return claimed;
};

describe("a job that waits", () => {
  it("is had by one process, until its lease runs out", () => {
    const held = claim(waiting, "a", after(1));
    expect(held).toMatchObject({ status: "running", attempts: 1, startedAt: after(1).toISOString() });
    expect(claimJob(held, "b", after(LEASE_SECONDS), { leased: true })).toBeUndefined();
    expect(claim(held, "b", after(2 + LEASE_SECONDS))).toMatchObject({
      lease: { holder: "b" },
      attempts: 2,
      startedAt: after(1).toISOString(),
    });
  });

  it("is had by nobody when it is to be cancelled or has ended", () => {
    expect(claimJob({ ...waiting, cancelRequested: true }, "a", after(1), { leased: true })).toBeUndefined();
    const ended = endedJob(waiting, { status: "done", result: 1 }, after(1));
    expect(claimJob(ended, "a", after(2), { leased: true })).toBeUndefined();
  });

  it("is dispatched again after a minute in which nobody began it, and given up after many", () => {
    const shared = { alone: false };
    expect(careForJob(waiting, after(59), shared)).toEqual({ step: "leave" });
    let job = waiting;
    let minutes = 1;
    for (; ; minutes++) {
      const care = careForJob(job, after(minutes * 60), shared);
      if (care.step !== "dispatch") {
        expect(care).toMatchObject({ step: "end", outcome: { error: { code: "job.not-started" } } });
        break;
      }
      job = care.job;
    }
    expect(minutes).toBe(15);
  });
});

describe("a job whose process died", () => {
  const held = claim(waiting, "a", after(0));

  it("is left alone while its lease lasts, taken up once more after that, and then given up", () => {
    const shared = { alone: false };
    expect(careForJob(held, after(LEASE_SECONDS - 1), shared)).toEqual({ step: "leave" });
    const care = careForJob(held, after(LEASE_SECONDS + 1), shared);
    expect(care).toMatchObject({ step: "dispatch", job: { status: "queued", attempts: 1, dispatches: 1 } });
    const again = claim(care.step === "dispatch" ? care.job : held, "b", after(70));
    expect(careForJob(again, after(80 + LEASE_SECONDS), shared)).toMatchObject({
      step: "end",
      outcome: { status: "failed", error: { code: "job.interrupted" } },
    });
  });

  it("is taken up at once by the process that has the jobs to itself", () => {
    const alone = claim(waiting, "a", after(0), false);
    expect(claimJob(alone, "b", after(9_000), { leased: false })).toBeUndefined();
    expect(careForJob(alone, after(1), { alone: true })).toMatchObject({ step: "dispatch" });
    expect(careForJob(waiting, after(1), { alone: true })).toMatchObject({ step: "dispatch" });
  });

  it("is not taken up again when it was to be cancelled", () => {
    expect(careForJob({ ...held, cancelRequested: true }, after(90), { alone: false })).toMatchObject({
      step: "end",
      outcome: { status: "cancelled", error: { code: "job.cancelled" } },
    });
  });
});

describe("a job that goes on in another process", () => {
  it("is dispatched at the next look", () => {
    const left = requeuedJob(claim(waiting, "a", after(0)));
    expect(careForJob(left, after(1), { alone: false })).toMatchObject({ step: "dispatch" });
  });
});

describe("endedByTime", () => {
  const denied = new DomainError("sync.access-denied", "unavailable", "no", { fix: "ask" });
  it.each<[string, AbortSignal, unknown, boolean]>([
    ["the time was up", AbortSignal.abort(outOfTime()), outOfTime(), true],
    ["the time was up and a stream broke for it", AbortSignal.abort(outOfTime()), new Error("aborted"), true],
    ["it failed and then the time was up", AbortSignal.abort(outOfTime()), denied, false],
    ["it failed with time left", new AbortController().signal, new Error("reset"), false],
    ["somebody stopped it", AbortSignal.abort(), new DOMException("stopped", "AbortError"), false],
  ])("%s", (_, signal, error, expected) => {
    expect(endedByTime(signal, error)).toBe(expected);
  });
});

describe("a clock that was set back by three months", () => {
  const back = new Date(START - 90 * 86_400_000);
  const leased = claimJob(waiting, "first", after(0), { leased: true });

  it("locks no job up: its lease is nobody's, and who waits to be asked is asked again", () => {
    if (leased === undefined) throw new Error("it is to be had");
    expect(claimJob(leased, "second", back, { leased: true })).toMatchObject({ lease: { holder: "second" } });
    expect(careForJob(leased, back, { alone: false })).toMatchObject({ step: "dispatch" });
    expect(careForJob(waiting, back, { alone: false })).toMatchObject({ step: "dispatch" });
  });

  it("by a minute leaves both to who has them, since clocks may differ", () => {
    if (leased === undefined) throw new Error("it is to be had");
    const minute = after(-60);
    expect(claimJob(leased, "second", minute, { leased: true })).toBeUndefined();
    expect(careForJob(leased, minute, { alone: false })).toEqual({ step: "leave" });
    expect(careForJob(waiting, minute, { alone: false })).toEqual({ step: "leave" });
  });
});
