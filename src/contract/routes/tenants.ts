import * as z from "zod/mini";
import { routes } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import {
  addedTenantSchema,
  newTenantSchema,
  tenantSchema,
  tenantSettingsSchema,
} from "../schemas/tenants.ts";

export const tenantRoutes = routes({
  listTenants: {
    method: "GET",
    path: "/v1/tenants",
    tag: "Tenants",
    summary: "List tenants",
    description: "The registry: an operator sees every tenant, an admin the own one.",
    access: "tenant-settings",
    query: z.strictObject(pageQuery),
    ok: { status: 200, description: "A page of tenants by id.", schema: pageOf(tenantSchema) },
    problems: [],
    examples: [{ name: "List" }],
  },
  addTenant: {
    method: "POST",
    path: "/v1/tenants",
    tag: "Tenants",
    summary: "Add a tenant",
    description: "Adds a tenant. Facts of its accounts that were imported before move to it.",
    access: "registry",
    body: { kind: "json", schema: newTenantSchema },
    ok: {
      status: 201,
      description: "The tenant.",
      schema: addedTenantSchema,
      headers: { Location: "The tenant." },
    },
    problems: ["tenant.exists", "tenant.account-taken", "tenant.invalid-id", "zone.invalid"],
    examples: [
      {
        name: "A tenant with two accounts",
        body: {
          id: "acme",
          name: "Acme Corporation",
          accounts: ["012345678901", "111111111111"],
          frameworks: ["SOC 2"],
          zone: "America/New_York",
        },
      },
    ],
  },
  getTenant: {
    method: "GET",
    path: "/v1/tenants/{id}",
    tag: "Tenants",
    summary: "Get a tenant",
    description: "A tenant's entry in the registry; for an admin only the own tenant is there.",
    access: "tenant-settings",
    params: idParams("tenant"),
    ok: { status: 200, description: "The tenant.", schema: tenantSchema },
    problems: ["tenant.not-found"],
    examples: [{ name: "Get", params: { id: "acme" } }],
  },
  updateTenant: {
    method: "PUT",
    path: "/v1/tenants/{id}",
    tag: "Tenants",
    summary: "Change a tenant",
    description:
      "Changes what is given and leaves the rest. Facts of accounts that change hands move with them.",
    access: "tenant-settings",
    params: idParams("tenant"),
    body: { kind: "json", schema: tenantSettingsSchema },
    ok: { status: 200, description: "The tenant as it is now.", schema: tenantSchema },
    problems: ["tenant.not-found", "tenant.account-taken", "access.forbidden"],
    examples: [{ name: "Colours", params: { id: "acme" }, body: { branding: { color: "#0f766e" } } }],
  },
});
