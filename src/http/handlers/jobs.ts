import { cancelJob, getJob, listJobs } from "../../app/jobs/jobs.ts";
import { mapPage } from "../../core/lists/pages.ts";
import { type Action, requireAccess } from "../../core/access/access.ts";
import type { Job, JobKind } from "../../core/jobs/job.ts";
import type { Handlers } from "../call.ts";
import { json } from "../respond.ts";

/** What who cancels a job has to be allowed. */
const STARTS: Readonly<Record<JobKind, Action>> = { import: "import", export: "export", sync: "connections" };

export const jobHandlers: Pick<Handlers, "listJobs" | "getJob" | "cancelJob"> = {
  listJobs: async ({ services, principal, query }) => {
    const jobs = await listJobs(services, principal.tenant ?? null, query);
    return json(mapPage(jobs, (job) => ({ ...shownJob(job), result: null })));
  },

  getJob: async ({ services, principal, params }) =>
    json(shownJob(await getJob(services, principal.tenant ?? null, params.id))),

  cancelJob: async ({ services, principal, params }) => {
    const owner = principal.tenant ?? null;
    const { kind } = await getJob(services, owner, params.id);
    requireAccess(principal, STARTS[kind]);
    return json(shownJob(await cancelJob(services, owner, params.id)));
  },
};

/** A job as clients see it: neither what its handler was told nor who carries it out. */
export function shownJob(job: Job) {
  const { id, kind, title, status, phase, fraction, rows, requestedBy } = job;
  const { createdAt, startedAt, finishedAt, expiresAt } = job;
  return {
    id,
    kind,
    title,
    status,
    phase,
    fraction,
    rows,
    result: status === "done" ? job.result : null,
    error: shownError(job),
    requestedBy,
    createdAt,
    startedAt,
    finishedAt,
    expiresAt,
  };
}

/** A fault of the service is told without its details, which the log has. */
function shownError({ error }: Job) {
  if (error === null) return null;
  const { code, message, fix, field } = error;
  if (code === undefined) return { code: "service.internal", message: "The service failed to do it" };
  return { code, message, ...(fix !== undefined && { fix }), ...(field !== undefined && { field }) };
}
