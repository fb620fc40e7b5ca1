import { processEnds } from "../../src/core/jobs/job.ts";
import { freshStore } from "../conformance/lib/embedded.ts";
import { jobCases } from "../conformance/jobs.case.ts";
import { jobScene } from "../support/job-scene.ts";

jobCases("in this process, on the embedded store", async (handlers) => {
  const fresh = await freshStore(({ records }) => records);
  return jobScene(fresh.store, handlers, {
    where: "here",
    ends: processEnds,
    close: async () => fresh.close(),
  });
});
