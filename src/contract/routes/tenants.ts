import * as z from "zod/mini";
import { routes } from "../route.ts";
import { idParams, pageOf, pageQuery } from "../schemas/common.ts";
import { jobSchema } from "../schemas/jobs.ts";
import {
  changedTenantSchema,
  newTenantSchema,
  tenantSchema,
  tenantSettingsSchema,
} from "../schemas/tenants.ts";

const ETAG = { ETag: "The tenant's version, for `If-Match`." };

/** Moving facts takes longer than an answer may. */
const MOVING = {
  status: 202,
  description:
    "The registry is changed, and moving the facts takes longer: the job, whose `result` tells how many were `moved`. Until it is done, some are still where they were.",
  schema: jobSchema,
  headers: { Location: "The job.", "Retry-After": "Seconds after which to ask for it." },
};

const INVALID = [
  "tenant.invalid-name",
  "tenant.invalid-color",
  "tenant.invalid-account",
  "tenant.invalid-tier",
  "tenant.invalid-contact",
] as const;

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
    description:
      "Adds a tenant. Facts of its accounts that were imported before move to it, but for those that were loaded for another tenant by name. A call that is repeated with the same settings, accounts among them, finishes what the first one left to do.",
    access: "registry",
    audit: { action: "tenant.add", object: "tenant" },
    body: { kind: "json", schema: newTenantSchema },
    ok: {
      status: 201,
      description: "The tenant.",
      schema: changedTenantSchema,
      headers: { Location: "The tenant.", ...ETAG },
    },
    also: [
      {
        status: 200,
        description: "It had been added by the same call before.",
        schema: changedTenantSchema,
        headers: ETAG,
      },
      MOVING,
    ],
    problems: [
      "tenant.exists",
      "tenant.account-taken",
      "tenant.invalid-id",
      "zone.invalid",
      "import.conflict",
      ...INVALID,
    ],
    examples: [
      {
        name: "A tenant with two accounts",
        body: {
          id: "acme",
          name: "Acme Corporation",
          tier: "Enterprise",
          contacts: ["cloud@acme.example"],
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
    headers: { "If-None-Match": { description: "The ETag of the copy at hand.", required: false } },
    ok: { status: 200, description: "The tenant.", schema: tenantSchema, headers: ETAG },
    also: [{ status: 304, description: "The copy at hand is current." }],
    problems: ["tenant.not-found"],
    examples: [{ name: "Get", params: { id: "acme" } }],
  },
  updateTenant: {
    method: "PUT",
    path: "/v1/tenants/{id}",
    tag: "Tenants",
    summary: "Change a tenant",
    description:
      "Changes the fields that are given and leaves the rest, so that nobody who changes other fields loses anything; with `If-Match`, only if the tenant is still that version. Facts of accounts that change hands move with them; a call that is repeated moves those that are still elsewhere.",
    access: "tenant-settings",
    audit: { action: "tenant.change", object: "tenant" },
    params: idParams("tenant"),
    headers: {
      "If-Match": { description: "Change only if the tenant is still this version.", required: false },
    },
    body: { kind: "json", schema: tenantSettingsSchema },
    ok: { status: 200, description: "The tenant as it is now.", schema: changedTenantSchema, headers: ETAG },
    also: [MOVING],
    problems: [
      "tenant.not-found",
      "tenant.changed",
      "tenant.account-taken",
      "access.forbidden",
      "import.conflict",
      ...INVALID,
    ],
    examples: [{ name: "Colours", params: { id: "acme" }, body: { branding: { color: "#0f766e" } } }],
  },
});
