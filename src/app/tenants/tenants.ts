import { DomainError } from "../../core/errors/errors.ts";
import { mapPage, type Page, type PageRequest } from "../../core/lists/pages.ts";
import type { Job } from "../../core/jobs/job.ts";
import { accountTaken } from "../../core/tenants/errors.ts";
import { makeTenant, type NewTenant, type Tenant } from "../../core/tenants/tenant.ts";
import { TENANTS } from "../records/kinds.ts";
import { type Stored, versioned, type Versioned } from "../records/records.ts";
import type { Services } from "../services.ts";
import {
  changeInSteps,
  deltaBetween,
  isLarge,
  type LargeChange,
  type TenantChange,
} from "./account-steps.ts";
import { withClaim } from "./claims.ts";
import { checkNewLogo } from "./logo.ts";
import { getStored, ownersByAccount, tenantRecords } from "./registry.ts";

/** A tenant as it is in the registry now, and the job that has facts follow its accounts; none where none changed. */
export interface ChangedTenant {
  tenant: Versioned<Tenant>;
  claim: Job | undefined;
  /** False where the same call had added it before: then the claim finishes what is left to do. */
  added?: boolean;
}

/** How often a change is tried that meets others. */
const TRIES = 5;

/**
 * Adds a tenant. A job moves facts of its accounts that were imported before. A call that is repeated, since nobody
 * heard what became of it, finds the tenant as it would add it, and has the facts moved that are still elsewhere.
 * @throws DomainError those of `makeTenant`, `tenant.invalid-logo`, `tenant.exists`, `tenant.account-taken`
 */
export async function addTenant(
  services: Services,
  input: NewTenant,
  requestedBy = "service",
): Promise<ChangedTenant> {
  const tenant = makeTenant(input, services.clock.now().toISOString());
  await checkNewLogo(tenant.branding.logo);
  const tenants = tenantRecords(services);
  if (tenant.accounts.length === 0)
    return { tenant: versioned(await tenants.create(tenant)), claim: undefined, added: true };
  const before = await tenants.find(tenant.id);
  const repeated = before !== undefined && isSame(before.record, tenant);
  // Told before a job is made of it; the store has the last word.
  if (before !== undefined && !repeated) throw TENANTS.errors.exists(tenant.id);
  const { changed, claim } = await claiming(services, before, tenant, {}, requestedBy);
  return { tenant: versioned(changed), claim, added: !repeated };
}

/** Whether two tenants differ in nothing but when they were added. */
function isSame(a: Tenant, b: Tenant): boolean {
  const settings = (tenant: Tenant): string =>
    JSON.stringify(makeTenant({ ...tenant, accounts: [...tenant.accounts].sort() }, ""));
  return settings(a) === settings(b);
}

export interface ChangeOptions {
  /** The revision that the change is based on; whatever there is when not given. */
  etag?: string | undefined;
  requestedBy?: string;
}

/**
 * Changes the fields that are given, on what is there by then: two who change different fields lose nothing. A job has
 * facts follow the accounts: those of accounts it newly has move to it, those of accounts it gives up are nobody's.
 * @throws DomainError those of `makeTenant`, `tenant.invalid-logo`, `tenant.not-found`, `tenant.changed`, `tenant.account-taken`
 */
export async function updateTenant(
  services: Services,
  id: string,
  change: TenantChange,
  options: ChangeOptions = {},
): Promise<ChangedTenant> {
  for (let attempt = 1; ; attempt++) {
    const seen = await getStored(services, id);
    const expected = options.etag ?? seen.revision;
    if (expected !== seen.revision) throw TENANTS.errors.changed(id);
    try {
      return await changeOnce(services, seen, change, options.requestedBy ?? "service");
    } catch (error) {
      const met = error instanceof DomainError && error.code === "tenant.changed";
      if (!met || options.etag !== undefined || attempt === TRIES) throw error;
    }
  }
}

async function changeOnce(
  services: Services,
  seen: Stored<Tenant>,
  change: TenantChange,
  requestedBy: string,
): Promise<ChangedTenant> {
  const { accounts: before, createdAt } = seen.record;
  const { accounts, ...settings } = change;
  const after = makeTenant({ ...seen.record, ...change }, createdAt);
  if (after.branding.logo !== seen.record.branding.logo) await checkNewLogo(after.branding.logo);
  // Also when the accounts stay the same: then the call is repeated, and facts may be elsewhere.
  if (accounts === undefined || before.length + after.accounts.length === 0)
    return { tenant: versioned(await tenantRecords(services).replace(seen, after)), claim: undefined };
  const { changed, claim } = await claiming(services, seen, after, settings, requestedBy);
  return { tenant: versioned(changed), claim };
}

/** Writes a tenant with its accounts, and has facts follow them. @param seen what is there; undefined when it is new */
async function claiming(
  services: Services,
  seen: Stored<Tenant> | undefined,
  after: Tenant,
  settings: LargeChange["settings"],
  requestedBy: string,
): Promise<{ changed: Stored<Tenant>; claim: Job }> {
  const tenants = tenantRecords(services);
  const before = seen?.record.accounts ?? [];
  const delta = deltaBetween(before, after.accounts);
  const accounts = [...new Set([...before, ...after.accounts])];
  const about = { tenant: after.id, accounts };
  if (!isLarge(delta))
    return withClaim(services, about, requestedBy, () =>
      seen === undefined ? tenants.create(after) : tenants.replace(seen, after),
    );
  await refuseTaken(services, after.id, delta.come);
  const change: LargeChange = { ...delta, settings };
  return withClaim(services, { ...about, change }, requestedBy, () =>
    changeInSteps(services, seen, after, change),
  );
}

/** @throws DomainError `tenant.account-taken` */
async function refuseTaken(services: Services, id: string, accounts: readonly string[]): Promise<void> {
  const owners = await ownersByAccount(services);
  for (const account of accounts) {
    const holder = owners.get(account);
    if (holder !== undefined && holder !== id) throw accountTaken({ value: account, holder });
  }
}

/** A page of the tenants with their versions, by id, without the unassigned one. */
export async function pageVersioned(services: Services, page: PageRequest): Promise<Page<Versioned<Tenant>>> {
  return mapPage(await tenantRecords(services).page(page), versioned);
}

/** The tenant by id with its version; `unassigned` counts as one. @throws DomainError `tenant.not-found` */
export async function getVersioned(services: Services, id: string): Promise<Versioned<Tenant>> {
  return versioned(await getStored(services, id));
}
