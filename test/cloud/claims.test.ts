import { claimCases } from "../conformance/claims.case.ts";
import { startLocalCloud } from "./local-cloud.ts";

claimCases("DynamoDB", async () => {
  const cloud = await startLocalCloud();
  const store = cloud.open();
  return {
    store: { metrics: store.metrics, records: store.records, shared: true },
    async close() {
      await store.close();
      await cloud.close();
    },
  };
});
