import type { Tenant } from "../core/tenants/tenant.ts";

/** The registry of tenants. An account belongs to at most one tenant. */
export interface TenantStore {
  get(id: string): Promise<Tenant | undefined>;
  /** All tenants by id, the unassigned one not included. */
  list(): Promise<Tenant[]>;
  /** @throws DomainError `tenant.exists`, `tenant.account-taken` (names the account and its owner) */
  add(tenant: Tenant): Promise<void>;
  /** Replaces a tenant. @throws DomainError `tenant.not-found`, `tenant.account-taken` */
  update(tenant: Tenant): Promise<void>;
}
