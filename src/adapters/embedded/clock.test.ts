import { describe, expect, it } from "vitest";
import { createIds, systemClock } from "./clock.ts";

describe("ids", () => {
  const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);

  it("are UUIDs of version 7 that carry their time", () => {
    const at = Date.parse("2024-10-01T12:34:56.789Z");
    const id = createIds({ now: () => new Date(at) }).next();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(at);
  });

  it("strictly increase within a millisecond, beyond the counter, and when the clock steps back", () => {
    let now = Date.parse("2024-10-01T00:00:00Z");
    const ids = createIds({ now: () => new Date(now) }, zeros);
    const made: string[] = [];
    for (let i = 0; i < 5_000; i++) made.push(ids.next());
    now -= 60_000;
    made.push(ids.next());
    now += 120_000;
    made.push(ids.next());
    expect(made).toEqual([...new Set(made)].sort());
  });

  it("differ between makers", () => {
    const made = Array.from({ length: 100 }, () => createIds(systemClock).next());
    expect(new Set(made).size).toBe(100);
  });
});
