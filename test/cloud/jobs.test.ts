import { processEnds } from "../../src/core/jobs/job.ts";
import { jobCases } from "../conformance/jobs.case.ts";
import { jobScene } from "../support/job-scene.ts";
import { startLocalCloud } from "./local-cloud.ts";

jobCases("in other processes, on DynamoDB", async (handlers) => {
  const cloud = await startLocalCloud();
  const store = cloud.open();
  return jobScene(store.records, handlers, {
    where: "elsewhere",
    ends: processEnds,
    close: async () => {
      await store.close();
      await cloud.close();
    },
  });
});
