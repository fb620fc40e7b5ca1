import { describe, expect, it } from "vitest";
import { DomainError } from "../../core/errors/errors.ts";
import { endedByTime, outOfTime, timeIsUp } from "./out-of-time.ts";

const denied = new DomainError("sync.access-denied", "unavailable", "no", { fix: "ask" });

describe("endedByTime", () => {
  it.each<[string, AbortSignal, unknown, boolean]>([
    ["the time was up", AbortSignal.abort(timeIsUp()), timeIsUp(), true],
    ["the time was up and a stream broke for it", AbortSignal.abort(timeIsUp()), new Error("aborted"), true],
    ["it failed and then the time was up", AbortSignal.abort(timeIsUp()), denied, false],
    ["it failed with time left", new AbortController().signal, new Error("reset"), false],
    ["somebody stopped it", AbortSignal.abort(), new DOMException("stopped", "AbortError"), false],
  ])("%s", (_, signal, error, expected) => {
    expect(endedByTime(signal, error)).toBe(expected);
  });
});

describe("outOfTime", () => {
  const standing = {
    connection: "bills",
    environment: "prod",
    delivery: "billing period 2025-01",
    loaded: 1,
  };

  it("says what was too large and what can be done about it", () => {
    const error = outOfTime({ ...standing, progressed: false }, undefined);
    expect(error.message).toBe(
      "The time limit of the function is too short for billing period 2025-01. 1 delivery loaded before stays.",
    );
    expect(error.fix).toMatch(/time limit.*15 minutes.*: securebase sync run bills --data aws:prod$/);
  });

  it("asks for no more than another pull after one that got on", () => {
    const error = outOfTime({ ...standing, loaded: 2, delivery: undefined, progressed: true }, undefined);
    expect(error.message).toBe(
      "The pull ran out of time at finding out what there is to load. 2 deliveries loaded before stay.",
    );
    expect(error.fix).toContain("Pull again");
  });
});
