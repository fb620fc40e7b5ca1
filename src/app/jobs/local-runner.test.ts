import { describe, expect, it } from "vitest";
import type { JobRef } from "../../ports/jobs.ts";
import { LocalJobs } from "./local-runner.ts";

const ref = (key: string, tenant: string | null, kind: JobRef["kind"] = "export"): JobRef => ({
  key,
  tenant,
  kind,
});

/** A runner whose jobs end when they are told to. */
function scene() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const jobs = new LocalJobs((key, { signal }) => {
    begun.push(key);
    return new Promise<void>((resolve) => {
      ends.set(key, resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  });
  const end = async (key: string): Promise<void> => {
    const ended = jobs.ended(key);
    ends.get(key)?.();
    await ended;
  };
  return { jobs, begun, end };
}

describe("the jobs of one process", () => {
  it("run a few at a time, the exports of a tenant one after the other, so that none holds up another's", async () => {
    const { jobs, begun, end } = scene();
    for (const key of ["a1", "a2", "a3"]) await jobs.dispatch(ref(key, "a"));
    await jobs.dispatch(ref("b1", "b"));
    await jobs.dispatch(ref("i1", "a", "import"));
    await Promise.resolve();
    expect(begun).toEqual(["a1", "b1", "i1"]);
    await end("a1");
    await Promise.resolve();
    expect(begun).toEqual(["a1", "b1", "i1", "a2"]);
    await jobs.stop();
  });

  it("have a bound over all tenants, and wait in the order in which they came", async () => {
    const { jobs, begun, end } = scene();
    for (const tenant of ["a", "b", "c", "d", "e", "f"]) await jobs.dispatch(ref(tenant, tenant));
    await Promise.resolve();
    expect(begun).toEqual(["a", "b", "c", "d"]);
    await end("c");
    await Promise.resolve();
    expect(begun).toEqual(["a", "b", "c", "d", "e"]);
    await jobs.stop();
    expect(begun).not.toContain("f");
  });

  it("are had once, however often they are dispatched", async () => {
    const { jobs, begun } = scene();
    await jobs.dispatch(ref("a", "a"));
    await jobs.dispatch(ref("a", "a"));
    await Promise.resolve();
    expect(begun).toEqual(["a"]);
    await jobs.stop();
  });
});
