import { waitForJob } from "../../app/jobs/wait.ts";
import type { Versioned } from "../../app/records/records.ts";
import { factsOfClaim } from "../../app/tenants/claims.ts";
import {
  addTenant,
  type ChangedTenant,
  getVersioned,
  pageVersioned,
  updateTenant,
} from "../../app/tenants/tenants.ts";
import type { Principal } from "../../core/access/access.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Tenant } from "../../core/tenants/tenant.ts";
import type { AssignedFacts } from "../../ports/metric-store.ts";
import type { Call, Handlers } from "../call.ts";
import { currentEtag, matchesNone, quoteEtag } from "../etag.ts";
import { json } from "../respond.ts";
import { throwFailure, underWay, WAIT_MS } from "./jobs.ts";

export const tenantHandlers: Pick<Handlers, "listTenants" | "addTenant" | "getTenant" | "updateTenant"> = {
  listTenants: async ({ principal, services, query }) => {
    if (principal.tenant === undefined) return json(await pageVersioned(services, query));
    return json({ items: [await getVersioned(services, principal.tenant)], next: null });
  },

  addTenant: async (call) => {
    const { services, body, principal } = call;
    const changed = await addTenant(services, body, principal.subject);
    return answer(call, changed, changed.added === true ? 201 : 200);
  },

  getTenant: async ({ principal, services, params, request }) => {
    const tenant = await getVersioned(services, ownOrAny(principal, params.id));
    const headers = { ETag: quoteEtag(tenant.etag) };
    if (matchesNone(request, tenant.etag)) return json(tenant, 200, headers);
    return new Response(null, { status: 304, headers });
  },

  updateTenant: async (call) => {
    const { principal, services, params, body, request } = call;
    const id = ownOrAny(principal, params.id);
    if (principal.role !== "operator") refuseOperatorsFields(body);
    const stored = async (): Promise<string> => (await getVersioned(services, id)).etag;
    const etag = await currentEtag(request, "optional", stored, "tenant");
    return answer(
      call,
      await updateTenant(services, id, body, { etag, requestedBy: principal.subject }),
      200,
    );
  },
};

/** @throws DomainError `access.forbidden` */
function refuseOperatorsFields(body: { accounts?: unknown; tier?: unknown }): void {
  const refuse = (field: string, fix: string): DomainError =>
    new DomainError("access.forbidden", "forbidden", `Only an operator may change a tenant's ${field}`, {
      field,
      fix,
    });
  if (body.accounts !== undefined)
    throw refuse(
      "accounts",
      "Leave accounts out, or ask the operator: accounts decide whose facts are whose.",
    );
  if (body.tier !== undefined) throw refuse("tier", "Leave the tier out, or ask the operator.");
}

/**
 * The tenant once facts have followed its accounts, or the job that still moves them. It goes on when the client leaves:
 * the registry is changed.
 */
async function answer(
  call: Pick<Call, "services" | "signal" | "logger" | "requestId">,
  { tenant, claim }: ChangedTenant,
  status: 200 | 201,
): Promise<Response> {
  if (claim === undefined) return shown(tenant, { moved: 0, superseded: 0, kept: 0 }, status);
  const job = await waitForJob(call.services, claim, WAIT_MS, call.signal);
  throwFailure(call, job);
  return job.status === "done" ? shown(tenant, factsOfClaim(job), status) : underWay(job);
}

function shown(tenant: Versioned<Tenant>, facts: AssignedFacts, status: 200 | 201): Response {
  const { moved, superseded, kept } = facts;
  const body = { ...tenant, factsMoved: moved, factsSuperseded: superseded, factsKept: kept };
  const headers: Record<string, string> = { ETag: quoteEtag(tenant.etag) };
  if (status === 201) headers["Location"] = `/v1/tenants/${tenant.id}`;
  return json(body, status, headers);
}

/**
 * The registry entry a path names. An operator may name any; for an admin there is only the token's own tenant, and
 * what others there are is not told.
 * @throws DomainError `tenant.not-found`
 */
function ownOrAny(principal: Principal, id: string): string {
  if (principal.tenant === undefined || principal.tenant === id) return id;
  throw new DomainError(
    "tenant.not-found",
    "not-found",
    `There is no tenant "${shorten(id)}" for this token`,
    {
      field: "id",
      fix: `A token of ${principal.tenant} reaches only ${principal.tenant}.`,
    },
  );
}
