import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bodyChunks } from "./body.ts";

const MINUTE = 60_000;

describe("a body that arrives slowly", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A body of which a byte arrives every so many seconds, until there are so many; it then stops without an end. */
  function slow(seconds: number, bytes: number, ends: boolean): Request {
    let left = bytes;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise((resolve) => {
          if (left === 0 && !ends) return;
          setTimeout(() => {
            if (left === 0) controller.close();
            else controller.enqueue(new Uint8Array(1));
            left -= 1;
            resolve();
          }, seconds * 1000);
        }),
    });
    return new Request("http://x.test/", { method: "POST", body, duplex: "half" });
  }
  async function read(request: Request): Promise<number> {
    let bytes = 0;
    for await (const chunk of bodyChunks(request, 60)) bytes += chunk.byteLength;
    return bytes;
  }

  it("may take hours", async () => {
    const reading = read(slow(50, 200, true));
    await vi.advanceTimersByTimeAsync(200 * MINUTE);
    expect(await reading).toBe(200);
  });

  it("is given up a minute after its last byte, and not before", async () => {
    const reading = read(slow(50, 3, false));
    let failure: unknown;
    reading.catch((error: unknown) => (failure = error));
    await vi.advanceTimersByTimeAsync(150_000 + MINUTE - 1);
    expect(failure).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(failure).toMatchObject({ code: "request.stalled" });
  });
});
