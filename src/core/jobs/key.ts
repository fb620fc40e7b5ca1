/** The key of what belongs to a tenant or to the operator among the service's own records: the owner is part of it. */
export function jobKey({ tenant, id }: { tenant: string | null; id: string }): string {
  return ownerPrefix(tenant) + id;
}

/** What the keys of one owner begin with. No tenant's id is empty or has a slash. */
export function ownerPrefix(tenant: string | null): string {
  return `${tenant ?? ""}/`;
}
