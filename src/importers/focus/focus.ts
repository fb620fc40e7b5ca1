import { must } from "../../core/errors/must.ts";
import type { FactType } from "../../core/metrics/datasets.ts";
import type { FieldCase, FieldMapping, TableMapping } from "../../ports/load.ts";
import { importError } from "../shared/errors.ts";
import { columnsOf, type Importer, type Sample, tableOf } from "../shared/importer.ts";
import { focusRules } from "./conformance.ts";
import { ADDED_1_1, ADDED_1_2, ADDED_1_3, FOCUS_1_0, ONLY_PREVIEW } from "./columns.ts";

const field = (
  target: string,
  from: string | readonly string[],
  type: FactType = "string",
  required = false,
): FieldMapping => ({ target, from: typeof from === "string" ? [from] : from, type, required });

/**
 * The specification asks for more columns than these four are, but real files leave some out, and money that has an
 * amount, a currency, a bill and a time can be loaded and asked for.
 */
const REQUIRED = ["BilledCost", "BillingCurrency", "BillingPeriodStart", "ChargePeriodStart"];

const FIELDS: readonly FieldMapping[] = [
  field("charge_period_start", "ChargePeriodStart", "instant", true),
  field("charge_period_end", "ChargePeriodEnd", "instant"),
  field("provider_name", ["ProviderName", "ServiceProviderName", "Provider"]),
  field("billing_account_id", "BillingAccountId"),
  field("sub_account_id", "SubAccountId"),
  field("sub_account_name", "SubAccountName"),
  field("service_name", "ServiceName"),
  field("service_category", "ServiceCategory"),
  field("region_id", ["RegionId", "Region"]),
  field("resource_id", "ResourceId"),
  field("resource_name", "ResourceName"),
  field("resource_type", "ResourceType"),
  field("charge_category", ["ChargeCategory", "ChargeType"]),
  field("charge_class", "ChargeClass"),
  field("charge_frequency", "ChargeFrequency"),
  field("pricing_category", "PricingCategory"),
  field("commitment_discount_id", "CommitmentDiscountId"),
  field("commitment_discount_status", "CommitmentDiscountStatus"),
  field("consumed_unit", ["ConsumedUnit", "UsageUnit"]),
  field("billing_currency", "BillingCurrency", "string", true),
  field("billed_cost", "BilledCost", "decimal", true),
  field("effective_cost", "EffectiveCost", "decimal"),
  field("list_cost", "ListCost", "decimal"),
  field("contracted_cost", "ContractedCost", "decimal"),
  field("consumed_quantity", ["ConsumedQuantity", "UsageQuantity"], "decimal"),
  field("tags", "Tags", "tags"),
];

const subcategory = (is: string): FieldCase["when"][number] => ({ column: ["ChargeSubcategory"], is: [is] });
const adjustment: FieldCase["when"][number] = { column: ["ChargeCategory"], is: ["Adjustment"] };
const said = (text: string, ...when: FieldCase["when"]): FieldCase => ({ when, then: { text } });

/**
 * What 1.0-preview says in its ChargeSubcategory (specification/columns/chargesubcategory.md, v1.0-preview) and 1.0 in
 * columns of their own, and its names for how a charge is priced.
 */
const PREVIEW: Readonly<Record<string, Pick<FieldMapping, "cases" | "rename">>> = {
  charge_category: { cases: [said("Credit", adjustment, subcategory("Credit"))] },
  charge_class: { cases: [said("Correction", adjustment, subcategory("Refund"))] },
  commitment_discount_status: {
    cases: [said("Used", subcategory("Used Commitment")), said("Unused", subcategory("Unused Commitment"))],
  },
  pricing_category: { rename: { "On-Demand": "Standard", "Commitment-Based": "Committed" } },
};

function fieldsOf(version: string): readonly FieldMapping[] {
  if (version !== "1.0-preview") return FIELDS;
  return FIELDS.map((each) => ({ ...each, ...PREVIEW[each.target] }));
}

/** How FOCUS rows of any version become cost facts; columns that only some versions have are alternatives. */
export function focusMapping(version: string): TableMapping {
  return {
    dataset: "cost",
    format: "focus",
    version,
    nullWords: ["NULL", "null"],
    fields: fieldsOf(version),
    ignored: [...FOCUS_1_0, ...ADDED_1_1, ...ADDED_1_2, ...ADDED_1_3, ...ONLY_PREVIEW],
    rules: focusRules(version),
    start: "charge_period_start",
    end: "charge_period_end",
    period: ["BillingPeriodStart"],
    source: ["provider_name", "billing_account_id"],
    accounts: ["sub_account_id", "billing_account_id"],
    reportTotals: ["billed_cost", "effective_cost", "list_cost", "contracted_cost"],
  };
}

export const focusImporter: Importer = {
  format: "focus",
  title: "FOCUS cost and usage (CSV, gzip, Parquet)",
  detect(sample) {
    if (sample.kind !== "csv" && sample.kind !== "parquet") return undefined;
    const columns = new Set(lowerColumns(sample));
    const known = FOCUS_1_0.filter((name) => columns.has(name.toLowerCase()));
    // Enough to recognize it, even when a required column is missing.
    if (known.length < 6 && !REQUIRED.every((name) => columns.has(name.toLowerCase()))) return undefined;
    const missing = REQUIRED.filter((name) => !columns.has(name.toLowerCase()));
    if (missing.length > 0) {
      throw importError("missing-column", sample.file, `is a FOCUS file without ${missing.join(", ")}`, {
        fix: `Export it again with the columns ${REQUIRED.join(", ")}.`,
        field: must(missing[0], "a missing column"),
      });
    }
    const version = versionOf(columns);
    return {
      format: "focus",
      version,
      dataset: "cost",
      mapping: focusMapping(version),
      table: tableOf(sample),
    };
  },
};

function lowerColumns(sample: Sample): string[] {
  return (columnsOf(sample) ?? []).map((name) => name.toLowerCase());
}

/** The lowest version that has all of the specification's columns a file shows; files do not name theirs. */
function versionOf(columns: ReadonlySet<string>): string {
  const has = (names: readonly string[]): boolean => names.some((name) => columns.has(name.toLowerCase()));
  if (has(ADDED_1_3)) return "1.3";
  // Microsoft's files had the account types before the specification did.
  if (has(ADDED_1_2.filter((name) => !name.endsWith("AccountType")))) return "1.2";
  if (has(ADDED_1_1)) return "1.1";
  return has(ONLY_PREVIEW) ? "1.0-preview" : "1.0";
}
