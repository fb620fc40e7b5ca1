import { DomainError } from "../../core/errors/errors.ts";
import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { Ownership, TenantZones } from "../../ports/load.ts";
import type { Services } from "../services.ts";
import { getTenant, listTenants } from "./registry.ts";

/** Whose the facts of a load are, and the zones their days are counted in. */
export interface Owners {
  owners: Ownership;
  zones: TenantZones;
}

/** A load that accounts change hands under again and again; each time it reads its files anew. */
const TRIES = 5;

/**
 * Reads from the registry whose facts are whose.
 * @param tenant gets all of them; without it, whoever owns a fact's account
 * @throws DomainError `tenant.not-found`
 */
export async function readOwners(services: Services, tenant: string | undefined): Promise<Owners> {
  // Before the registry: an account that changes hands after this is noticed by the store.
  const seen = await services.metrics.ownerChanges();
  const tenants = await listTenants(services);
  const owners: Ownership =
    tenant === undefined
      ? {
          kind: "accounts",
          seen,
          claims: tenants.flatMap((t) => t.accounts.map((account) => ({ account, tenant: t.id }))),
        }
      : { kind: "tenant", tenant: (await getTenant(services, tenant)).id };
  return {
    owners,
    zones: Object.fromEntries([[UNASSIGNED, "UTC"], ...tenants.map((t) => [t.id, t.zone] as const)]),
  };
}

/**
 * Loads facts by the owners there are, and again by those there are then when accounts changed hands meanwhile.
 * @param tenant as in `readOwners`
 * @param load may be called several times; what it loaded in vain is nowhere
 * @throws DomainError `import.owners-changed` when that keeps happening; what `load` throws
 */
export async function loadByOwners<T>(
  services: Services,
  tenant: string | undefined,
  load: (owners: Owners) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await load(await readOwners(services, tenant));
    } catch (error) {
      const stale = error instanceof DomainError && error.code === "import.owners-changed";
      if (!stale || attempt === TRIES) throw error;
    }
  }
}
