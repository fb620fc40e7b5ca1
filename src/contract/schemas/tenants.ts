import * as z from "zod/mini";
import { instant } from "./common.ts";
import { doc, named } from "./registry.ts";

const branding = z.strictObject({
  color: z.exactOptional(doc(z.string(), "`#rrggbb`.", { examples: ["#0f766e"] })),
  logo: z.exactOptional(
    doc(
      z.string(),
      "PNG or JPEG as a data: URL: at most 256 KiB, 4096 pixels on a side and 4 million pixels.",
    ),
  ),
});

const tier = doc(
  z.nullable(z.string()),
  "As the operator names it, e.g. `Enterprise`; null where it has none.",
  { examples: ["Enterprise"] },
);
const contacts = doc(z.array(z.string()), "Mail addresses of those to turn to.", {
  examples: [["cloud@example.com"]],
});

const settings = {
  name: doc(z.string(), "As shown in reports."),
  tier: z.exactOptional(tier),
  contacts: z.exactOptional(contacts),
  accounts: z.exactOptional(
    doc(
      z.array(z.string()),
      "Cloud account ids whose facts belong to the tenant. Text: leading zeros count.",
    ),
  ),
  frameworks: z.exactOptional(doc(z.array(z.string()), "Compliance frameworks the tenant answers to.")),
  branding: z.exactOptional(branding),
};

export const newTenantSchema = named(
  "NewTenant",
  "A tenant to add.",
  z.strictObject({
    id: doc(z.string(), "1 to 63 lower case letters, digits and hyphens.", { examples: ["acme"] }),
    ...settings,
    zone: z.exactOptional(
      doc(z.string(), "IANA time zone its days are counted in, for good; UTC when not given.", {
        examples: ["America/New_York"],
      }),
    ),
  }),
);

export const tenantSettingsSchema = named(
  "TenantSettings",
  "What may change of a tenant. What is not given stays as it is. Only an operator may change `accounts`, since they decide whose facts are whose, and `tier`. The time zone stays, since facts are counted in its days.",
  z.strictObject({ ...settings, name: z.exactOptional(settings.name) }),
);

const tenantFields = {
  id: z.string(),
  name: z.string(),
  tier,
  contacts,
  accounts: z.array(z.string()),
  frameworks: z.array(z.string()),
  zone: z.string(),
  branding: z.object({ color: z.exactOptional(z.string()), logo: z.exactOptional(z.string()) }),
  demo: doc(z.boolean(), "Generated demo data."),
  createdAt: instant("When it was added."),
  etag: doc(z.string(), "Its version; changes with every change."),
};

export const tenantSchema = named("Tenant", "A tenant of the registry.", z.object(tenantFields));

const moved = {
  factsMoved: doc(z.int(), "Facts of its accounts that were imported before and have moved to it."),
  factsSuperseded: doc(
    z.int(),
    "Facts that went away, since of the same account, source and period there is a newer load.",
  ),
  factsKept: doc(
    z.int(),
    "Facts of its accounts that stay where they are, since its facts of the same source and period were loaded for it by name.",
  ),
};

export const changedTenantSchema = named(
  "ChangedTenant",
  "The tenant as it is now, and what became of facts that were imported before.",
  z.object({ ...tenantFields, ...moved }),
);
