import { describe, expect, it } from "vitest";
import { createHandler } from "./handler.ts";
import { workerRole } from "./worker.ts";

const handler = createHandler(
  {
    env: { SECUREBASE_ENV: "test", SECUREBASE_ACCOUNT: "000000000000", AWS_REGION: "eu-west-1" },
    version: "0",
    out: () => undefined,
    onLostRejection: () => undefined,
  },
  workerRole(),
);
const context = { awsRequestId: "1", getRemainingTimeInMillis: () => 900_000 };

describe("the worker's handler", () => {
  it("opens the engine that reads files, and tells its version", async () => {
    expect(await handler({ action: "engine_check" }, context)).toEqual({
      statusCode: 200,
      body: { version: expect.stringMatching(/^v\d+\./) as string, answer: 42 },
    });
  });

  it("says what it can be asked when it is asked something else", async () => {
    for (const event of [{ action: "destroy" }, { action: "job" }, {}, null, "x"])
      expect(await handler(event, context)).toMatchObject({
        statusCode: 400,
        body: { code: "action.unknown", allowed: ["job", "engine_check"] },
      });
  });
});
