import { Bill } from "./bill.ts";
import { demoDays, type DemoOptions } from "./calendar.ts";
import type { Charge, ChargeText, Millis } from "./charges.ts";
import { buildInventory } from "./inventory.ts";
import { PROFILES } from "./profiles.ts";

/** The columns of FOCUS 1.0, those that change with every row first. */
export const DEMO_FOCUS_HEADER = [
  ...["BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"],
  ...["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "ConsumedQuantity"],
  ...["ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "PricingCategory"],
  ...["CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName"],
  ...["CommitmentDiscountStatus", "CommitmentDiscountType", "ListUnitPrice", "ContractedUnitPrice"],
  ...["PricingUnit", "ConsumedUnit", "SkuId", "SkuPriceId", "AvailabilityZone"],
  ...["RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType"],
  ...["ServiceCategory", "ServiceName", "BillingAccountId", "BillingAccountName", "BillingCurrency"],
  ...["SubAccountId", "SubAccountName", "InvoiceIssuerName", "ProviderName", "PublisherName", "Tags"],
] as const;

const REGION_NAMES: Readonly<Record<string, string>> = {
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-2": "US West (Oregon)",
  "eu-central-1": "Europe (Frankfurt)",
  "us-gov-west-1": "AWS GovCloud (US-West)",
  "us-gov-east-1": "AWS GovCloud (US-East)",
};
const CHUNK_CHARACTERS = 1 << 18;

/**
 * The demo's cost as one FOCUS 1.0 CSV delivery (comma, LF, empty field for null): the rows of all demo tenants,
 * distinguished by account, ordered by the day they arise. It goes through the same importer as a customer's file.
 * @yields pieces of text of some hundred kilobytes, cut anywhere
 * @throws DomainError `date.invalid`, `demo.invalid-months`
 */
export function* demoFocusCsv(options: DemoOptions): Generator<string, void, undefined> {
  let text = `${DEMO_FOCUS_HEADER.join(",")}\n`;
  const tails = new Map<ChargeText, string>();
  for (const charge of demoCharges(options)) {
    let tail = tails.get(charge.text);
    if (tail === undefined) tails.set(charge.text, (tail = textColumns(charge.text)));
    text += numberColumns(charge) + tail;
    if (text.length >= CHUNK_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}

/** The same as charges, for whoever wants numbers instead of text. */
export function* demoCharges(options: DemoOptions): Generator<Charge, void, undefined> {
  const days = demoDays(options);
  const bills = PROFILES.map((profile) => new Bill(buildInventory(profile, days, options.seed)));
  for (const day of days) for (const bill of bills) yield* bill.chargesOf(day);
}

function numberColumns(charge: Charge): string {
  return (
    `${charge.billingFrom}T00:00:00Z,${charge.billingTo}T00:00:00Z,` +
    `${charge.from}T00:00:00Z,${charge.to}T00:00:00Z,` +
    `${fixed(charge.billed, NANO)},${fixed(charge.effective, NANO)},` +
    `${fixed(charge.list, NANO)},${fixed(charge.contracted, NANO)},` +
    `${optional(charge.pricingQuantity)},${optional(charge.consumedQuantity)}`
  );
}

const NANO = { unit: 1_000_000_000, digits: 9 } as const;
const MICRO = { unit: 1_000_000, digits: 6 } as const;
const MILLI = { unit: 1000, digits: 3 } as const;

/** A whole number of small units as decimal text: 1500 millis -> `1.500`. */
function fixed(value: number, { unit, digits }: { unit: number; digits: number }): string {
  const magnitude = Math.abs(value);
  const rest = magnitude % unit;
  const whole = (magnitude - rest) / unit;
  return `${value < 0 ? "-" : ""}${whole}.${String(rest).padStart(digits, "0")}`;
}

function optional(value: Millis | null): string {
  return value === null ? "" : fixed(value, MILLI);
}

/** The columns that do not change from day to day, with the leading comma and the line end. */
function textColumns(text: ChargeText): string {
  const { commitment } = text;
  const price = (micros: number | undefined): string => (micros === undefined ? "" : fixed(micros, MICRO));
  const columns = [
    text.category,
    text.correction ? "Correction" : "",
    text.description,
    text.frequency,
    text.pricing,
    commitment?.kind ?? "",
    commitment?.id ?? "",
    commitment?.name ?? "",
    text.commitmentStatus ?? "",
    commitment?.type ?? "",
    price(text.listPrice),
    price(text.contractedPrice),
    text.pricingUnit,
    text.consumedUnit,
    text.sku,
    text.sku === "" ? "" : `${text.sku}.${text.pricing.toLowerCase()}`,
    "",
    text.region,
    REGION_NAMES[text.region] ?? "",
    text.resourceId,
    text.resourceName,
    text.resourceType,
    text.serviceCategory,
    text.service,
    text.payer.id,
    text.payer.name,
    "USD",
    text.account.id,
    text.account.name,
    "Amazon Web Services, Inc.",
    "AWS",
    "Amazon Web Services, Inc.",
    Object.keys(text.tags).length === 0 ? "" : JSON.stringify(text.tags),
  ];
  return `,${columns.map(csvField).join(",")}\n`;
}

/** RFC 4180: quoted where the text holds a quote, comma or line end. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
