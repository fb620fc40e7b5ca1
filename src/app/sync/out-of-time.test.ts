import { expect, describe, it } from "vitest";
import { deliveryOutOfTime } from "./out-of-time.ts";

describe("a delivery that takes too long", () => {
  it("is named, with what can be done about it", () => {
    const error = deliveryOutOfTime(
      { connection: "bills", environment: "prod", delivery: "billing period 2025-01", loaded: 1 },
      undefined,
    );
    expect(error.message).toBe(
      "The time limit of the worker is too short for billing period 2025-01. 1 delivery loaded before stays.",
    );
    expect(error.fix).toMatch(/time limit.*15 minutes.*: securebase sync run bills --data aws:prod$/);
  });
});
