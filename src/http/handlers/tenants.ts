import { addTenant, getTenant, pageTenants, updateTenant } from "../../app/tenants/tenants.ts";
import type { Principal } from "../../core/access/access.ts";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Handlers } from "../call.ts";
import { json } from "../respond.ts";

export const tenantHandlers: Pick<Handlers, "listTenants" | "addTenant" | "getTenant" | "updateTenant"> = {
  listTenants: async ({ principal, services, query }) => {
    if (principal.tenant === undefined) return json(await pageTenants(services, query));
    return json({ items: [await getTenant(services, principal.tenant)], next: null });
  },

  addTenant: async ({ services, body }) => {
    const tenant = await addTenant(services, body);
    return json(tenant, 201, { Location: `/v1/tenants/${tenant.id}` });
  },

  getTenant: async ({ principal, services, params }) => {
    return json(await getTenant(services, ownOrAny(principal, params.id)));
  },

  updateTenant: async ({ principal, services, params, body }) => {
    const id = ownOrAny(principal, params.id);
    if (principal.role !== "operator" && body.accounts !== undefined) {
      throw new DomainError(
        "access.forbidden",
        "forbidden",
        "Only an operator may change a tenant's accounts",
        {
          field: "accounts",
          fix: "Leave accounts out, or ask the operator: accounts decide whose facts are whose.",
        },
      );
    }
    return json(await updateTenant(services, id, body));
  },
};

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
