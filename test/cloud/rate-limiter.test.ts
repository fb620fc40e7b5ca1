import { DynamoRateLimiter } from "../../src/adapters/aws/rate-limiter.ts";
import { rateLimiterCases } from "../conformance/rate-limiter.case.ts";
import { startLocalCloud } from "./local-cloud.ts";

rateLimiterCases("over all instances, in DynamoDB", async (clock) => {
  const cloud = await startLocalCloud();
  const store = cloud.open();
  return {
    store: new DynamoRateLimiter(store.dynamo, cloud.config.names.cache, clock),
    async close() {
      await store.close();
      await cloud.close();
    },
  };
});
