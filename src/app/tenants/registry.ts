import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { unknownNameFix } from "../../core/errors/suggest.ts";
import { type Tenant, UNASSIGNED } from "../../core/tenants/tenant.ts";
import { TENANTS } from "../records/kinds.ts";
import { type Records, type Stored, serviceRecords } from "../records/records.ts";
import type { Services } from "../services.ts";

/** All tenants by id, without the unassigned one. */
export async function listTenants(services: Services): Promise<Tenant[]> {
  return (await tenantRecords(services).all()).map(({ record }) => record);
}

/** Which tenant has each account. */
export async function ownersByAccount(services: Services): Promise<Map<string, string>> {
  const tenants = await listTenants(services);
  return new Map(tenants.flatMap(({ id, accounts }) => accounts.map((account) => [account, id] as const)));
}

/** The tenant by id, if it exists; `unassigned` counts as one. */
export async function findTenant(services: Services, id: string): Promise<Tenant | undefined> {
  return (await findStored(services, id))?.record;
}

export function tenantRecords(services: Services): Records<Tenant> {
  return serviceRecords(services, TENANTS);
}

/** The tenant by id; `unassigned` counts as one. @throws DomainError `tenant.not-found` */
export async function getTenant(services: Services, id: string): Promise<Tenant> {
  return (await getStored(services, id)).record;
}

/** The same with its revision. @throws DomainError `tenant.not-found` */
export async function getStored(services: Services, id: string): Promise<Stored<Tenant>> {
  const tenant = await findStored(services, id);
  if (tenant !== undefined) return tenant;
  const known = (await listTenants(services)).map((t) => t.id);
  throw new DomainError("tenant.not-found", "not-found", `There is no tenant "${shorten(id)}"`, {
    field: "tenant",
    fix:
      known.length === 0 ? "Add one with: securebase tenants add ID --name NAME" : unknownNameFix(id, known),
  });
}

async function findStored(services: Services, id: string): Promise<Stored<Tenant> | undefined> {
  if (id === UNASSIGNED) return { record: unassignedTenant(), revision: UNASSIGNED };
  return tenantRecords(services).find(id);
}

/** The tenant under which facts of unmapped accounts are seen. */
function unassignedTenant(): Tenant {
  return {
    id: UNASSIGNED,
    name: "Unassigned accounts",
    tier: null,
    contacts: [],
    accounts: [],
    frameworks: [],
    zone: "UTC",
    branding: {},
    demo: false,
    createdAt: "1970-01-01T00:00:00.000Z",
  };
}
