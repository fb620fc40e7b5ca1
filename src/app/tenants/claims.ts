import { DomainError } from "../../core/errors/errors.ts";
import { endedByTime, isOpen, type Job } from "../../core/jobs/job.ts";
import { jobKey } from "../../core/jobs/key.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { AssignedFacts } from "../../ports/metric-store.ts";
import type { JobContext, Performed } from "../jobs/handler.ts";
import {
  dispatchJob,
  enqueueJob,
  findJob,
  jobRecords,
  makeJob,
  storeJob,
  withdrawJob,
} from "../jobs/jobs.ts";
import type { Services } from "../services.ts";
import { finishChange, type LargeChange, LeftHalfway } from "./account-steps.ts";
import { ownersByAccount } from "./registry.ts";

/** Whose accounts change, and which accounts' facts may have to move; what the job of a claim needs to know. */
export interface ClaimInput {
  tenant: string;
  accounts: readonly string[];
  /** The change of the registry, where it takes several writes and is not known to have been made. */
  change?: LargeChange;
}

/**
 * Changes the registry and has the facts of accounts follow it. The job is there before the registry changes: whenever
 * the process dies, whoever looks after the jobs then moves the facts to whom the registry says they belong.
 * @param change writes to the registry
 * @throws what `change` throws; there is no job then
 */
export async function withClaim<T>(
  services: Services,
  input: ClaimInput,
  requestedBy: string,
  change: () => Promise<T>,
): Promise<{ changed: T; claim: Job }> {
  const { length } = input.accounts;
  const about = {
    kind: "claim" as const,
    tenant: null,
    title: `Move the facts of ${length} ${length === 1 ? "account" : "accounts"} of ${input.tenant}`,
    input,
    requestedBy,
  };
  const claim = makeJob(services, about);
  await storeJob(services, claim);
  let changed: T;
  try {
    changed = await change();
  } catch (error) {
    if (error instanceof LeftHalfway) {
      await dispatchJob(services, claim);
      throw error.cause;
    }
    // One that stays finds facts where they belong.
    await withdrawJob(services, claim).catch(() => undefined);
    throw error;
  }
  if (input.change !== undefined) await noteChanged(services, claim);
  const found = await findJob(services, null, claim.id);
  if (found !== undefined && isOpen(found)) {
    await dispatchJob(services, claim);
    return { changed, claim };
  }
  // The change took so long that somebody carried the job out before it.
  const again = makeJob(services, about);
  await enqueueJob(services, again);
  return { changed, claim: again };
}

/** Notes that the registry is changed: from then on what it says is right, whoever changes it next. */
async function noteChanged(services: Services, { tenant, id }: Pick<Job, "tenant" | "id">): Promise<void> {
  await jobRecords(services).change(jobKey({ tenant, id }), (job) => {
    const { tenant: of, accounts } = job.input as ClaimInput;
    return { ...job, input: { tenant: of, accounts } satisfies ClaimInput };
  });
}

/** How often a claim goes on in another process when the store or the time does not let this one finish it. */
const MAX_CONTINUED = 20;

/**
 * Carries out a claim. Where another process can go on with it, one that ran out of time, or whose store did not answer
 * or had loads getting in between, leaves it to that; what it has moved stays moved.
 * @throws DomainError `import.conflict`, `store.unavailable`; the signal's reason
 */
export async function performClaim(context: JobContext): Promise<Performed> {
  const { services, job, signal } = context;
  const { continued = 0 } = (job.result ?? {}) as { continued?: number };
  try {
    return { done: true, result: await followRegistry(context) };
  } catch (error) {
    const passing =
      endedByTime(signal, error) ||
      (error instanceof DomainError && ["store.unavailable", "import.conflict"].includes(error.code));
    if (!services.jobs.shared || !passing || continued >= MAX_CONTINUED) throw error;
    return { done: false, result: { continued: continued + 1 } };
  }
}

/**
 * Moves facts to the owners of their accounts, until the registry is the same after it as before. It may be done any
 * number of times, by any number of processes.
 */
async function followRegistry({ services, job, signal, report }: JobContext): Promise<AssignedFacts> {
  const { tenant, accounts, change } = job.input as ClaimInput;
  if (change !== undefined) {
    await finishChange(services, tenant, change);
    await noteChanged(services, job);
  }
  const done: AssignedFacts = { moved: 0, superseded: 0, kept: 0 };
  // What the tenant holds for accounts that are not its own was left behind by a process that died.
  let left = [...new Set([...accounts, ...(await services.metrics.accountsHeld(tenant))])];
  while (left.length > 0) {
    const owners = await ownersByAccount(services);
    const ownerOf = (account: string): string => owners.get(account) ?? UNASSIGNED;
    const groups = [...new Set(left.map(ownerOf))].map(
      (owner) => [owner, left.filter((account) => ownerOf(account) === owner)] as const,
    );
    let served = 0;
    for (const [owner, own] of groups) {
      signal.throwIfAborted();
      report({ phase: `Moving facts to ${owner}`, fraction: served / left.length });
      const { moved, superseded, kept } = await services.metrics.assign(own, owner, signal);
      done.moved += moved;
      done.superseded += superseded;
      done.kept += kept;
      served += own.length;
      report({ rows: done.moved });
    }
    const now = await ownersByAccount(services);
    left = left.filter((account) => ownerOf(account) !== (now.get(account) ?? UNASSIGNED));
  }
  return done;
}

/** What a claim that is done has to say. */
export function factsOfClaim(job: Job): AssignedFacts {
  return job.result as AssignedFacts;
}
