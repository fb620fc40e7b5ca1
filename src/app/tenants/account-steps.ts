import { must } from "../../core/errors/must.ts";
import { makeTenant, type NewTenant, type Tenant } from "../../core/tenants/tenant.ts";
import type { Stored } from "../records/records.ts";
import type { Services } from "../services.ts";
import { ownersByAccount, tenantRecords } from "./registry.ts";

/** The fields of a tenant that can change. The zone cannot, since facts are counted in its days. */
export type TenantChange = Partial<
  Pick<NewTenant, "name" | "tier" | "contacts" | "accounts" | "frameworks" | "branding">
>;

/** Accounts that come to a tenant, and that it gives up. */
export interface AccountDelta {
  gone: readonly string[];
  come: readonly string[];
}

/** A change of more accounts than one write holds: what is left of it, a process that takes over does. */
export interface LargeChange extends AccountDelta {
  /** Fields that change with the last of the accounts. */
  settings: Omit<TenantChange, "accounts">;
}

/** Accounts that one write changes. With the tenant itself they fit a transaction of any store, which holds 100 items. */
const AT_ONCE = 90;

/** A change of accounts was neither made nor taken back: whoever looks after its job finishes it. */
export class LeftHalfway extends Error {
  override readonly name = "LeftHalfway";
}

export function deltaBetween(before: readonly string[], after: readonly string[]): AccountDelta {
  const [had, has] = [new Set(before), new Set(after)];
  return {
    gone: before.filter((account) => !has.has(account)),
    come: after.filter((account) => !had.has(account)),
  };
}

/** Whether a change takes several writes. */
export function isLarge({ gone, come }: AccountDelta): boolean {
  return gone.length + come.length > AT_ONCE;
}

function stepsOf({ gone, come }: AccountDelta): AccountDelta[] {
  const steps: AccountDelta[] = [];
  for (let at = 0; at < gone.length; at += AT_ONCE)
    steps.push({ gone: gone.slice(at, at + AT_ONCE), come: [] });
  for (let at = 0; at < come.length; at += AT_ONCE)
    steps.push({ gone: [], come: come.slice(at, at + AT_ONCE) });
  return steps;
}

function applied(accounts: readonly string[], { gone, come }: AccountDelta): string[] {
  const [out, there] = [new Set(gone), new Set(accounts)];
  return [
    ...accounts.filter((account) => !out.has(account)),
    ...come.filter((account) => !there.has(account)),
  ];
}

/**
 * Makes a large change in several writes, each as a whole.
 * @param seen the tenant as it was read; without it, `tenant` is added
 * @param tenant the tenant as it is to be, with other accounts while it is under way
 * @throws DomainError `tenant.exists`, `tenant.changed`, `tenant.account-taken`: nothing is changed then
 * @throws LeftHalfway
 */
export async function changeInSteps(
  services: Services,
  seen: Stored<Tenant> | undefined,
  tenant: Tenant,
  { settings, ...delta }: LargeChange,
): Promise<Stored<Tenant>> {
  const tenants = tenantRecords(services);
  const done: AccountDelta[] = [];
  const [first, ...rest] = stepsOf(delta);
  const start = must(first, "the first step of a large change");
  if (seen === undefined) await tenants.create({ ...tenant, accounts: applied([], start) });
  else await tenants.replace(seen, { ...seen.record, accounts: applied(seen.record.accounts, start) });
  done.push(start);
  try {
    for (const step of rest) {
      await changeAccounts(services, tenant.id, step);
      done.push(step);
    }
    return await settle(services, tenant.id, settings);
  } catch (error) {
    try {
      for (const { gone, come } of done.reverse())
        await changeAccounts(services, tenant.id, { gone: come, come: gone });
      if (seen === undefined) await tenants.remove(tenant.id);
    } catch {
      throw new LeftHalfway("a change of accounts was left halfway", { cause: error });
    }
    throw error;
  }
}

/** Finishes a large change whose process died, if it had begun. Accounts that others have by now are left to them. */
export async function finishChange(services: Services, id: string, change: LargeChange): Promise<void> {
  const found = await tenantRecords(services).find(id);
  if (found === undefined) return;
  const has = new Set(found.record.accounts);
  const begun =
    change.gone.some((account) => !has.has(account)) || change.come.some((account) => has.has(account));
  if (!begun) return;
  const owners = await ownersByAccount(services);
  const come = change.come.filter((account) => owners.get(account) === undefined);
  const gone = change.gone.filter((account) => has.has(account));
  for (const step of stepsOf({ gone, come })) await changeAccounts(services, id, step);
  await settle(services, id, change.settings);
}

async function changeAccounts(services: Services, id: string, step: AccountDelta): Promise<void> {
  await tenantRecords(services).change(id, (now) => ({ ...now, accounts: applied(now.accounts, step) }));
}

async function settle(
  services: Services,
  id: string,
  settings: LargeChange["settings"],
): Promise<Stored<Tenant>> {
  const tenants = tenantRecords(services);
  if (Object.keys(settings).length > 0)
    await tenants.change(id, (now) => makeTenant({ ...now, ...settings }, now.createdAt));
  return tenants.get(id);
}
