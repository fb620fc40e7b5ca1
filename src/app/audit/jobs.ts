import type { AuditAction, AuditEvent } from "../../core/audit/entry.ts";
import type { Job, JobKind } from "../../core/jobs/job.ts";
import { type AuditPorts, appendAudit } from "./log.ts";

const ENDS: Readonly<Record<JobKind, AuditAction>> = {
  import: "import.end",
  export: "export.end",
  sync: "sync.end",
  claim: "claim.end",
};

/** Writes down how a job ended, as an act of who asked for it; in the log of a tenant too that an operator names. */
export async function auditJobEnd(services: AuditPorts, job: Job): Promise<void> {
  const event: AuditEvent = {
    action: ENDS[job.kind],
    outcome: job.status === "done" ? "done" : "failed",
    actor: { subject: job.requestedBy, role: null },
    from: { ip: null, agent: null },
    operation: null,
    object: { kind: "job", id: job.id },
    asked: { title: job.title },
    changes: [],
    problem: job.error === null ? null : (job.error.code ?? "service.internal"),
    requestId: null,
  };
  const named = tenantOf(job);
  const logs = job.tenant === null && named !== undefined ? [null, named] : [job.tenant];
  for (const log of logs) await appendAudit(services, log, event);
}

/** The tenant that an operator's import or claim is for, where it is for one. */
function tenantOf({ kind, input }: Job): string | undefined {
  const { choices, tenant } = (input ?? {}) as { choices?: { tenant?: unknown }; tenant?: unknown };
  const named = kind === "claim" ? tenant : choices?.tenant;
  return typeof named === "string" ? named : undefined;
}
