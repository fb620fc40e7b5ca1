import { shorten } from "../../core/errors/bounded.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { unknownNameFix } from "../../core/errors/suggest.ts";
import { makeTenant, type NewTenant, type Tenant, UNASSIGNED } from "../../core/tenants/tenant.ts";
import { mapPage, type Page, type PageRequest } from "../../core/lists/pages.ts";
import { checkNewLogo } from "./logo.ts";
import { TENANTS } from "../records/kinds.ts";
import { type Records, serviceRecords } from "../records/records.ts";
import type { Services } from "../services.ts";

/**
 * Adds a tenant. Facts of its accounts that were imported before move to it.
 * @throws DomainError those of `makeTenant`, `tenant.invalid-logo`, `tenant.exists`, `tenant.account-taken`
 */
export async function addTenant(
  services: Services,
  input: NewTenant,
): Promise<Tenant & { factsMoved: number }> {
  const tenant = makeTenant(input, services.clock.now().toISOString());
  await checkNewLogo(tenant.branding.logo);
  await tenantRecords(services).create(tenant);
  return { ...tenant, factsMoved: await claimFacts(services, tenant, tenant.accounts) };
}

async function claimFacts(services: Services, tenant: Tenant, accounts: readonly string[]): Promise<number> {
  return (await services.metrics.assign(accounts, tenant.id)).moved;
}

/** The fields of a tenant that can change. The zone cannot, since facts are counted in its days. */
export type TenantChange = Partial<Pick<NewTenant, "name" | "accounts" | "frameworks" | "branding">>;

/**
 * Changes a tenant. Facts of accounts it newly claims move to it, those of accounts it gives up become unassigned.
 * @throws DomainError those of `makeTenant`, `tenant.invalid-logo`, `tenant.not-found`, `tenant.account-taken`
 */
export async function updateTenant(services: Services, id: string, change: TenantChange): Promise<Tenant> {
  const tenants = tenantRecords(services);
  const seen = await tenants.find(id);
  // Without a record it is unknown, or the unassigned tenant: what follows says so.
  const before = seen?.record ?? (await getTenant(services, id));
  const after = makeTenant({ ...before, ...change }, before.createdAt);
  if (after.branding.logo !== before.branding.logo) await checkNewLogo(after.branding.logo);
  if (seen !== undefined) await tenants.replace(seen, after);
  const lost = before.accounts.filter((account) => !after.accounts.includes(account));
  await services.metrics.assign(lost, UNASSIGNED);
  await claimFacts(
    services,
    after,
    after.accounts.filter((account) => !before.accounts.includes(account)),
  );
  return after;
}

/** All tenants by id, without the unassigned one. */
export async function listTenants(services: Services): Promise<Tenant[]> {
  return (await tenantRecords(services).all()).map(({ record }) => record);
}

/** A page of them. */
export async function pageTenants(services: Services, page: PageRequest): Promise<Page<Tenant>> {
  return mapPage(await tenantRecords(services).page(page), ({ record }) => record);
}

/** The tenant by id, if it exists; `unassigned` counts as one. */
export async function findTenant(services: Services, id: string): Promise<Tenant | undefined> {
  return id === UNASSIGNED ? unassignedTenant() : (await tenantRecords(services).find(id))?.record;
}

function tenantRecords(services: Services): Records<Tenant> {
  return serviceRecords(services, TENANTS);
}

/** The tenant by id; `unassigned` counts as one. @throws DomainError `tenant.not-found` */
export async function getTenant(services: Services, id: string): Promise<Tenant> {
  const tenant = await findTenant(services, id);
  if (tenant !== undefined) return tenant;
  const known = (await listTenants(services)).map((t) => t.id);
  throw new DomainError("tenant.not-found", "not-found", `There is no tenant "${shorten(id)}"`, {
    field: "tenant",
    fix:
      known.length === 0 ? "Add one with: securebase tenants add ID --name NAME" : unknownNameFix(id, known),
  });
}

/** The tenant under which facts of unmapped accounts are seen. */
function unassignedTenant(): Tenant {
  return {
    id: UNASSIGNED,
    name: "Unassigned accounts",
    accounts: [],
    frameworks: [],
    zone: "UTC",
    branding: {},
    demo: false,
    createdAt: "1970-01-01T00:00:00.000Z",
  };
}
