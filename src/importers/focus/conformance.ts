import type { ConformanceRule } from "../../ports/load.ts";

type Versions = "1.0-preview" | "1.0" | "1.1" | "1.2" | "1.3";

/** What the specification says of a column whose rows are checked. */
interface ColumnRule {
  column: string;
  /** The section of the specification. */
  section: string;
  target: string;
  type: "text" | "decimal" | "instant";
  nullable: boolean;
  allowed?: readonly string[];
  /** The column that must have a value for this one to need one. */
  where?: string;
  /** The versions that say so; all when left out. */
  versions?: readonly Versions[];
}

const SINCE_1_0: readonly Versions[] = ["1.0", "1.1", "1.2", "1.3"];
const rule = (
  column: string,
  target: string,
  type: ColumnRule["type"],
  nullable: boolean,
  more: Partial<ColumnRule> = {},
): ColumnRule => ({
  ...{ column, target, type, nullable },
  section: column.replaceAll(/([a-z])([A-Z])/g, "$1 $2").replace(/\bId$/, "ID"),
  ...more,
});
const cost = (column: string, target: string): ColumnRule => rule(column, target, "decimal", false);

/** https://focus.finops.org/focus-specification/, chapter 2 (Columns) of each version. */
const COLUMNS: readonly ColumnRule[] = [
  cost("BilledCost", "billed_cost"),
  cost("EffectiveCost", "effective_cost"),
  cost("ListCost", "list_cost"),
  cost("ContractedCost", "contracted_cost"),
  rule("BillingAccountId", "billing_account_id", "text", false),
  rule("BillingCurrency", "billing_currency", "text", false),
  rule("BillingPeriodStart", "period", "instant", false),
  rule("ChargePeriodStart", "charge_period_start", "instant", false),
  rule("ChargePeriodEnd", "charge_period_end", "instant", false),
  rule("ChargeCategory", "charge_category", "text", false, {
    allowed: ["Usage", "Purchase", "Tax", "Credit", "Adjustment"],
    versions: SINCE_1_0,
  }),
  rule("ChargeClass", "charge_class", "text", true, { allowed: ["Correction"], versions: SINCE_1_0 }),
  rule("ChargeFrequency", "charge_frequency", "text", false, {
    allowed: ["One-Time", "Recurring", "Usage-Based"],
  }),
  rule("PricingCategory", "pricing_category", "text", true, {
    allowed: ["Standard", "Dynamic", "Committed", "Other"],
    versions: SINCE_1_0,
  }),
  rule("CommitmentDiscountStatus", "commitment_discount_status", "text", true, {
    allowed: ["Used", "Unused"],
    versions: SINCE_1_0,
  }),
  rule("ProviderName", "provider_name", "text", false, { section: "Provider" }),
  rule("ServiceName", "service_name", "text", false),
  rule("ServiceCategory", "service_category", "text", false, {
    allowed: [
      ...["AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases"],
      ...["Developer Tools", "Multicloud", "Identity", "Integration", "Internet of Things"],
      ...["Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security"],
      ...["Storage", "Web", "Other"],
    ],
  }),
  rule("ConsumedQuantity", "consumed_quantity", "decimal", true),
  rule("ConsumedUnit", "consumed_unit", "text", true, { where: "consumed_quantity", versions: SINCE_1_0 }),
];

/** Columns of the feature level "Mandatory", beside those without which a file is refused. */
const MANDATORY_1_0: readonly string[] = [
  ...["BillingAccountId", "BillingAccountName", "BillingPeriodEnd", "ChargeCategory", "ChargeClass"],
  ...["ChargeDescription", "ChargePeriodEnd", "ContractedCost", "EffectiveCost", "InvoiceIssuerName"],
  ...["ListCost", "PricingQuantity", "PricingUnit", "ServiceCategory", "ServiceName"],
];
const MANDATORY: Readonly<Record<Versions, readonly string[]>> = {
  "1.0-preview": [
    "BillingAccountId",
    "BillingPeriodEnd",
    "ChargePeriodEnd",
    "ServiceCategory",
    "ServiceName",
  ],
  "1.0": [...MANDATORY_1_0, "ProviderName", "PublisherName"],
  "1.1": [...MANDATORY_1_0, "ProviderName", "PublisherName"],
  "1.2": [...MANDATORY_1_0, "ProviderName", "PublisherName"],
  "1.3": [...MANDATORY_1_0, "HostProviderName", "ServiceProviderName"],
};

/** What a version of FOCUS asks of a file, as far as it concerns columns that are loaded, and columns that must be there. */
export function focusRules(version: string): ConformanceRule[] {
  const known = Object.keys(MANDATORY).find((name): name is Versions => name === version) ?? "1.0";
  const rows = COLUMNS.filter(({ versions }) => versions?.includes(known) ?? true).flatMap(rulesOf);
  const columns = MANDATORY[known];
  return [
    { text: `columns that FOCUS ${known} makes mandatory are missing`, check: { kind: "present", columns } },
    ...rows,
  ];
}

function rulesOf({ column, section, target, type, nullable, allowed, where }: ColumnRule): ConformanceRule[] {
  const rules: ConformanceRule[] = [];
  const add = (what: string, check: ConformanceRule["check"]): void => {
    rules.push({ text: `${column} ${what} (${section})`, check });
  };
  if (type !== "text") add(`must be ${TYPES[type]}`, { kind: "readable", target });
  if (!nullable) add("must not be null", { kind: "not-null", target });
  else if (where !== undefined) {
    add("must not be null where the quantity is not", { kind: "not-null", target, where });
  }
  if (allowed !== undefined) {
    const list = allowed.length > 6 ? "a value the specification lists" : `one of ${allowed.join(", ")}`;
    add(`must be ${list}`, { kind: "values", target, allowed });
  }
  return rules;
}

const TYPES = { decimal: "a number", instant: "an instant" } as const;
