import { describe, expect, it } from "vitest";
import { handler } from "./lambda-worker.ts";

describe("the worker's handler", () => {
  it("opens the engine that reads files, and tells its version", async () => {
    expect(await handler({ action: "engine_check" })).toEqual({
      statusCode: 200,
      body: { version: expect.stringMatching(/^v\d+\./) as string, answer: 42 },
    });
  });

  it("says what it can be asked when it is asked something else", async () => {
    for (const event of [{ action: "destroy" }, {}, null, "x"])
      expect(await handler(event)).toMatchObject({
        statusCode: 400,
        body: { code: "action.unknown", allowed: ["engine_check"] },
      });
  });
});
