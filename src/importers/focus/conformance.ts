import type { ConformanceRule, RuleCondition } from "../../ports/load.ts";

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
  /** Texts it must not have in the rows the rule is for. */
  never?: readonly string[];
  /** The rows the rule applies to, as conditions and in the specification's words. */
  where?: { conditions: readonly RuleCondition[]; text: string };
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
  column,
  target,
  type,
  nullable,
  section: column.replaceAll(/([a-z])([A-Z])/g, "$1 $2").replace(/\bId$/, "ID"),
  ...more,
});
const cost = (column: string, target: string): ColumnRule => rule(column, target, "decimal", false);

/** Where another column has a value, of a rule that asks for one. */
const wherePresent = (target: string, column: string): NonNullable<ColumnRule["where"]> => ({
  conditions: [{ target }],
  text: `where ${column} is not`,
});
const USAGE: RuleCondition = { target: "charge_category", is: ["Usage"] };
const NO_CORRECTION: RuleCondition = { target: "charge_class", isNot: ["Correction"] };
const IS_COMMITTED: RuleCondition = { target: "commitment_discount_id" };
const NOT_UNUSED: RuleCondition = { target: "commitment_discount_status", isNot: ["Unused"] };

/**
 * ISO 4217 as the runtime knows it. A list of our own would go stale, and theirs keeps codes that were withdrawn, which
 * old bills have.
 */
const CURRENCIES: readonly string[] = Intl.supportedValuesOf("currency");

/**
 * `specification/columns/*.md` of the tags v1.0-preview, v1.0, v1.1 and v1.2 of the FOCUS_Spec repository; a rule that
 * only some of them have names them. 1.3 is taken to keep what 1.2 says where nothing else is known. What is left out
 * is in decisions 026 and 121.
 */
const COLUMNS: readonly ColumnRule[] = [
  cost("BilledCost", "billed_cost"),
  cost("EffectiveCost", "effective_cost"),
  cost("ListCost", "list_cost"),
  cost("ContractedCost", "contracted_cost"),
  rule("BillingAccountId", "billing_account_id", "text", false),
  rule("BillingCurrency", "billing_currency", "text", false),
  // attributes/currency_code_format.md, from 1.2 on currency_format.md; the billing currency is a national one there
  // too.
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
  rule("ChargeFrequency", "charge_frequency", "text", true, {
    never: ["Usage-Based"],
    where: {
      conditions: [{ target: "charge_category", is: ["Purchase"] }],
      text: "where ChargeCategory is Purchase",
    },
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
  rule("PricingCategory", "pricing_category", "text", true, {
    where: {
      conditions: [{ target: "charge_category", is: ["Usage", "Purchase"] }, NO_CORRECTION],
      text: "where ChargeCategory is Usage or Purchase and ChargeClass is not Correction",
    },
    versions: SINCE_1_0,
  }),
  // 1.0 says so of all that name a commitment; later versions not of its purchase, and a file that shows no later
  // version's columns may be of one.
  rule("PricingCategory", "pricing_category", "text", true, {
    allowed: ["Committed"],
    allowedAs: "Committed",
    where: {
      conditions: [IS_COMMITTED, USAGE],
      text: "where CommitmentDiscountId is not null and ChargeCategory is Usage",
    },
    versions: SINCE_1_0,
  }),
  rule("CommitmentDiscountStatus", "commitment_discount_status", "text", true, {
    allowed: ["Used", "Unused"],
    versions: SINCE_1_0,
  }),
  rule("CommitmentDiscountStatus", "commitment_discount_status", "text", true, {
    where: {
      conditions: [IS_COMMITTED, USAGE],
      text: "where CommitmentDiscountId is not null and ChargeCategory is Usage",
    },
    versions: SINCE_1_0,
  }),
  // "MUST be null when CommitmentDiscountId is null", reported for the column that is missing.
  rule("CommitmentDiscountId", "commitment_discount_id", "text", true, {
    section: "Commitment Discount Status",
    where: wherePresent("commitment_discount_status", "CommitmentDiscountStatus"),
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
  // 1.0 asks it of unused commitments too, of which nothing was consumed; later versions do not.
  rule("ConsumedQuantity", "consumed_quantity", "decimal", true, {
    where: {
      conditions: [USAGE, NO_CORRECTION, NOT_UNUSED],
      text: "where ChargeCategory is Usage, ChargeClass is not Correction and CommitmentDiscountStatus is not Unused",
    },
    versions: SINCE_1_0,
  }),
  // 1.2 ties both to each other; before, both are asked of the same rows, those of usage that is no correction.
  rule("ConsumedUnit", "consumed_unit", "text", true, {
    where: wherePresent("consumed_quantity", "ConsumedQuantity"),
    versions: SINCE_1_0,
  }),
  rule("ConsumedQuantity", "consumed_quantity", "decimal", true, {
    section: "Consumed Unit",
    where: wherePresent("consumed_unit", "ConsumedUnit"),
    versions: ["1.2", "1.3"],
  }),
];

function currency(section: string, versions: readonly Versions[]): ColumnRule {
  return rule("BillingCurrency", "billing_currency", "text", true, {
    section,
    versions,
    allowed: CURRENCIES,
    allowedAs: "an ISO 4217 code",
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

/**
 * What a version of FOCUS asks of a file, as far as it concerns columns that are loaded, and columns that must be
 * there.
 */
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
  const { column, section, target, type, nullable, allowed, never, where } = of;
  const rules: ConformanceRule[] = [];
  const add = (what: string, check: ConformanceRule["check"]): void => {
    const rows = where === undefined ? "" : ` ${where.text}`;
    rules.push({ text: `${column} ${what}${rows} (${section})`, check });
  };
  const conditions = where === undefined ? {} : { where: where.conditions };
  if (where === undefined && type !== "text") add(`must be ${TYPES[type]}`, { kind: "readable", target });
  // Of a rule for some rows that names no texts, having a value is what it asks.
  const present = where === undefined ? !nullable : allowed === undefined && never === undefined;
  if (present) add("must not be null", { kind: "not-null", target, ...conditions });
  if (allowed !== undefined) {
    const texts = of.allowedAs ?? `one of ${allowed.join(", ")}`;
    add(`must be ${texts}`, { kind: "values", target, allowed, ...conditions });
  }
  if (never !== undefined)
    add(`must not be ${never.join(", ")}`, { kind: "never", target, values: never, ...conditions });
  return rules;
}

const TYPES = { decimal: "a number", instant: "an instant" } as const;
