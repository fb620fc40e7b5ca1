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
  /** As the operator names it, e.g. `Enterprise`; null where it has none. */
  tier: string | null;
  /** Mail addresses of those to turn to. */
  contacts: readonly string[];
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

const MAX_TIER = 64;
const MAX_CONTACTS = 50;
/** RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3: 64 octets before the @, 254 in all. */
const CONTACT =
  /^(?=.{3,254}$)[^\s@<>(),;:"\\[\]\p{Cc}]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;

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
  tier?: string | null;
  contacts?: readonly string[];
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
 *   `tenant.invalid-account`, `tenant.invalid-tier`, `tenant.invalid-contact`, `zone.invalid`
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
    tier: checkTier(input.tier ?? null),
    contacts: checkContacts(input.contacts ?? []),
    accounts: [...new Set(accounts)],
    frameworks: [...new Set(input.frameworks ?? [])],
    zone: parseZone(input.zone ?? "UTC"),
    branding: input.branding ?? {},
    demo: input.demo ?? false,
    createdAt: now,
  };
}

function checkTier(tier: string | null): string | null {
  const text = tier?.trim() ?? null;
  if (text === null || (text !== "" && text.length <= MAX_TIER && !/\p{Cc}/u.test(text))) return text;
  throw invalid("tenant.invalid-tier", `"${shorten(text)}" cannot be a tier`, {
    field: "tier",
    fix: `Name it in 1 to ${MAX_TIER} characters on one line, or leave it out.`,
  });
}

function checkContacts(contacts: readonly string[]): string[] {
  const addresses = [...new Set(contacts.map((address) => address.trim()))];
  const wrong = addresses.find((address) => !CONTACT.test(address));
  if (wrong !== undefined) {
    throw invalid("tenant.invalid-contact", `"${shorten(wrong)}" is not a mail address`, {
      field: "contacts",
      fix: "Give it as name@example.com, without a display name.",
    });
  }
  if (addresses.length <= MAX_CONTACTS) return addresses;
  throw invalid("tenant.invalid-contact", `A tenant has at most ${MAX_CONTACTS} contacts`, {
    field: "contacts",
    fix: "Give a group's address instead of everybody's.",
  });
}
