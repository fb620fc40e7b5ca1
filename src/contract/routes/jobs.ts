import * as z from "zod/mini";
import { routes } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import { jobSchema } from "../schemas/jobs.ts";

const JOB = { id: "0191f3a8-5b1c-7d0e-9a7c-3f2b1c0d9e8f" };

export const jobRoutes = routes({
  listJobs: {
    method: "GET",
    path: "/v1/jobs",
    tag: "Jobs",
    summary: "List jobs",
    description:
      "Imports, exports and pulls, newest first: those of the tenant, or for an operator those that operators started.",
    access: "any",
    query: z.strictObject(pageQuery),
    ok: { status: 200, description: "A page of jobs.", schema: pageOf(jobSchema) },
    problems: [],
    examples: [{ name: "The last ten", query: { limit: "10" } }],
  },
  getJob: {
    method: "GET",
    path: "/v1/jobs/{id}",
    tag: "Jobs",
    summary: "Get a job",
    description: "A job's progress and, once it has ended, its result or error.",
    access: "any",
    params: idParams("job"),
    ok: { status: 200, description: "The job.", schema: jobSchema },
    problems: ["job.not-found"],
    examples: [{ name: "Ask", params: JOB }],
  },
  cancelJob: {
    method: "DELETE",
    path: "/v1/jobs/{id}",
    tag: "Jobs",
    summary: "Cancel a job",
    description:
      "Cancels a job; nothing half-done is left behind. A queued job ends at once, a running one within seconds: poll it until it has ended. A job that has ended is returned unchanged. Whoever may start a job may cancel it. A claim of accounts is not cancelled.",
    access: "any",
    audit: { action: "job.cancel", object: "job" },
    params: idParams("job"),
    ok: { status: 200, description: "The job as it is now.", schema: jobSchema },
    problems: ["job.not-found", "job.not-cancellable"],
    examples: [{ name: "Cancel", params: JOB }],
  },
});
