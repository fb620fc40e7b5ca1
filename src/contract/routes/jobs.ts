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
      "Imports, exports and pulls, newest first: the tenant's own, or for an operator those of operators.",
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
    description: "How far a job has got and, once it has ended, what came of it.",
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
      "Has a job end; nothing half-done is left of it. One that waits ends at once, one that runs within seconds: ask for it until it has. A job that has ended stays as it is. Who may start a job may cancel it.",
    access: "any",
    params: idParams("job"),
    ok: { status: 200, description: "The job as it is now.", schema: jobSchema },
    problems: ["job.not-found"],
    examples: [{ name: "Cancel", params: JOB }],
  },
});
