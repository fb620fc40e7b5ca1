import { DomainError } from "../errors/errors.ts";

export const ROLES = ["operator", "admin", "manager", "analyst", "viewer"] as const;
export type Role = (typeof ROLES)[number];

/** Stands for the subject of a token that names none. */
export const NOBODY = "token";

/** The caller, as the verified token says. */
export interface Principal {
  /** JWT `sub`, or {@link NOBODY}. */
  subject: string;
  role: Role;
  /** JWT `customerId`; operators have none. */
  tenant: string | undefined;
}

/** Every action and the roles that may do it: the table decides and explains. */
const TABLE = {
  view: { roles: ["admin", "manager", "analyst", "viewer"], what: "see dashboards, reports and exports" },
  create: { roles: ["admin", "manager", "analyst"], what: "create and change reports" },
  export: { roles: ["admin", "manager", "analyst"], what: "export" },
  budget: { roles: ["admin", "manager"], what: "set budgets" },
  schedule: { roles: ["admin", "manager"], what: "schedule reports" },
  audit: { roles: ["operator", "admin", "manager"], what: "read the audit log" },
  "delete-others": { roles: ["admin"], what: "delete other people's reports and exports" },
  "tenant-settings": { roles: ["operator", "admin"], what: "read and change tenant settings" },
  registry: { roles: ["operator"], what: "list and add tenants" },
  import: { roles: ["operator", "admin"], what: "import data" },
  connections: { roles: ["operator"], what: "connect cloud accounts and pull from them" },
} as const satisfies Record<string, { roles: readonly Role[]; what: string }>;

export type Action = keyof typeof TABLE;

/** All actions, for listing what a role may do. */
export const ACTIONS = Object.keys(TABLE) as readonly Action[];

export function may(role: Role, action: Action): boolean {
  return (TABLE[action].roles as readonly Role[]).includes(role);
}

/** The roles an action is open to, for documentation. */
export function rolesFor(action: Action): readonly Role[] {
  return TABLE[action].roles;
}

/** @throws DomainError `access.forbidden` that names the roles which may */
export function requireAccess(principal: Principal, action: Action): void {
  if (may(principal.role, action)) return;
  const { roles, what } = TABLE[action];
  throw new DomainError("access.forbidden", "forbidden", `The role ${principal.role} may not ${what}`, {
    fix: `Use a token with one of the roles: ${roles.join(", ")}.`,
  });
}

/**
 * Whether the caller may delete something: what is their own, or anybody's where the role allows it. Tokens without a
 * subject are many people's: what was made with one belongs to none of them, and with one nothing is deleted that
 * somebody would have to answer for.
 * @param owner subject that made it
 */
export function mayDelete({ subject, role }: Principal, owner: string): boolean {
  return subject !== NOBODY && (subject === owner || may(role, "delete-others"));
}
