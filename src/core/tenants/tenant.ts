import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { parseZone } from "../time/zones.ts";

/** How a tenant's reports look. */
export interface Branding {
  /** `#rrggbb`; headings and the first chart colour. */
  color?: string;
  /** PNG or JPEG as a data: URL, at most 256 KiB. */
  logo?: string;
}

export interface Tenant {
  /** Lower case letters, digits and hyphens; 1 to 63 characters. */
  id: string;
  name: string;
  /** Cloud account ids (FOCUS SubAccountId), always strings: leading zeros count. */
  accounts: readonly string[];
  /** Compliance frameworks the tenant answers to, e.g. `HIPAA`. */
  frameworks: readonly string[];
  /** IANA time zone its days are counted in. */
  zone: string;
  branding: Branding;
  /** Generated demo data, labelled as such wherever it is shown. */
  demo: boolean;
  /** RFC 3339, UTC. */
  createdAt: string;
}

/** Facts of accounts without a tenant are kept here, visible to the operator, until a tenant gets the account. */
export const UNASSIGNED = "unassigned";

const ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Account ids of all clouds are far shorter. */
const MAX_ACCOUNT = 256;

/** @throws DomainError `tenant.invalid-id` */
export function checkTenantId(id: string): string {
  if (ID.test(id)) return id;
  throw invalid("tenant.invalid-id", `"${shorten(id)}" cannot be a tenant id`, {
    field: "id",
    fix: "Use 1 to 63 lower case letters, digits and hyphens, starting and ending with a letter or digit.",
  });
}

export interface NewTenant {
  id: string;
  name: string;
  accounts?: readonly string[];
  frameworks?: readonly string[];
  zone?: string;
  branding?: Branding;
  demo?: boolean;
}

/**
 * A checked tenant from what an operator typed.
 * @param now RFC 3339 instant of creation
 * @throws DomainError `tenant.invalid-id`, `tenant.reserved`, `tenant.invalid-name`, `tenant.invalid-color`,
 *   `tenant.invalid-account`, `zone.invalid`
 */
export function makeTenant(input: NewTenant, now: string): Tenant {
  const id = checkTenantId(input.id);
  if (id === UNASSIGNED) {
    throw invalid(
      "tenant.reserved",
      `"${UNASSIGNED}" holds the facts of unmapped accounts and cannot be added`,
      {
        field: "id",
        fix: "Choose another id.",
      },
    );
  }
  const name = input.name.trim();
  if (name === "")
    throw invalid("tenant.invalid-name", "A tenant needs a name", { field: "name", fix: "Give one." });
  const color = input.branding?.color;
  if (color !== undefined && !/^#[0-9a-fA-F]{6}$/.test(color)) {
    throw invalid("tenant.invalid-color", `"${shorten(color)}" is not a colour`, {
      field: "branding.color",
      fix: "Write it as #rrggbb, for example #0f766e.",
    });
  }
  const accounts = (input.accounts ?? []).map((account) => account.trim()).filter((a) => a !== "");
  const long = accounts.find((account) => account.length > MAX_ACCOUNT);
  if (long !== undefined) {
    throw invalid("tenant.invalid-account", `"${shorten(long)}" cannot be an account id`, {
      field: "accounts",
      fix: `Give the ids as the cloud provider writes them, of at most ${MAX_ACCOUNT} characters.`,
    });
  }
  return {
    id,
    name,
    accounts: [...new Set(accounts)],
    frameworks: [...new Set(input.frameworks ?? [])],
    zone: parseZone(input.zone ?? "UTC"),
    branding: input.branding ?? {},
    demo: input.demo ?? false,
    createdAt: now,
  };
}
