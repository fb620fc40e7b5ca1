import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pause, waitFor } from "./pause.ts";

describe("waiting for something", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const { signal } = new AbortController();

  it("leaves no timer behind when it comes, and none when it fails", async () => {
    await waitFor(Promise.resolve(), 15_000, signal);
    expect(vi.getTimerCount()).toBe(0);
    await expect(waitFor(Promise.reject(new Error("no")), 15_000, signal)).rejects.toThrow("no");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends when the time is over, or nobody waits any more", async () => {
    const never = new Promise(() => undefined);
    const waiting = waitFor(never, 15_000, signal);
    vi.advanceTimersByTime(15_000);
    await waiting;
    const leaving = new AbortController();
    const left = waitFor(never, 15_000, leaving.signal);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    await expect(pause(1, leaving.signal)).rejects.toThrow("gone");
    expect(vi.getTimerCount()).toBe(0);
  });
});
