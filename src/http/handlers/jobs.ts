import { cancelJob, getJob, listJobs } from "../../app/jobs/jobs.ts";
import { mapPage } from "../../core/lists/pages.ts";
import { type Action, requireAccess } from "../../core/access/access.ts";
import { errorOfPlain } from "../../core/errors/plain.ts";
import type { Job, JobKind } from "../../core/jobs/job.ts";
import type { Call, Handlers } from "../call.ts";
import { errorFields } from "../logger.ts";
import { json } from "../respond.ts";

/** What who cancels a job has to be allowed. */
const STARTS: Readonly<Record<JobKind, Action>> = {
  import: "import",
  export: "export",
  sync: "connections",
  claim: "registry",
};

/** Milliseconds a job is waited for before a request is answered with it. */
export const WAIT_MS = 15_000;
/** Seconds after which to ask for a job that is not done. */
const POLL_SECONDS = 2;

/** The answer to a request whose work is not done yet. */
export function underWay(job: Job): Response {
  return json(shownJob(job), 202, { Location: `/v1/jobs/${job.id}`, "Retry-After": String(POLL_SECONDS) });
}

/** Throws why a job failed, if it did. A fault of the service, which the job does not tell of in full, is logged. */
export function throwFailure({ logger, requestId }: Pick<Call, "logger" | "requestId">, job: Job): void {
  if (job.error === null) return;
  const error = errorOfPlain(job.error);
  if (job.error.code === undefined)
    logger.error({ requestId, job: job.id, error: errorFields(error) }, `${job.kind} failed`);
  throw error;
}

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
