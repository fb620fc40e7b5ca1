/**
 * Columns of the FinOps Open Cost and Usage Specification by the version that brought them.
 * https://focus.finops.org/focus-specification/
 */
export const FOCUS_1_0: readonly string[] = [
  ...["AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency"],
  ...["BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription"],
  ...["ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory"],
  ...["CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType"],
  ...["ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost"],
  ...["InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit"],
  ...[
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
  ],
  ...["ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags"],
];

export const ADDED_1_1: readonly string[] = [
  ...["CapacityReservationId", "CapacityReservationStatus", "CommitmentDiscountQuantity"],
  ...["CommitmentDiscountUnit", "ServiceSubcategory", "SkuMeter", "SkuPriceDetails"],
];

export const ADDED_1_2: readonly string[] = [
  ...["BillingAccountType", "InvoiceId", "PricingCurrency", "PricingCurrencyContractedUnitPrice"],
  ...["PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "SubAccountType"],
];

/** 1.3 also renames ProviderName to ServiceProviderName. */
export const ADDED_1_3: readonly string[] = [
  ...["AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName"],
  ...["AllocatedTags", "ContractApplied", "HostProviderName", "ServiceProviderName"],
];

/** Names that only the previews of 1.0 have. */
export const ONLY_PREVIEW: readonly string[] = [
  ...["ChargeSubcategory", "ChargeType", "PricingCategorySubtype", "Provider", "Publisher", "Region"],
  ...["UsageQuantity", "UsageUnit"],
];
