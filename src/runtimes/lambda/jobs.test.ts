import { describe, expect, it } from "vitest";
import { InvocationJobs } from "./jobs.ts";

describe("a job of its own invocation", () => {
  // UUIDv7: its first 48 bits are the milliseconds of 2024-10-01T00:00:00Z.
  const id = `${Date.parse("2024-10-01T00:00:00Z").toString(16).padStart(12, "0")}70008000000000000000`;
  const at = (now: string, progress?: string): boolean =>
    new InvocationJobs({ region: "us-east-1", functionName: "f" }, () => new Date(now)).isAlive(
      id,
      progress === undefined ? undefined : new Date(progress),
    );

  it("is alive for a quarter of an hour from its last progress, or else from its creation", () => {
    expect(at("2024-10-01T00:14:00Z")).toBe(true);
    expect(at("2024-10-01T00:16:00Z")).toBe(false);
    expect(at("2024-10-01T00:24:00Z", "2024-10-01T00:10:00Z")).toBe(true);
    expect(at("2024-10-01T00:26:00Z", "2024-10-01T00:10:00Z")).toBe(false);
  });
});
