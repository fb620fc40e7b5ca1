import { UNASSIGNED } from "../../core/tenants/tenant.ts";
import type { Connection } from "../../core/connections/connection.ts";
import { tenantOfAccount } from "../../importers/shared/open-records.ts";
import type { Ownership, TenantZones } from "../../ports/load.ts";
import type { Services } from "../services.ts";
import { getTenant, listTenants } from "../tenants/tenants.ts";

/** Whose the facts of a connection are. */
export interface SyncTarget {
  owners: Ownership;
  zones: TenantZones;
  tenantOf: (account: string) => string;
  zoneOf: (account: string) => string;
}

/** @throws DomainError `tenant.not-found` when the connection's tenant is gone */
export async function targetOf(services: Services, connection: Connection): Promise<SyncTarget> {
  const tenants = await listTenants(services);
  const owners: Ownership =
    connection.tenant === undefined
      ? {
          kind: "accounts",
          claims: tenants.flatMap((t) => t.accounts.map((account) => ({ account, tenant: t.id }))),
        }
      : { kind: "tenant", tenant: (await getTenant(services, connection.tenant)).id };
  const zones = Object.fromEntries([[UNASSIGNED, "UTC"], ...tenants.map((t) => [t.id, t.zone] as const)]);
  const tenantOf = tenantOfAccount(owners);
  return { owners, zones, tenantOf, zoneOf: (account) => zones[tenantOf(account)] ?? "UTC" };
}
