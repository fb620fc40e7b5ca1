import { tenantOfAccount } from "../../importers/shared/open-records.ts";
import type { Owners } from "../tenants/owners.ts";

/** Whose the facts of a connection are. */
export interface SyncTarget extends Owners {
  tenantOf: (account: string) => string;
  zoneOf: (account: string) => string;
}

export function targetOf({ owners, zones }: Owners): SyncTarget {
  const tenantOf = tenantOfAccount(owners);
  return { owners, zones, tenantOf, zoneOf: (account) => zones[tenantOf(account)] ?? "UTC" };
}
