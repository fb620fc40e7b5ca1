import { describe, expect, it } from "vitest";
import { DEFAULT_RETRY, type RetryPolicy } from "./config.ts";
import { ConditionFailed, withRetry } from "./retry.ts";

function vendorError(name: string, status: number | undefined, more: object = {}): Error {
  return Object.assign(new Error(`${name} happened`), {
    name,
    ...(status !== undefined && { $metadata: { httpStatusCode: status } }),
    ...more,
  });
}

function setup(): { policy: RetryPolicy; pauses: number[] } {
  const pauses: number[] = [];
  const sleep = (ms: number): Promise<void> => {
    pauses.push(ms);
    return Promise.resolve();
  };
  return {
    policy: { ...DEFAULT_RETRY, attempts: 4, firstPause: 10, maxPause: 50, random: () => 1, sleep },
    pauses,
  };
}

/** Fails with the errors in turn, then answers. */
function failing(...errors: Error[]): () => Promise<string> {
  return () => {
    const error = errors.shift();
    return error === undefined ? Promise.resolve("done") : Promise.reject(error);
  };
}

describe("withRetry", () => {
  it("tries again after throttling, resets and server errors, with growing pauses", async () => {
    const { policy, pauses } = setup();
    let throttled = 0;
    const call = failing(
      vendorError("ProvisionedThroughputExceededException", 400),
      vendorError("ECONNRESET", undefined),
      vendorError("InternalServerError", 500),
    );
    await expect(withRetry(policy, "GetItem t", call, { onThrottle: () => throttled++ })).resolves.toBe(
      "done",
    );
    expect(pauses).toEqual([20, 40, 50]);
    expect(throttled).toBe(1);
  });

  it("says unavailable, with when to come back, once throttling lasts", async () => {
    const { policy } = setup();
    const call = (): Promise<never> => Promise.reject(vendorError("ThrottlingException", 400));
    await expect(withRetry(policy, "Query metrics", call)).rejects.toMatchObject({
      code: "store.unavailable",
      kind: "unavailable",
      retryAfter: 5,
      message: expect.stringContaining("Query metrics failed 4 times") as string,
    });
  });

  it.each([
    ["AccessDeniedException", 400, "store.refused"],
    ["ResourceNotFoundException", 400, "store.misconfigured"],
    ["ValidationException", 400, "store.unavailable"],
  ])("does not repeat %s", async (name, status, code) => {
    const { policy, pauses } = setup();
    const error = vendorError(name, status);
    await expect(withRetry(policy, "PutItem t", failing(error))).rejects.toMatchObject({
      code,
      cause: error,
    });
    expect(pauses).toEqual([]);
  });

  it("marks a failed condition as ambiguous only when an answer was lost before", async () => {
    const condition = vendorError("ConditionalCheckFailedException", 400);
    const { policy } = setup();
    const plain = await withRetry(policy, "p", failing(condition)).catch((e: unknown) => e);
    const throttled = vendorError("ThrottlingException", 400);
    const after = await withRetry(policy, "p", failing(throttled, condition)).catch((e: unknown) => e);
    const lost = await withRetry(policy, "p", failing(vendorError("ECONNRESET", undefined), condition)).catch(
      (e: unknown) => e,
    );
    expect([plain, after, lost].map((e) => (e as ConditionFailed).ambiguous)).toEqual([false, false, true]);
  });

  it("reads a transaction's reasons: a condition is final, a conflict is tried again", async () => {
    const { policy } = setup();
    const cancelled = (code: string): Error =>
      vendorError("TransactionCanceledException", 400, {
        CancellationReasons: [{ Code: "None" }, { Code: code }],
      });
    await expect(withRetry(policy, "t", failing(cancelled("TransactionConflict")))).resolves.toBe("done");
    await expect(withRetry(policy, "t", failing(cancelled("ConditionalCheckFailed")))).rejects.toBeInstanceOf(
      ConditionFailed,
    );
  });
});
