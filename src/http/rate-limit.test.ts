import { describe, expect, it } from "vitest";
import { MemoryRateLimiter, spend } from "./rate-limit.ts";

function limiterAt(start: string): { limiter: MemoryRateLimiter; tick: (seconds: number) => void } {
  let now = Date.parse(start);
  const limiter = new MemoryRateLimiter({ now: () => new Date(now) });
  return { limiter, tick: (seconds) => (now += seconds * 1000) };
}

describe("a tenant's budget", () => {
  it("is spent, refused when empty, and whole again after a minute", async () => {
    const { limiter, tick } = limiterAt("2024-10-01T00:00:30Z");
    const headers = new Headers();
    for (let i = 0; i < 20; i++) await spend(limiter, "exports", "acme", headers);
    expect(headers.get("ratelimit-policy")).toBe('"exports";q=20;w=60');
    expect(headers.get("ratelimit")).toBe('"exports";r=0;t=60');
    tick(15);
    await expect(spend(limiter, "exports", "acme", headers)).rejects.toMatchObject({
      code: "request.too-many",
      retryAfter: 45,
    });
    expect(headers.get("ratelimit")).toBe('"exports";r=0;t=45');
    tick(45);
    await spend(limiter, "exports", "acme", headers);
    expect(headers.get("ratelimit")).toBe('"exports";r=19;t=60');
  });

  it("is the tenant's own, and one for each kind of request", async () => {
    const { limiter } = limiterAt("2024-10-01T00:00:00Z");
    for (let i = 0; i < 20; i++) await spend(limiter, "exports", "acme", new Headers());
    await expect(spend(limiter, "exports", "other", new Headers())).resolves.toBeUndefined();
    await expect(spend(limiter, "queries", "acme", new Headers())).resolves.toBeUndefined();
  });

  it("does not grow when refused, so that a client that hammers gets in again", async () => {
    const { limiter, tick } = limiterAt("2024-10-01T00:00:00Z");
    for (let i = 0; i < 500; i++) await limiter.take("k", 2, 60);
    tick(60);
    expect(await limiter.take("k", 2, 60)).toMatchObject({ allowed: true, remaining: 1 });
  });
});
