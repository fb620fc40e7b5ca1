import type { FactType } from "../../core/metrics/datasets.ts";
import type {
  ConformanceRule,
  FieldCase,
  FieldCondition,
  FieldMapping,
  FieldValue,
  SourceName,
  TableMapping,
} from "../../ports/load.ts";
import { IGNORED, product, REQUIRED, spellings } from "./columns.ts";

type Names = readonly SourceName[];

const TYPE = spellings("lineItem/LineItemType");
const ARN = {
  reservation: spellings("reservation/ReservationARN"),
  savingsPlan: spellings("savingsPlan/SavingsPlanARN"),
};
const UNBLENDED = REQUIRED.cost;
const LIST = spellings("pricing/publicOnDemandCost");

const ofType = (...types: string[]): FieldCondition => ({ column: TYPE, is: types });
const given = (column: Names): FieldCondition => ({ column });
const when = (when: readonly FieldCondition[], then: FieldValue): FieldCase => ({ when, then });
const text = (text: string): FieldValue => ({ text });
const from = (column: Names): FieldValue => ({ column });
const sum = (...columns: readonly Names[]): FieldValue => ({
  sum: columns.map((column) => ({ column, sign: 1 })),
});

/** The first of several columns that has a value in the row. */
const firstOf = (...columns: readonly Names[]): FieldCase[] =>
  columns.map((column) => when([given(column)], from(column)));

function field(
  target: string,
  names: Names,
  options: Partial<FieldMapping> & { type?: FactType } = {},
): FieldMapping {
  return { target, from: names, type: "string", required: false, ...options };
}

const decimal = { type: "decimal" } as const;

/** The kinds that lower what usage costs, in rows of their own. */
const DISCOUNTS = ["Discount", "BundledDiscount", "EdpDiscount", "PrivateRateDiscount"];
/** What is paid for a commitment month by month; its effective cost is what of it nobody used. */
const RECURRING_FEES = ["RIFee", "SavingsPlanRecurringFee"];
const COMMITTED_USAGE = ["DiscountedUsage", "SavingsPlanCoveredUsage"];
const USAGE = ["Usage", ...COMMITTED_USAGE, "SavingsPlanNegation", ...DISCOUNTS];
const FEES = ["Fee", ...RECURRING_FEES, "SavingsPlanUpfrontFee", "RiVolumeDiscount"];
/** Kinds that consume nothing: FOCUS has a quantity for usage alone (Consumed Quantity). */
const WITHOUT_QUANTITY = [...DISCOUNTS, ...FEES, "Tax", "Credit", "Refund"];
const NOTHING: FieldValue = { column: [] };

const named = (category: string, kinds: readonly string[]): Record<string, string> =>
  Object.fromEntries(kinds.map((kind) => [kind, category]));

/**
 * What FOCUS calls the kinds of line items (Charge Category). Its Discount Handling has discounts in the rows they
 * pertain to, and so does AWS's own export: they are usage here, as is the negation that takes back the price of the
 * usage a savings plan covers.
 */
const CATEGORIES: Readonly<Record<string, string>> = {
  ...named("Usage", USAGE),
  ...named("Purchase", FEES),
  Tax: "Tax",
  Credit: "Credit",
  Refund: "Adjustment",
};

/**
 * The cost with commitments spread over what they cover, as AWS computes it from these columns.
 * https://docs.aws.amazon.com/cur/latest/userguide/amortized-reservation.html and
 * https://docs.aws.amazon.com/cur/latest/userguide/cur-sp.html
 */
const EFFECTIVE: readonly FieldCase[] = [
  when([ofType("DiscountedUsage")], sum(spellings("reservation/EffectiveCost"))),
  when([ofType("SavingsPlanCoveredUsage")], sum(spellings("savingsPlan/SavingsPlanEffectiveCost"))),
  when([ofType("SavingsPlanNegation", "SavingsPlanUpfrontFee")], text("0")),
  when([ofType("SavingsPlanRecurringFee")], {
    sum: [
      { column: spellings("savingsPlan/TotalCommitmentToDate"), sign: 1 },
      { column: spellings("savingsPlan/UsedCommitment"), sign: -1 },
    ],
  }),
  when(
    [ofType("RIFee")],
    sum(
      spellings("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod"),
      spellings("reservation/UnusedRecurringFee"),
    ),
  ),
  // The fee paid upfront for a reservation comes back as the effective cost of its usage.
  when([ofType("Fee"), given(ARN.reservation)], text("0")),
];

const FIELDS: readonly FieldMapping[] = [
  field("charge_period_start", REQUIRED.start, { type: "instant", required: true }),
  field("charge_period_end", spellings("lineItem/UsageEndDate"), { type: "instant" }),
  field("provider_name", [], { cases: [when([], text("AWS"))] }),
  field("billing_account_id", spellings("bill/PayerAccountId")),
  field("sub_account_id", spellings("lineItem/UsageAccountId")),
  field("sub_account_name", [], { cases: firstOf(spellings("lineItem/UsageAccountName")) }),
  field("service_name", spellings("lineItem/ProductCode"), { cases: firstOf(product("ProductName")) }),
  field("region_id", [], { cases: firstOf(product("regionCode"), product("region")) }),
  field("resource_id", [], {
    cases: [
      ...firstOf(spellings("lineItem/ResourceId")),
      // FOCUS (Discount Handling): the resource of a commitment's purchase is the commitment.
      ...[ARN.savingsPlan, ARN.reservation].map((arn) => when([ofType(...FEES), given(arn)], from(arn))),
    ],
  }),
  field("charge_category", TYPE, { rename: CATEGORIES }),
  field("charge_class", [], { cases: [when([ofType("Refund")], text("Correction"))] }),
  field("charge_frequency", [], {
    cases: [
      when([ofType(...USAGE)], text("Usage-Based")),
      when([ofType(...RECURRING_FEES)], text("Recurring")),
      when(
        [ofType("Fee", "SavingsPlanUpfrontFee", "RiVolumeDiscount", "Credit", "Refund")],
        text("One-Time"),
      ),
    ],
  }),
  field("pricing_category", [], {
    cases: [
      when([ofType(...COMMITTED_USAGE, "SavingsPlanNegation")], text("Committed")),
      // Agreed rates, which the purchase of a commitment has too (Pricing Category, since 1.1).
      when([ofType(...DISCOUNTS, ...FEES)], text("Standard")),
      when([ofType("Usage"), { column: spellings("pricing/term"), is: ["OnDemand"] }], text("Standard")),
      when([ofType("Usage"), { column: spellings("pricing/term"), is: ["Reserved"] }], text("Committed")),
      when([ofType("Usage"), { column: spellings("pricing/term"), is: ["Spot"] }], text("Dynamic")),
    ],
  }),
  field("commitment_discount_id", [], { cases: firstOf(ARN.savingsPlan, ARN.reservation) }),
  field("commitment_discount_status", [], {
    cases: [
      when([ofType(...COMMITTED_USAGE)], text("Used")),
      // With the usage it belongs to it comes to the billed cost of 0 that FOCUS wants of used commitments.
      when([ofType("SavingsPlanNegation"), given(ARN.savingsPlan)], text("Used")),
      when([ofType(...RECURRING_FEES)], text("Unused")),
    ],
  }),
  field("consumed_unit", [], {
    cases: [when([ofType(...WITHOUT_QUANTITY)], NOTHING), ...firstOf(spellings("pricing/unit"))],
  }),
  field("billing_currency", REQUIRED.currency, { required: true }),
  field("billed_cost", UNBLENDED, { ...decimal, required: true }),
  field("effective_cost", UNBLENDED, { ...decimal, cases: EFFECTIVE }),
  field("list_cost", LIST, {
    ...decimal,
    cases: [
      // The usage they lower has the list cost.
      when([ofType("SavingsPlanNegation", ...DISCOUNTS)], text("0")),
      // FOCUS (List Cost): that of a charge unrelated to others is its billed cost.
      when([ofType("Credit")], from(UNBLENDED)),
    ],
  }),
  field("consumed_quantity", spellings("lineItem/UsageAmount"), {
    ...decimal,
    cases: [
      when([ofType(...WITHOUT_QUANTITY)], NOTHING),
      // Counts the usage of its savings plan once more.
      when([ofType("SavingsPlanNegation")], text("0")),
    ],
  }),
  field("tags", ["resource_tags"], {
    type: "tags",
    tagColumns: ["resourceTags/", "resource_tags_"],
    tagKeys: [
      { begins: "resourceTags/user:", instead: "" },
      { begins: "resourceTags/", instead: "" },
      { begins: "resource_tags_user_", instead: "" },
      { begins: "resource_tags_aws_", instead: "aws:" },
      { begins: "resource_tags_", instead: "" },
      { begins: "user_", instead: "" },
      { begins: "user:", instead: "" },
      { begins: "aws_", instead: "aws:" },
    ],
  }),
];

const RULES: readonly ConformanceRule[] = [
  {
    text: "lineItem/LineItemType has an unknown value",
    check: { kind: "values", target: "charge_category", allowed: [...new Set(Object.values(CATEGORIES))] },
  },
  {
    text: "the amortized cost of a row is not in the file, its effective cost unknown",
    check: { kind: "not-null", target: "effective_cost" },
  },
];

/** How the line items of any Cost and Usage Report become cost facts; the billed cost is the unblended one. */
export function curMapping(version: string): TableMapping {
  return {
    dataset: "cost",
    format: "cur",
    version,
    nullWords: [],
    fields: FIELDS,
    ignored: IGNORED,
    rules: RULES,
    start: "charge_period_start",
    end: "charge_period_end",
    period: REQUIRED.period,
    source: ["provider_name", "billing_account_id"],
    accounts: ["sub_account_id", "billing_account_id"],
    reportTotals: ["billed_cost", "effective_cost", "list_cost"],
  };
}
