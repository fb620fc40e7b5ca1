import type { ConformanceRule } from "../../ports/load.ts";

type Versions = "1.0-preview" | "1.0" | "1.1" | "1.2" | "1.3";

/** What the specification says of a column whose rows are checked. */
interface ColumnRule {
  column: string;
  /** The heading of its section, which is its display name. */
  section: string;
  target: string;
  type: "text" | "decimal" | "instant";
  nullable: boolean;
  allowed?: readonly string[];
  /** What the allowed values are, where they are too many to name. */
  allowedAs?: string;
  /** The fact column that must have a value for this one to need one, and the FOCUS column it is. */
  where?: { target: string; column: string };
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

/**
 * ISO 4217 as the runtime knows it. A list of our own would go stale, and theirs keeps codes that were withdrawn, which
 * old bills have.
 */
const CURRENCIES: readonly string[] = Intl.supportedValuesOf("currency");

/**
 * `specification/columns/*.md` of the tags v1.0-preview, v1.0, v1.1 and v1.2 of the FOCUS_Spec repository; a rule that
 * only some of them have names them. Conditions on what kind of charge a row is are left out, see decision 026.
 */
const COLUMNS: readonly ColumnRule[] = [
  cost("BilledCost", "billed_cost"),
  cost("EffectiveCost", "effective_cost"),
  cost("ListCost", "list_cost"),
  cost("ContractedCost", "contracted_cost"),
  rule("BillingAccountId", "billing_account_id", "text", false),
  rule("BillingCurrency", "billing_currency", "text", false),
  // attributes/currency_code_format.md, from 1.2 on currency_format.md; the billing currency is a national one there too.
  currency("Currency Code Format", ["1.0-preview", "1.0", "1.1"]),
  currency("Currency Format", ["1.2", "1.3"]),
  rule("BillingPeriodStart", "period", "instant", false),
  rule("ChargePeriodStart", "charge_period_start", "instant", false),
  rule("ChargePeriodEnd", "charge_period_end", "instant", false),
  rule("ChargeCategory", "charge_category", "text", false, {
    allowed: ["Usage", "Purchase", "Tax", "Credit", "Adjustment"],
    versions: SINCE_1_0,
  }),
  // Facts of the preview have the later names, so those are taken too.
  rule("ChargeCategory", "charge_category", "text", false, {
    allowed: ["Adjustment", "Purchase", "Tax", "Usage", "Credit"],
    allowedAs: "one of Adjustment, Purchase, Tax, Usage",
    versions: ["1.0-preview"],
  }),
  rule("ChargeClass", "charge_class", "text", true, { allowed: ["Correction"], versions: SINCE_1_0 }),
  rule("ChargeFrequency", "charge_frequency", "text", false, {
    allowed: ["One-Time", "Recurring", "Usage-Based"],
  }),
  rule("PricingCategory", "pricing_category", "text", true, {
    allowed: ["Standard", "Dynamic", "Committed", "Other"],
    versions: SINCE_1_0,
  }),
  rule("PricingCategory", "pricing_category", "text", true, {
    allowed: ["Standard", "Dynamic", "Committed", "Other"],
    allowedAs: "one of On-Demand, Dynamic, Commitment-Based, Other",
    versions: ["1.0-preview"],
  }),
  // 1.0: "MUST be Committed when CommitmentDiscountId is not null"; later versions except the purchase.
  rule("PricingCategory", "pricing_category", "text", true, {
    where: { target: "commitment_discount_id", column: "CommitmentDiscountId" },
    versions: ["1.0"],
  }),
  rule("CommitmentDiscountStatus", "commitment_discount_status", "text", true, {
    allowed: ["Used", "Unused"],
    versions: SINCE_1_0,
  }),
  // "MUST be null when CommitmentDiscountId is null", told of the column that is missing.
  rule("CommitmentDiscountId", "commitment_discount_id", "text", true, {
    section: "Commitment Discount Status",
    where: { target: "commitment_discount_status", column: "CommitmentDiscountStatus" },
    versions: SINCE_1_0,
  }),
  rule("ProviderName", "provider_name", "text", false, {
    section: "Provider",
    versions: ["1.0-preview", "1.0", "1.1", "1.2"],
  }),
  rule("ServiceProviderName", "provider_name", "text", false, { versions: ["1.3"] }),
  rule("ServiceName", "service_name", "text", false),
  rule("ServiceCategory", "service_category", "text", false, {
    allowed: [
      ...["AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases"],
      ...["Developer Tools", "Multicloud", "Identity", "Integration", "Internet of Things"],
      ...["Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security"],
      ...["Storage", "Web", "Other"],
    ],
    allowedAs: "a value the specification lists",
  }),
  rule("ConsumedQuantity", "consumed_quantity", "decimal", true),
  // 1.2 ties both to each other; before, both are asked of the same rows, those of usage that is no correction.
  rule("ConsumedUnit", "consumed_unit", "text", true, {
    where: { target: "consumed_quantity", column: "ConsumedQuantity" },
    versions: SINCE_1_0,
  }),
  rule("ConsumedQuantity", "consumed_quantity", "decimal", true, {
    section: "Consumed Unit",
    where: { target: "consumed_unit", column: "ConsumedUnit" },
    versions: ["1.2", "1.3"],
  }),
];

function currency(section: string, versions: readonly Versions[]): ColumnRule {
  return rule("BillingCurrency", "billing_currency", "text", true, {
    ...{ section, versions, allowed: CURRENCIES, allowedAs: "an ISO 4217 code" },
  });
}

/**
 * Columns of the feature level "Mandatory" (in the preview: "Column required"), beside those without which a file is
 * refused. "Conditional" and "Recommended" ones depend on what a provider supports, which no file says.
 */
const MANDATORY_1_0: readonly string[] = [
  ...["BillingAccountId", "BillingAccountName", "BillingPeriodEnd", "ChargeCategory", "ChargeClass"],
  ...["ChargeDescription", "ChargePeriodEnd", "ContractedCost", "EffectiveCost", "InvoiceIssuerName"],
  ...["ListCost", "PricingQuantity", "PricingUnit", "ServiceCategory", "ServiceName"],
];
const MANDATORY: Readonly<Record<Versions, readonly string[]>> = {
  "1.0-preview": [
    ...["BillingAccountId", "BillingAccountName", "BillingPeriodEnd", "ChargeCategory", "ChargeDescription"],
    ...["ChargeFrequency", "ChargePeriodEnd", "ChargeSubcategory", "CommitmentDiscountCategory"],
    ...["CommitmentDiscountId", "CommitmentDiscountName", "EffectiveCost", "InvoiceIssuerName", "ListCost"],
    ...[
      "ListUnitPrice",
      "PricingCategory",
      "PricingQuantity",
      "PricingUnit",
      "ProviderName",
      "PublisherName",
    ],
    ...["Region", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "SkuId"],
    ...["SkuPriceId", "SubAccountId", "SubAccountName", "Tags", "UsageQuantity", "UsageUnit"],
  ],
  "1.0": [...MANDATORY_1_0, "ProviderName", "PublisherName"],
  "1.1": [...MANDATORY_1_0, "ProviderName", "PublisherName"],
  "1.2": [...MANDATORY_1_0, "ProviderName", "PublisherName"],
  // It deprecates ProviderName and PublisherName.
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

function rulesOf(of: ColumnRule): ConformanceRule[] {
  const { column, section, target, type, nullable, allowed, allowedAs, where } = of;
  const rules: ConformanceRule[] = [];
  const add = (what: string, check: ConformanceRule["check"]): void => {
    rules.push({ text: `${column} ${what} (${section})`, check });
  };
  if (where !== undefined) {
    add(`must not be null where ${where.column} is not`, { kind: "not-null", target, where: where.target });
    return rules;
  }
  if (type !== "text") add(`must be ${TYPES[type]}`, { kind: "readable", target });
  if (!nullable) add("must not be null", { kind: "not-null", target });
  if (allowed !== undefined)
    add(`must be ${allowedAs ?? `one of ${allowed.join(", ")}`}`, { kind: "values", target, allowed });
  return rules;
}

const TYPES = { decimal: "a number", instant: "an instant" } as const;
